"""What records need and unfinished sweeps want, and what is kept where that can't be read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from errors import UserError
from sweeps.gc.collect import collectable, size_text, text
from tests.sweeps.store_for_tests import (
    WEEKS,
    chain,
    clean,
    frozen,
    made,
    name,
    partial,
    record,
    recorded,
    row,
    size,
    submitted,
    sweep,
    there,
    tree,
)


def test_upstream_trainings_features_and_reals_of_a_record_stay(tmp_path: Path) -> None:
    recorded(tmp_path, "kept")
    before = there(tmp_path)
    chain(tmp_path, "orphan")
    found = collectable(tmp_path, 0, 0)
    assert clean(tmp_path, 0, 0) == [] and there(tmp_path) == before
    assert "needed by records" in found.notes[-1] and size_text(size(tmp_path)) in found.notes[-1]


def test_a_record_without_a_training_and_one_whose_training_was_cleared_away(tmp_path: Path) -> None:
    inputs = made(tmp_path, "inputs", "kept", images=2)
    samples = made(tmp_path, "samples", "kept", trainings={"model": name("trainings", "gone")}, inputs=inputs)
    record(tmp_path, "kept", "", samples, inputs, {})
    assert clean(tmp_path, 0, 0) == []
    assert there(tmp_path) == {("inputs", inputs), ("samples", samples)}


def test_an_unfinished_sweep_keeps_its_trainings_and_a_finished_one_does_not(tmp_path: Path) -> None:
    path = partial(tmp_path, "trainings", "old", WEEKS)
    folder = sweep(tmp_path, "sweep", row("one", [path.name]))
    assert collectable(tmp_path, 14, None).garbage == []
    record(tmp_path, "one", "", "", "", {})
    assert [one.path for one in collectable(tmp_path, 14, None).garbage] == [path]
    sweep(tmp_path, "sweep", row("one", [path.name]), row("two"))
    assert collectable(tmp_path, 14, None).garbage == []
    shutil.rmtree(folder)
    assert clean(tmp_path) == [] and not path.exists()


def test_a_sweep_whose_record_lacks_a_metric_or_whose_baseline_is_missing_is_unfinished(tmp_path: Path) -> None:
    keys = chain(tmp_path, "kept")
    record(tmp_path, "one", "", "", "", {"psnr": "a"})
    wants = row("one", [keys["second"]], keys["samples"], references=keys["references"], inputs=keys["inputs"])
    before = there(tmp_path)
    sweep(tmp_path, "metric", {**wants, "scores": {"psnr": "a", "fid": keys["scores"]}})
    assert clean(tmp_path, 0, 0) == [] and there(tmp_path) == before
    wants["scores"] = {"psnr": "a"}
    sweep(tmp_path, "metric", wants, row("identity", status="identity"))
    assert clean(tmp_path, 0, 0) == [] and there(tmp_path) == before - {("scores", keys["scores"])}
    sweep(tmp_path, "metric", wants)
    assert clean(tmp_path, 0, 0) == [] and there(tmp_path) == set()


def spoil_parquet(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def spoil_note(path: Path) -> None:
    path.with_suffix(".json").unlink()


def spoil_size(path: Path) -> None:
    """Killed between a record and its note."""
    note = json.loads(path.with_suffix(".json").read_bytes())
    path.with_suffix(".json").write_text(json.dumps({**note, "bytes": note["bytes"] - 1}))


def spoil_columns(path: Path) -> None:
    pq.write_table(pa.table({"metric": ["psnr"]}), path)
    path.with_suffix(".json").write_text(json.dumps({"bytes": path.stat().st_size, "scores": {}}))


def spoil_facts(path: Path) -> None:
    (path.parent.parent / "samples" / name("samples", "kept") / "facts.json").write_text("{")


def spoil_points(path: Path) -> None:
    (sweep(path.parent.parent, "sweep") / "points.json").write_text("[{")


def spoil_list(path: Path) -> None:
    sweep(path.parent.parent, "sweep")


def spoil_rows(path: Path) -> None:
    sweep(path.parent.parent, "sweep", {"run": name("record", "other"), "status": "failed"})


SPOILT = [spoil_parquet, spoil_note, spoil_size, spoil_columns, spoil_facts, spoil_points, spoil_list, spoil_rows]


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_can_not_be_read_may_need_everything_and_is_named(tmp_path: Path, spoil: Any) -> None:
    path = recorded(tmp_path, "kept")
    chain(tmp_path, "orphan")
    partial(tmp_path, "trainings", "old", WEEKS)
    partial(tmp_path, "samples", "old", WEEKS)
    frozen(tmp_path, "a" * 16)
    assert {one.kind for one in collectable(tmp_path, 0, 0).garbage} > {"code", "failed", "trainings", "samples"}
    spoil(path)
    before = tree(tmp_path)
    found = collectable(tmp_path, 0, 0)
    assert clean(tmp_path, 0, 0) == [] and tree(tmp_path) == before
    assert "is kept" in found.notes[0] and found.notes[0] in text(found, (0, []))


@pytest.mark.parametrize("part", ["records", "sweeps", "samples"])
@pytest.mark.parametrize("spoil", [lambda path: path.write_text(""), lambda path: path.symlink_to("/nowhere/at/all")])
def test_a_part_that_is_out_of_reach_lets_nothing_go(tmp_path: Path, part: str, spoil: Any) -> None:
    chain(tmp_path, "orphan")
    sweep(tmp_path, "sweep", row("one"))
    record(tmp_path, "one", "", "", "", {})
    assert collectable(tmp_path, 0, 0).garbage
    shutil.rmtree(tmp_path / part)
    spoil(tmp_path / part)
    with pytest.raises(UserError, match=part):
        collectable(tmp_path, 0, 0)


def test_a_sweep_that_is_out_of_reach_may_want_everything(tmp_path: Path) -> None:
    chain(tmp_path, "orphan")
    (tmp_path / "sweeps" / "empty").mkdir(parents=True)
    assert collectable(tmp_path, 0, 0).garbage
    (tmp_path / "sweeps" / "elsewhere").symlink_to("/nowhere/at/all")
    assert not collectable(tmp_path, 0, 0).garbage


def test_code_stays_while_a_job_may_still_run_it(tmp_path: Path) -> None:
    wanted, late, done, free = (frozen(tmp_path, letter * 16) for letter in "abcd")
    other = frozen(tmp_path, "no hash")
    submitted(sweep(tmp_path, "wanted", row("one")), wanted, WEEKS)
    record(tmp_path, "two", "", "", "", {})
    submitted(sweep(tmp_path, "late", row("two")), late, 0)
    submitted(sweep(tmp_path, "done", row("two")), done, WEEKS)
    assert [one.path for one in collectable(tmp_path, 14, None).garbage] == [done, free]
    assert clean(tmp_path) == []
    assert [path.exists() for path in (wanted, late, done, free, other)] == [True, True, False, False, True]
