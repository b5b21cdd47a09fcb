"""Every adapter on a tiny fake copy: split, items, manifest."""

from __future__ import annotations

import numpy as np
import pytest

from registry import catalog, find
from tests.datasets.layouts_for_tests import (
    COPIES,
    SIZE,
    TEST_ONLY,
    build,
    one_line,
    opened,
    used,
)

NAMES = sorted(COPIES)
TRAINING = [name for name in NAMES if name not in TEST_ONLY]


@pytest.fixture
def copy_of(tmp_path):
    def make(name):
        build(name, tmp_path / name)
        return tmp_path / name

    return make


def test_all_adapters_are_tested():
    papers = {name for name, found in catalog()["dataset"].items() if found.module.startswith("datasets.papers.")}
    assert papers == set(COPIES)


@pytest.mark.parametrize("name", NAMES)
def test_items_have_the_shape_and_ids_are_unique_and_fit_for_files(name, copy_of):
    data = opened(name, copy_of(name))
    side = 32 if name == "cifar10" else SIZE
    assert data.shape == (3, side, side)
    items = data.test(2)
    if name not in TEST_ONLY:
        items += [data.draw(np.random.default_rng(seed)) for seed in range(8)]
    facts = find("dataset", name).facts
    for item in items:
        for image in (item.clean, item.degraded):
            assert image is None or (image.shape == (side, side, 3) and image.dtype == np.uint8)
        assert (item.degraded is not None) == (facts.defaults.get("task") in ("paired", "translate"))
        assert (item.mask is not None) == facts.masks
        assert item.id.isascii() and not set(item.id) & set("/ \\:") and len(item.id) < 110
    by_id = {item.id: item.clean.tobytes() for item in items}
    assert len({item.id for item in data.test(2)}) == 2
    assert all(by_id[item.id] == item.clean.tobytes() for item in items)


@pytest.mark.parametrize("name", TRAINING)
def test_the_split_is_disjoint_and_all_of_it_is_drawn(name, copy_of):
    data = opened(name, copy_of(name))
    drawn = {data.draw(np.random.default_rng(seed)).id.removesuffix("-mirrored") for seed in range(150)}
    tested = {item.id for item in data.test(2)}
    assert not drawn & tested and len(drawn) == len(data.training)
    pixels = {data.draw(np.random.default_rng(seed)).clean.tobytes() for seed in range(60)}
    assert not pixels & {item.clean.tobytes() for item in data.test(2)}


@pytest.mark.parametrize("name", TRAINING)
def test_a_draw_follows_its_rng_alone_and_half_are_mirrored(name, copy_of):
    root = copy_of(name)
    first, second = opened(name, root), opened(name, root)
    first.draw(np.random.default_rng(99))
    for seed in range(5):
        a, b = (data.draw(np.random.default_rng(seed)) for data in (first, second))
        assert a.id == b.id and np.array_equal(a.clean, b.clean)
    rng = np.random.default_rng(0)
    share = np.mean([first.draw(rng).id.endswith("-mirrored") for _ in range(200)])
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(200)


@pytest.mark.parametrize("name", NAMES)
def test_test_items_are_prefix_stable_and_limited(name, copy_of):
    root = copy_of(name)
    data = opened(name, root)
    assert [item.id for item in opened(name, root).test(1)] == [item.id for item in data.test(2)][:1]
    with one_line(rf"dataset={name} has \d+ test items, 1000 were asked for: ask for fewer"):
        data.test(1000)


@pytest.mark.parametrize("name", TEST_ONLY)
def test_sets_to_test_on_refuse_to_train(name, copy_of):
    data = opened(name, copy_of(name))
    with one_line(rf"dataset={name} has no training split: .*"):
        data.draw(np.random.default_rng(0))


@pytest.mark.parametrize("name", ["realsrset", "lfw_test", "wider_test"])
def test_sets_without_truth_say_so_and_bring_the_input_as_clean(name, copy_of):
    assert find("dataset", name).facts.truth is False
    for item in opened(name, copy_of(name)).test(2):
        np.testing.assert_array_equal(item.clean, item.degraded)


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_follows_every_file_and_not_the_place(name, copy_of, tmp_path):
    root = copy_of(name)
    before = opened(name, root).manifest()
    assert len(before) == 64 and opened(name, root).manifest() == before
    root.rename(tmp_path / "moved")
    root = tmp_path / "moved"
    assert opened(name, root).manifest() == before
    seen = {before}
    for path in used(name, root):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        seen.add(opened(name, root).manifest())
        path.write_bytes(data)
    assert len(seen) == 1 + len(used(name, root))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cifar10"])
def test_the_manifest_follows_the_protocol(name, copy_of):
    root = copy_of(name)
    made = {opened(name, root, **changed).manifest() for changed in ({}, {"size": 8}, {"resize": "lanczos"})}
    crops = find("dataset", name).options["crop"].choices
    made |= {opened(name, root, crop=crop).manifest() for crop in crops}
    assert len(made) == 2 + len(crops)


def test_the_manifest_of_a_large_copy_hashes_names_sizes_and_a_sample(copy_of, monkeypatch):
    root = copy_of("lol")
    everything = opened("lol", root).manifest()
    monkeypatch.setattr("datasets.papers.copied.HASHED_WHOLE", 10)
    monkeypatch.setattr("datasets.papers.copied.SAMPLE", 1)
    sampled = opened("lol", root).manifest()
    assert sampled != everything
    changed = []
    for path in used("lol", root):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        changed.append(opened("lol", root).manifest() != sampled)
        path.write_bytes(data + b"\0")
        assert opened("lol", root).manifest() != sampled
        path.write_bytes(data)
    assert sum(changed) == 1  # the one sampled file


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_does_not_move_an_official_split(name, copy_of):
    root = copy_of(name)
    manifests = {opened(name, root, seed).manifest() for seed in range(6)}
    assert (len(manifests) == 1) == (name != "domains")
