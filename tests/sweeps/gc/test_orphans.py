"""A quota: which entries go, in which order, and that nothing goes that is needed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.store.entries import Store
from harness.store.files import DAY
from sweeps.gc.collect import collectable
from sweeps.gc.removal import remove
from tests.sweeps.store_for_tests import (
    NODE,
    WEEKS,
    ago,
    chain,
    clean,
    made,
    partial,
    record,
    recorded,
    row,
    size,
    sweep,
    there,
    tree,
    unique,
)


def test_orphans_go_under_a_quota_only_the_oldest_first_and_no_more_than_it_takes(tmp_path: Path) -> None:
    recorded(tmp_path, "kept")
    keys = [made(tmp_path, "samples", number, WEEKS - number, trainings={}, inputs="x") for number in range(5)]
    before, whole = there(tmp_path), size(tmp_path)
    assert not collectable(tmp_path, 0, None).garbage and not collectable(tmp_path, 0, whole).garbage
    found = collectable(tmp_path, 0, whole - 1500).garbage
    assert [one.path.name for one in found] == keys[:2]
    assert [one.path.name for one in collectable(tmp_path, 0, whole - found[0].bytes).garbage] == keys[:1]
    assert clean(tmp_path, 0, whole - 1500) == []
    assert there(tmp_path) == before - {("samples", key) for key in keys[:2]}
    assert size(tmp_path) <= whole - 1500


def test_what_was_used_lately_goes_later_and_after_what_was_made_from_it(tmp_path: Path) -> None:
    lately = chain(tmp_path, "lately", age=DAY)
    old = made(tmp_path, "trainings", "old", 2 * DAY, after={})
    ago(tmp_path / "trainings" / lately["first"], WEEKS)
    order = [one.path.name for one in collectable(tmp_path, 0, 0).garbage]
    assert order[0] == old
    places = {word: order.index(lately[word]) for word in lately}
    assert max(places["scores"], places["features"]) < places["samples"] < places["second"] < places["first"]
    assert places["samples"] < places["inputs"] and places["scores"] < places["references"]


def test_entries_that_are_locked_or_say_nothing_of_themselves_stay(tmp_path: Path) -> None:
    keys = [made(tmp_path, "samples", word, WEEKS, trainings={}, inputs="x") for word in ("locked", "silent", "goes")]
    (tmp_path / "samples" / keys[1] / "facts.json").unlink()
    with Store(tmp_path).entry("samples", keys[0]).lock():
        found = collectable(tmp_path, 0, 0)
        assert [one.path.name for one in found.garbage] == keys[2:]
        assert "1 entries don't say" in found.notes[0]
        remove(tmp_path, found.garbage)
    assert there(tmp_path) == {("samples", key) for key in keys[:2]}


def test_leftovers_in_what_goes_are_counted_once(tmp_path: Path) -> None:
    keys = [made(tmp_path, "samples", number, WEEKS - number, trainings={}, inputs="x") for number in range(2)]
    cut = partial(tmp_path, "samples", "cut", WEEKS)
    for path in (tmp_path / "samples" / keys[0], cut):
        (path / f".samples.npz.{unique()}.tmp").write_bytes(bytes(700))
        ago(path, WEEKS)
    whole = size(tmp_path)
    rest = sum(size(tmp_path / "samples" / key) for key in (keys[0], cut.name))
    found = collectable(tmp_path, 14, whole - rest)
    assert [one.path for one in found.garbage] == [cut, tmp_path / "samples" / keys[0]]
    assert sum(one.bytes for one in found.garbage) == rest
    assert {one.path.name for one in collectable(tmp_path, 14, whole - rest - 1).garbage} == {*keys, cut.name}
    assert clean(tmp_path, 14, whole - rest) == [] and size(tmp_path) == whole - rest


def closure(names: set[NODE], made_from: Mapping[NODE, set[NODE]]) -> set[NODE]:
    found = set(names)
    while more := {below for name in found for below in made_from.get(name, set())} - found:
        found |= more
    return found


def random_store(root: Path, rng: random.Random) -> tuple[set[NODE], dict[NODE, set[NODE]]]:
    """A store with entries, records and sweeps; what records and unfinished sweeps name, and what comes from what."""
    graph: dict[NODE, set[NODE]] = {}

    def add(level: str, below: set[NODE], /, **facts: Any) -> str:
        age = rng.uniform(1, 100) * DAY
        made_key = made(root, level, len(graph), age, rng.randrange(5000), **facts)
        graph[level, made_key] = below
        return made_key

    def some(keys: Sequence[str], most: int) -> list[str]:
        return rng.sample(keys, rng.randrange(min(most, len(keys)) + 1))

    inputs = [add("inputs", set(), images=1) for _ in range(3)]
    references = [add("references", set(), count=1) for _ in range(2)]
    trainings: list[str] = []
    for _ in range(rng.randrange(1, 8)):
        after = some(trainings, 2)
        trainings.append(add("trainings", {("trainings", key) for key in after}, after=dict(enumerate(after))))
    sampled = {}
    for _ in range(rng.randrange(1, 8)):
        stages, seen = some(trainings, 2), rng.choice(inputs)
        below = {("trainings", key) for key in stages} | {("inputs", seen)}
        sampled[add("samples", below, trainings=dict(enumerate(stages)), inputs=seen)] = (stages, seen)
    scored = []
    for number, (samples, (stages, seen)) in enumerate(sampled.items()):
        real = rng.choice(references)
        add("features", {("samples", samples)}, level="samples", source=samples)
        score = add("scores", {("samples", samples), ("references", real)}, samples=samples, references=real)
        scored.append((number, stages, seen, samples, real, score))
    return _asked(root, rng, scored), graph


def _asked(root: Path, rng: random.Random, scored: Sequence[tuple[Any, ...]]) -> set[NODE]:
    names: set[NODE] = set()
    for number, stages, seen, samples, real, score in scored:
        wanted = {("inputs", seen), ("samples", samples), ("scores", score)}
        kind = rng.choice(["record", "finished", "unfinished", "orphan", "orphan"])
        if kind in ("record", "finished"):
            record(root, number, stages[-1] if stages else "", samples, seen, {"fid": score})
        if kind in ("finished", "unfinished"):
            asked = row(number, stages, samples, inputs=seen, references=real, scores={"fid": score})
            sweep(root, str(number), asked)
        names |= wanted if kind != "orphan" else set()
        names |= {("references", real)} if kind == "unfinished" else set()
    return names


@pytest.mark.parametrize("seed", range(25))
def test_what_is_left_of_any_store_is_closed_under_what_is_needed(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    names, graph = random_store(tmp_path, rng)
    for level, gone in rng.sample(sorted(graph), rng.choice([0, 0, 2])):  # deleted by hand
        shutil.rmtree(tmp_path / level / gone)
        graph.pop((level, gone))
    needed = closure(names, graph)  # of what is missing nobody knows what it was made from
    needed |= {name for name in graph if name[0] == "features" and graph[name] & needed}
    before, whole = tree(tmp_path), size(tmp_path)
    quota = rng.choice([0, rng.randrange(whole), whole])
    found = collectable(tmp_path, 0, quota)
    assert clean(tmp_path, 0, quota) == []
    left = there(tmp_path)
    assert needed & set(graph) <= left and closure(left, graph) & set(graph) == left
    assert {path: state for path, state in before.items() if path in tree(tmp_path)} == tree(tmp_path)
    small = size(tmp_path) <= quota
    assert small or left == needed & set(graph)
    assert not found.garbage or size(tmp_path) + found.garbage[-1].bytes > quota  # and no more went than had to
    assert small == (not found.notes)
    assert set(graph) - left == {(one.path.parent.name, one.path.name) for one in found.garbage}
