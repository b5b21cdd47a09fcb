from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from datasets.io import reading
from datasets.sources.folder import Folder
from errors import UserError


def save(path, seed, size=(40, 50), invert=False):
    array = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(255 - array if invert else array).save(path)


@pytest.fixture
def clean(tmp_path):
    (tmp_path / "clean").mkdir()
    for i in range(12):
        save(tmp_path / "clean" / f"{i}.png", i)
    return tmp_path / "clean"


@pytest.fixture
def degraded(tmp_path, clean):
    (tmp_path / "degraded").mkdir()
    for i in range(12):
        save(tmp_path / "degraded" / f"{i}.bmp", i, invert=True)
    return tmp_path / "degraded"


def build(clean, degraded="", seed=0, size=16, test=0.25):
    return Folder(seed, str(clean), str(degraded) if degraded else "", size, test)


def stem(item):
    return item.id.split("-")[0]


def test_split_is_by_file_and_draws_avoid_the_held_out(clean):
    data = build(clean)
    rng = np.random.default_rng(0)
    drawn = {stem(data.draw(rng)) for _ in range(200)}
    assert len(data.held_out) == 3 and drawn == set(data.training)
    assert {stem(item) for item in data.test(3)} == set(data.held_out) and not drawn & set(data.held_out)
    assert len({build(clean, seed=seed).held_out for seed in range(6)}) > 3


def test_a_file_more_does_not_reshuffle_the_others(clean):
    before = build(clean)
    save(clean / "new.png", 99)
    after = build(clean)
    kept = [name for name in after.held_out if name != "new"]
    assert len(kept) >= 2 and kept == list(before.held_out)[: len(kept)]


def test_prefix_stable_deterministic_and_cut_where_the_id_says(clean):
    data = build(clean)
    items = data.test(9)
    data.draw(np.random.default_rng(0))
    assert [item.id for item in build(clean).test(4)] == [item.id for item in items[:4]]
    assert len({item.id for item in items}) == 9 and items[0].degraded is None
    name, top, left, _ = items[0].id.split("-")
    full = np.asarray(Image.open(clean / f"{name}.png"))
    cut = full[int(top[1:]) : int(top[1:]) + 16, int(left[1:]) : int(left[1:]) + 16]
    np.testing.assert_array_equal(items[0].clean, cut)


def test_pairs_are_cropped_and_mirrored_alike(clean, degraded):
    data, rng = build(clean, degraded), np.random.default_rng(0)
    items = [data.draw(rng) for _ in range(40)] + data.test(10)
    assert {item.id.endswith("mirrored") for item in items} == {True, False}
    for item in items:
        np.testing.assert_array_equal(item.degraded, 255 - item.clean)


def test_draws_do_not_depend_on_what_is_in_the_cache(clean, monkeypatch):
    cached = build(clean)
    expected = [cached.draw(np.random.default_rng(i)).clean for i in range(10)]
    monkeypatch.setattr(reading, "CACHE_BYTES", 0)
    bare = build(clean)
    for i, image in enumerate(expected):
        np.testing.assert_array_equal(bare.draw(np.random.default_rng(i)).clean, image)
    assert not bare._cache.arrays and cached._cache.arrays


def test_manifest_follows_bytes_options_seed_and_not_the_place(clean, degraded, tmp_path):
    base = build(clean).manifest()
    assert build(clean).manifest() == base
    others = [build(clean, seed=1), build(clean, size=8), build(clean, test=0.5), build(clean, degraded)]
    assert len({base, *(data.manifest() for data in others)}) == 5
    clean.rename(tmp_path / "moved")
    assert build(tmp_path / "moved").manifest() == base
    save(tmp_path / "moved" / "3.png", 1234)
    assert build(tmp_path / "moved").manifest() != base


def test_swapped_contents_and_renamed_pairs_change_the_manifest(clean, degraded):
    before = build(clean, degraded).manifest()
    a, b = (degraded / "0.bmp").read_bytes(), (degraded / "1.bmp").read_bytes()
    (degraded / "0.bmp").write_bytes(b)
    (degraded / "1.bmp").write_bytes(a)
    assert build(clean, degraded).manifest() != before


def test_ids_are_fit_for_file_names_and_stay_apart(clean):
    for path in clean.iterdir():
        path.unlink()
    for i, name in enumerate(("a b", "a_b", "a,b", "x" * 120)):
        save(clean / f"{name}.png", i)
    ids = {item.id for seed in range(20) for item in build(clean, seed=seed, size=40, test=0.5).test(2)}
    starts = {text.rsplit("-", 3)[0] for text in ids}
    assert len(starts) == 4 and all(len(text) < 110 and text.isascii() and " " not in text for text in ids)


def refused(*args, match, **kwargs):
    with pytest.raises(UserError, match=f"^{match}$"):
        build(*args, **kwargs)


def test_the_clean_folder_is_needed():
    with pytest.raises(UserError, match=r"dataset\.clean=FOLDER is needed"):
        Folder(0)


def test_missing_and_empty_folders(clean, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "none", match=r"dataset\.clean=.*none: no such folder; .*")
    refused(tmp_path / "empty", match=r"dataset\.clean=.*empty: no pictures in it; .*")
    refused(clean, tmp_path / "none", match=r"dataset\.degraded=.*none: no such folder; .*")


def test_small_pictures_and_lonely_ones(clean):
    refused(clean, size=64, match=r".*0\.png: 50x40 is smaller than dataset\.size=64; .*")
    for i in range(1, 12):
        (clean / f"{i}.png").unlink()
    refused(clean, match=r"dataset\.clean=.*: 1 pictures leave none to train on; .*")


def test_pairs_that_do_not_match(clean, degraded):
    (degraded / "7.bmp").unlink()
    refused(clean, degraded, match=r".*clean/7\.png: has no pair of the same name in the other folder; .*")
    save(degraded / "7.bmp", 7, size=(50, 40))
    refused(clean, degraded, match=r".*7\.bmp: 40x50, but its pair 7\.png is 50x40; make them the same size")
    save(degraded / "7.bmp", 7)
    save(degraded / "extra.bmp", 7)
    refused(clean, degraded, match=r".*degraded/extra\.bmp: has no pair .*")


def test_two_files_of_one_name(clean):
    save(clean / "3.bmp", 3)
    refused(clean, match=r".*3\.png: has the same name as 3\.bmp; .*")


def test_a_truncated_file_is_named_when_it_is_used(clean):
    data = build(clean)
    path = clean / f"{data.held_out[0]}.png"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match=rf"{path.name}: cannot be read"):
        build(clean).test(1)


def test_asking_for_too_many(clean):
    with pytest.raises(UserError, match=r"^dataset=folder has 18 test items, 19 .* raise dataset\.test"):
        build(clean).test(19)
