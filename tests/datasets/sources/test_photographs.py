from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from datasets.sources.photographs import Photographs
from errors import UserError

SIZES = {
    "train/alps": (64, 90),
    "train/bay": (40, 60),
    "train/tiny": (20, 70),
    "test/cave": (70, 64),
    "test/dune": (33, 99),
}


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    for name, size in SIZES.items():
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
    return tmp_path


def whole(root, name):
    return np.asarray(Image.open(root / f"{name}.png"))


def owner(item):
    return item.id.split("-")[0]


def test_the_split_is_the_folders_whatever_the_seed(root):
    for seed in range(3):
        data = Photographs(seed, str(root), 32)
        rng = np.random.default_rng(seed)
        assert {owner(data.draw(rng)) for _ in range(100)} == {"alps", "bay"}
        assert {owner(item) for item in data.test(7)} == {"cave", "dune"}


def test_items_are_the_windows_that_their_ids_name(root):
    data, rng = Photographs(0, str(root), 32), np.random.default_rng(1)
    for item in [*data.test(7), *(data.draw(rng) for _ in range(30))]:
        name, top, left, size, *mirrored = item.id.split("-")
        part = "test" if name in ("cave", "dune") else "train"
        y, x = int(top[1:]), int(left[1:])
        expected = whole(root, f"{part}/{name}")[y : y + 32, x : x + 32]
        np.testing.assert_array_equal(item.clean[:, ::-1] if mirrored else item.clean, expected)
        assert size == "32" and item.clean.flags.writeable


def test_test_items_take_turns_are_stable_and_follow_the_seed(root):
    items = Photographs(0, str(root), 32).test(7)
    assert [owner(item) for item in items[:4]] == ["cave", "dune", "cave", "dune"]
    assert len({item.id for item in items}) == 7
    assert [i.id for i in Photographs(0, str(root), 32).test(3)] == [i.id for i in items[:3]]
    assert any([i.id for i in Photographs(s, str(root), 32).test(7)] != [i.id for i in items] for s in (1, 2))


def test_draws_follow_the_area_and_half_are_mirrored(root):
    data, rng, n = Photographs(0, str(root), 32), np.random.default_rng(0), 2000
    items = [data.draw(rng) for _ in range(n)]
    for share, p in (
        (np.mean([owner(i) == "alps" for i in items]), 5760 / (5760 + 2400)),
        (np.mean([i.id.endswith("mirrored") for i in items]), 0.5),
    ):
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)


def test_the_manifest_follows_bytes_size_and_seed_but_not_the_place(root, tmp_path_factory):
    manifest = Photographs(0, str(root), 32).manifest()
    moved = tmp_path_factory.mktemp("moved") / "here"
    root.rename(moved)
    assert Photographs(0, str(moved), 32).manifest() == manifest
    others = [Photographs(0, str(moved), 16).manifest(), Photographs(1, str(moved), 32).manifest()]
    Image.fromarray(whole(moved, "train/bay") ^ 1).save(moved / "train" / "bay.png")
    others.append(Photographs(0, str(moved), 32).manifest())
    assert len({manifest, *others}) == 4


def test_what_is_missing_is_one_line_with_the_command(root, tmp_path):
    with pytest.raises(
        UserError, match=r"^dataset=photographs: none in dataset\.root=nowhere; run: python -m datasets "
    ):
        Photographs(0, "nowhere")
    for path in (root / "test").glob("*"):
        path.unlink()
    with pytest.raises(UserError, match="prepare photos --to "):
        Photographs(0, str(root))


def test_too_large_a_size_or_count_is_one_line(root):
    with pytest.raises(UserError, match=r"^dataset\.size=80: no photograph in dataset\.root=.* is so large; lower"):
        Photographs(0, str(root), 80)
    with pytest.raises(UserError, match="^dataset=photographs has 7 test items, 99 were asked for"):
        Photographs(0, str(root), 32).test(99)
