"""What the adapters of pairs promise beyond the common contract: which file is which, and in which frame."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from registry import find
from tests.datasets.layouts_for_tests import (
    SIZE,
    build,
    one_line,
    opened,
    picture,
    save,
)


@pytest.fixture
def root(tmp_path):
    def make(name):
        build(name, tmp_path / name)
        return tmp_path / name

    return make


def stretched(path, size=SIZE):
    """RDDM's protocol: Pillow's bicubic to a square, aspect ratio lost."""
    return np.asarray(Image.open(path).resize((size, size), Image.Resampling.BICUBIC))


PAIRS = {
    "lol": ("eval15-{}", "eval15/high/{}.png", "eval15/low/{}.png", ("1", "22")),
    "istd": ("test-{}", "test/test_C/{}.png", "test/test_A/{}.png", ("100-1", "101-3")),
    "raindrop": ("test_a-{}", "test_a/gt/{}_clean.png", "test_a/data/{}_rain.png", ("0", "1")),
    "gopro": (
        "test-GOPR0384_11_00-{}",
        "test/GOPR0384_11_00/sharp/{}.png",
        "test/GOPR0384_11_00/blur/{}.png",
        ("000047", "000048"),
    ),
    "celeba_test": ("test-{}", "hq/{}.png", "lq/{}.png", ("00000000", "00000001", "00000002")),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_clean_and_the_degraded_picture_are_the_right_files_in_rddms_frame(name, root):
    place = root(name)
    identifier, clean, degraded, keys = PAIRS[name]
    items = {item.id: item for item in opened(name, place).test(len(keys))}
    assert items.keys() == {identifier.format(key) for key in keys}
    for key in keys:
        item = items[identifier.format(key)]
        np.testing.assert_array_equal(item.clean, stretched(place / clean.format(key)))
        np.testing.assert_array_equal(item.degraded, stretched(place / degraded.format(key)))


@pytest.mark.parametrize("name", ["lol", "istd", "raindrop", "gopro", "sid_rgb"])
def test_restoration_defaults_to_rddms_protocol(name):
    found = find("dataset", name).options
    assert (found["size"].default, found["crop"].default, found["resize"].default) == (256, "none", "bicubic")


def test_the_protocols_of_the_other_sets():
    expected = {
        "celeba": (64, "face", "bilinear"),
        "celeba_hq": (256, "none", "box"),
        "lsun_church": (256, "center", "bilinear"),
        "ffhq": (512, "none", "box"),
        "imagenet": (512, "center", "halving"),
        "celeba_test": (512, "none", "bicubic"),
    }
    for name, values in expected.items():
        found = find("dataset", name).options
        assert tuple(found[option].default for option in ("size", "crop", "resize")) == values


def test_windows_of_a_pair_and_its_mask_are_cut_and_mirrored_alike(root):
    place = root("istd")
    for path in place.rglob("*.png"):
        copy = place / path.parent.parent / path.parent.name.replace("_A", "_C").replace("_B", "_C") / path.name
        array = np.asarray(Image.open(copy))
        Image.fromarray(array[..., 0] if "_B" in path.parent.name else array).save(path)
    data, rng = opened("istd", place, crop="window"), np.random.default_rng(0)
    corners = set()
    for _ in range(40):
        item = data.draw(rng)
        np.testing.assert_array_equal(item.clean, item.degraded)
        np.testing.assert_array_equal(item.mask, item.clean[..., 0])
        corners.add(item.clean.tobytes())
    assert len(corners) > 20


def test_istd_masks_are_grey_and_in_the_frame_of_the_pictures(root):
    place = root("istd")
    item = opened("istd", place).test(2)[0]
    expected = Image.open(place / "test" / "test_B" / f"{item.id.removeprefix('test-')}.png")
    np.testing.assert_array_equal(item.mask, np.asarray(expected.resize((SIZE, SIZE), Image.Resampling.BICUBIC)))
    for path in (place / "test" / "test_B").iterdir():
        save(path)
    with one_line(r"\S+test_B\S+png: a mask is grey, this picture is in colour; put the mask there"):
        opened("istd", place).test(1)


def test_raindrop_part_b_and_gopro_gamma_are_other_data(root):
    place = root("raindrop")
    data = opened("raindrop", place, part="test_b")
    assert {item.id for item in data.test(2)} == {"test_b-0", "test_b-1"}
    assert data.manifest() != opened("raindrop", place).manifest()
    place = root("gopro")
    item = opened("gopro", place, blur="blur_gamma").test(1)[0]
    frame = item.id.rsplit("-", 1)[1]
    expected = stretched(place / "test" / "GOPR0384_11_00" / "blur_gamma" / f"{frame}.png")
    np.testing.assert_array_equal(item.degraded, expected)


def test_sid_splits_by_the_first_digit_and_swaps_blue_and_red(root):
    data = opened("sid_rgb", root("sid_rgb"))
    ids = {item.id for item in data.test(4)}
    assert ids == {f"test-{scene}-{scene}_00_{time}" for scene in ("10003", "10006") for time in ("0.1s", "0.04s")}
    assert {item.id.split("-")[1] for item in data.training} == {"00001", "20002"}
    item = next(item for item in data.test(4) if item.id.endswith("10003_00_0.1s"))
    for array, name in ((item.clean, "10003_00_10s.npy"), (item.degraded, "10003_00_0.1s.npy")):
        rgb = Image.fromarray(np.ascontiguousarray(picture(name)[:, :, ::-1]))
        np.testing.assert_array_equal(array, np.asarray(rgb.resize((SIZE, SIZE), Image.Resampling.BICUBIC)))


def test_sid_reads_pictures_too_and_names_what_does_not_fit(root):
    place = root("sid_rgb")
    arrays = {item.id: item for item in opened("sid_rgb", place).test(4)}
    for path in [*place.rglob("*.npy")]:
        Image.fromarray(np.load(path)[:, :, ::-1].copy()).save(path.with_name(f"{path.stem}.png"))
    with one_line(r"\S+\.(npy|png): has the same name as short_sid2/\S+; remove one of them"):
        opened("sid_rgb", place)
    for path in [*place.rglob("*.npy")]:
        path.unlink()
    for item in opened("sid_rgb", place).test(4):
        np.testing.assert_array_equal(item.degraded, arrays[item.id].degraded)
        np.testing.assert_array_equal(item.clean, arrays[item.id].clean)
    path = place / "long_sid2" / "10003"
    path.rename(place / "away")
    with one_line(r"\S+short_sid2/10003: this scene is not in long_sid2; .*"):
        opened("sid_rgb", place)


@pytest.mark.parametrize("array", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32)])
def test_a_sid_array_of_another_kind_is_refused(root, array):
    place = root("sid_rgb")
    path = place / "short_sid2" / "10003" / "10003_00_0.1s.npy"
    np.save(path, array)
    with one_line(r"\S+10003_00_0\.1s\.npy: \w+ \(8, .*\), but uint8 \(H, W, 3\) is needed; .*"):
        opened("sid_rgb", place)


def test_a_sid_file_that_hides_a_pickle_is_refused(root):
    place = root("sid_rgb")
    path = place / "short_sid2" / "10003" / "10003_00_0.1s.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with one_line(r"\S+10003_00_0\.1s\.npy: not a sound \.npy file; .*"):
        opened("sid_rgb", place)


SCENES = {
    "istd": {"test-100-1": "test-100", "test-101-3": "test-101"},
    "gopro": {f"test-GOPR0384_11_00-{frame}": "test-GOPR0384_11_00" for frame in ("000047", "000048")},
    "lol": {"eval15-1": "", "eval15-22": ""},
}


@pytest.mark.parametrize("name", SCENES)
def test_items_of_one_scene_have_one_source(name, root):
    """What is alike must be counted once: frames of a sequence, shadows of a scene; else each item is its own."""
    assert {item.id: item.source for item in opened(name, root(name)).test(2)} == SCENES[name]


def test_exposures_of_one_scene_have_one_source(root):
    data = opened("sid_rgb", root("sid_rgb"))
    items = data.test(len(data.tests))
    clean = {}
    for item in items:
        clean.setdefault(item.source, []).append(item.clean)
        assert item.source and item.id.startswith(f"{item.source}-")
    assert len(clean) < len(items)
    assert all(np.array_equal(one, group[0]) for group in clean.values() for one in group)
