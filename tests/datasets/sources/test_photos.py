from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from datasets.sources import photos
from datasets.sources.photos import PHOTOS, Photos
from errors import UserError
from harness.config.commandline import read
from harness.planning.plan import plan


def owner(item):
    return next(name for name in PHOTOS if item.id.startswith(name + "-y"))


def same(a, b):
    return a.id == b.id and np.array_equal(a.clean, b.clean)


def test_all_files_are_there_in_colour_and_read_only():
    data = Photos(0)
    assert len(PHOTOS) == 16 and data.images["retina"].shape == (352, 352, 3)
    for image in data.images.values():
        assert image.dtype == np.uint8 and image.shape[2] == 3 and not image.flags.writeable


def test_shrinking_is_the_area_mean_of_what_skimage_reads():
    import skimage

    full = skimage.data.astronaut().astype(np.float64)
    mean = (full[0::2, 0::2] + full[1::2, 0::2] + full[0::2, 1::2] + full[1::2, 1::2]) / 4
    assert np.abs(Photos(0).images["astronaut"] - mean).max() <= 0.5 + 1e-6
    np.testing.assert_array_equal(Photos(0, downscale=1).images["astronaut"], skimage.data.astronaut())


@pytest.mark.parametrize("seed", range(5))
def test_split_is_by_photograph(seed):
    data = Photos(seed)
    assert set(data.held_out) | set(data.training) == set(PHOTOS) and not set(data.held_out) & set(data.training)
    assert all(PHOTOS[name].natural for name in data.held_out)
    rng = np.random.default_rng(seed)
    drawn = {owner(data.draw(rng)) for _ in range(200)}
    tested = data.test(33)
    assert drawn == set(data.training) and {owner(item) for item in tested} == set(data.held_out)
    assert [item.source for item in tested] == [owner(item) for item in tested]


@pytest.mark.parametrize("split", [1, 3, 7, 12])
@pytest.mark.parametrize("seed", range(3))
def test_every_natural_photograph_is_tested_in_exactly_one_fold(seed, split):
    natural = [name for name, photo in PHOTOS.items() if photo.natural]
    folds = [Photos(seed, split=split, fold=fold) for fold in range(math.ceil(len(natural) / split))]
    assert sorted(name for data in folds for name in data.held_out) == sorted(natural)
    assert all(len(data.held_out) == split for data in folds[:-1])
    for data in folds:
        items = data.test(len(data.tests))
        assert {item.source for item in items} == set(data.held_out)
        assert not set(data.held_out) & set(data.training) and len(data.training) == len(PHOTOS) - len(data.held_out)
    assert len({data.manifest() for data in folds}) == len(folds)


def test_by_default_two_folds_of_seven_photographs_are_tested_and_sixteen_crops_show_all_of_them():
    for seed in range(5):
        for fold in (0, 1):
            data = Photos(seed, fold=fold)
            assert len(data.held_out) == 7 == len({item.source for item in data.test(16)})
            assert sum(PHOTOS[name].natural for name in data.training) == 7


def test_a_fold_that_there_is_not_is_refused_before_anything_is_trained():
    with pytest.raises(UserError, match=r"^dataset\.fold=2: with dataset\.split=7 .* in 2 folds, 0 to 1$"):
        Photos(0, fold=2)
    with pytest.raises(UserError, match=r"^dataset\.fold=2: "):
        plan(read(["scale=smoke", "dataset.fold=2"]).points[0])
    with pytest.raises(UserError, match="must lie in"):
        read(["dataset.fold=-1"])


def test_the_photographs_of_this_repository_have_their_rights_beside_them():
    folder = Path(photos.__file__).parents[1] / "files" / "photographs"
    rights = (folder / "LICENCES.md").read_text()
    rows = [line.split("|") for line in rights.splitlines() if ".jpg |" in line and "`" in line]
    assert sorted(row[1].strip() for row in rows) == sorted(path.name for path in folder.glob("*.jpg"))
    assert {row[5].strip() for row in rows} == {"public domain", "CC0-1.0", "CC-BY-4.0"}
    assert all(row[6].strip() for row in rows) and sum(path.stat().st_size for path in folder.iterdir()) < 1e6
    assert {path.stem for path in folder.glob("*.jpg")} < set(PHOTOS)


