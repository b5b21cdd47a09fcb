"""What killed processes left goes; locks of the living, links and names that are nobody's stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.store.entries import Entry
from harness.store.files import DAY
from sweeps.gc.collect import collectable
from sweeps.gc.removal import remove
from tests.sweeps.store_for_tests import (
    WEEKS,
    ago,
    clean,
    dead_lock,
    made,
    name,
    partial,
    record,
    recorded,
    row,
    sweep,
    there,
    tree,
    unique,
)


def test_leftovers_of_killed_writers_go_after_a_day(tmp_path: Path) -> None:
    kept = recorded(tmp_path, "kept")
    folder = sweep(tmp_path, "sweep", row("one"))
    entry = tmp_path / "trainings" / name("trainings", "kept first")
    files = [
        tmp_path / f".probe.{unique()}",
        tmp_path / f"..probe.{unique()}.{unique()}.tmp",
        kept.with_name(f".{kept.name}.{unique()}.tmp"),
        entry / f".checkpoint-000000002-ab.safetensors.{unique()}.tmp",
        entry.with_name(f".{entry.name}.lock.{unique()}.new"),
        folder / f".points.json.{unique()}.tmp",
        folder / "submissions" / "1" / "jobs" / f".1.json.{unique()}.tmp",
    ]
    folders = [entry.with_name(f".{entry.name}.{unique()}.trash"), tmp_path / "code" / f".abc.{unique()}.tmp"]
    left = [folder / ".mine.tmp", entry / ".mine", tmp_path / ".mine.tmp", entry.parent / ".mine.trash", folder / "log"]
    for path in [*files, *left, *(place / "below" / "file" for place in folders)]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(10))
    before = there(tmp_path)
    assert collectable(tmp_path, 0, None).garbage == []
    for path in [*files, *left, *folders]:
        ago(path, 1.1 * DAY)
    ago(files[0], 0.9 * DAY)
    found = collectable(tmp_path, 14, None).garbage
    assert {one.path for one in found} == {*files[1:], *folders} and sum(one.bytes for one in found) == 80
    assert clean(tmp_path) == []
    assert not any(path.exists() for path in [*files[1:], *folders])
    assert files[0].exists() and all(path.exists() for path in left) and there(tmp_path) == before


def test_locks_and_claims_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    paths = [tmp_path / "samples" / made(tmp_path, "samples", number) for number in range(5)]
    record(tmp_path, "kept", "", paths[0].name, "", {})
    dead_lock(paths[0], "dead", 2 * DAY)
    dead_lock(paths[1], "elsewhere", 2 * DAY)
    dead_lock(paths[1], "dead", 2 * DAY, token="a" * 32)
    dead_lock(paths[2], "dead", 2 * DAY, token="b" * 32)  # a claim alone
    young = dead_lock(paths[3], "dead", 0.9 * DAY)
    with Entry(paths[4]).lock():
        lock = paths[4].with_name(f".{paths[4].name}.lock")
        claim = dead_lock(paths[4], "dead", 2 * DAY, token="c" * 32)
        os.utime(lock, (0, 0))  # silent, and yet its process is there
        found = collectable(tmp_path, 14, None).garbage
        assert {one.path.name for one in found} == {f".{path.name}.lock" for path in paths[:3]}
        assert {one.kind for one in found} == {"locks"}
        assert clean(tmp_path) == []
        assert set(tmp_path.glob("samples/.*")) == {young, lock, claim}
    assert len(there(tmp_path)) == 5


@pytest.mark.parametrize("holder", ["dead", "elsewhere"])
def test_a_dead_holder_keeps_nothing(tmp_path: Path, holder: str) -> None:
    path = partial(tmp_path, "trainings", "old", WEEKS)
    dead_lock(path, holder, 2 * 3600)
    assert remove(tmp_path, collectable(tmp_path, 14, None).garbage)[1] == [] and list(path.parent.iterdir()) == []


def test_a_silent_holder_elsewhere_is_given_an_hour(tmp_path: Path) -> None:
    path = partial(tmp_path, "trainings", "old", WEEKS)
    dead_lock(path, "elsewhere", 1800)
    assert collectable(tmp_path, 14, None).garbage == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "results"
    for level in ("samples", "trainings"):
        made(outside, level, "there", WEEKS, after={}, trainings={}, inputs="x")
    partial(outside, "scores", "old", WEEKS)
    (root / "trainings").mkdir(parents=True)
    (root / "samples").symlink_to(outside / "samples")
    (root / "scores").symlink_to(outside / "scores")
    (root / "trainings" / name("trainings", "there")).symlink_to(outside / "trainings" / name("trainings", "there"))
    (root / "trainings" / f".x.{unique()}.trash").symlink_to(outside / "trainings")
    orphan = root / "trainings" / made(root, "trainings", "orphan", WEEKS, after={})
    (orphan / "link").symlink_to(outside / "trainings")
    ago(root, WEEKS)
    before = tree(outside)
    assert [one.path for one in collectable(root, 0, 0).garbage] == [orphan]
    assert clean(root, 0, 0) == [] and tree(outside) == before and not orphan.exists()
    (tmp_path / "link").symlink_to(root)  # but the folder that was named may be one
    partial(root, "trainings", "old", WEEKS)
    (root / f".probe.{unique()}").touch()
    ago(root, WEEKS)
    assert {one.kind for one in collectable(tmp_path / "link", 14, None).garbage} == {
        "leftovers",
        "unfinished trainings",
    }


def test_what_has_no_key_for_a_name_is_nobodys(tmp_path: Path) -> None:
    recorded(tmp_path, "kept")
    for path in ("samples/favourites/a.png", "trainings/.hidden/checkpoint-1.safetensors", "pictures/old.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(bytes(10))
    ago(tmp_path, WEEKS)
    assert collectable(tmp_path, 0, 0).garbage == []