def test_the_seed_moves_the_split():
    assert len({Photos(seed).held_out for seed in range(8)}) > 4


def test_at_least_80_test_items_whatever_is_held_out():
    assert min(len(Photos(seed, fold=fold).tests) for seed in range(20) for fold in (0, 1)) >= 80


def test_test_items_are_prefix_stable_unique_and_independent_of_draws():
    data = Photos(1, size=32)
    before = data.test(20)
    data.draw(np.random.default_rng(0))
    assert len({item.id for item in before}) == 20
    for again in (data.test(20), data.test(7), Photos(1, size=32).test(3)):
        assert all(same(a, b) for a, b in zip(again, before, strict=False))


def test_a_test_item_is_the_window_that_its_id_names():
    data = Photos(2, size=32)
    for item in data.test(10):
        name, top, left, size = item.id.rsplit("-", 3)
        top, left = int(top[1:]), int(left[1:])
        np.testing.assert_array_equal(item.clean, data.images[name][top : top + 32, left : left + 32])
        assert item.clean.shape == (32, 32, 3) == (*data.shape[1:], data.shape[0]) and size == "32"


def test_draws_follow_the_rng_alone():
    a, b = Photos(0), Photos(0)
    a.draw(np.random.default_rng(9))
    assert all(same(a.draw(np.random.default_rng(i)), b.draw(np.random.default_rng(i))) for i in range(20))
    assert len({a.draw(np.random.default_rng(i)).id for i in range(20)}) > 15


def test_draws_are_weighted_by_area_and_half_are_mirrored():
    data, rng, n = Photos(0), np.random.default_rng(0), 3000
    items = [data.draw(rng) for _ in range(n)]
    areas = {name: np.prod(data.images[name].shape[:2]) for name in data.training}
    for name in data.training:
        p = areas[name] / sum(areas.values())
        share = np.mean([owner(item) == name for item in items])
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)
    mirrored = np.mean([item.id.endswith("-mirrored") for item in items])
    assert abs(mirrored - 0.5) < 4 * np.sqrt(0.25 / n)


def test_changing_an_item_does_not_change_the_photograph():
    data = Photos(0)
    data.test(1)[0].clean[:] = 0
    data.draw(np.random.default_rng(0)).clean[:] = 0
    assert data.manifest() == Photos(0).manifest() and data.test(1)[0].clean.max() > 0


def test_manifest_follows_options_seed_and_bytes(monkeypatch):
    manifests = [Photos(0), Photos(1), Photos(0, size=32), Photos(0, split=4), Photos(0, downscale=1)]
    manifests.append(Photos(0, fold=1))
    hashes = [data.manifest() for data in manifests]
    assert len(set(hashes)) == len(hashes) and len(hashes[0]) == len(hashlib.sha256().hexdigest())
    assert Photos(0).manifest() == hashes[0]
    real = photos.decode

    def damaged(name, downscale):
        image = real(name, downscale).copy()
        image[0, 0, 0] ^= 1 if name == "coffee" else 0
        return image

    monkeypatch.setattr(photos, "decode", damaged)
    assert Photos(0).manifest() != hashes[0]


def test_manifest_follows_the_version(monkeypatch):
    before = Photos(0).manifest()
    monkeypatch.setattr(Photos, "version", 99)
    assert Photos(0).manifest() != before


def test_bad_requests_are_one_line():
    with pytest.raises(UserError, match=r"^dataset=photos has \d+ test items, 4000 were asked for"):
        Photos(0).test(4000)
    with pytest.raises(
        UserError, match=r"^dataset\.size=200: chelsea\.png has 150 pixels .* set dataset\.size to 150"
    ) as e:
        Photos(0, size=200)
    assert "\n" not in str(e.value)
    assert Photos(0, size=200, downscale=1).test(1)[0].clean.shape == (200, 200, 3)
