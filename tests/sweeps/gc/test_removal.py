"""Between listing and removing: sweeps start, processes work, disks refuse."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from errors import UserError
from harness.store.entries import Entry
from sweeps.gc.collect import collectable, size_text, text
from sweeps.gc.removal import remove
from sweeps.progress.attempts import driving
from tests.sweeps.store_for_tests import (
    CHECKPOINT,
    WEEKS,
    chain,
    clean,
    frozen,
    made,
    name,
    partial,
    record,
    row,
    sweep,
    there,
)


def test_a_training_that_a_living_process_is_at_is_left_alone(tmp_path: Path) -> None:
    path = partial(tmp_path, "trainings", "old", WEEKS)
    found = collectable(tmp_path, 14, None)
    with Entry(path).lock():
        assert collectable(tmp_path, 14, None).garbage == []
        freed, (refused,) = remove(tmp_path, found.garbage)
        assert freed == 0 and f"process {os.getpid()}" in refused and path.exists()
        os.utime(path.with_name(f".{path.name}.lock"), (0, 0))  # it was stopped for long: silent, but there
        assert len(remove(tmp_path, found.garbage)[1]) == 1 and path.exists()
    assert clean(tmp_path) == [] and not path.exists()


def test_a_sweep_that_started_meanwhile_keeps_what_it_wants(tmp_path: Path) -> None:
    keys, other = chain(tmp_path, "wanted"), chain(tmp_path, "other")
    path = partial(tmp_path, "trainings", "old", WEEKS)
    found = collectable(tmp_path, 14, 0)
    sweep(tmp_path, "sweep", row("one", [keys["second"], path.name]))
    _, refused = remove(tmp_path, found.garbage)
    assert len(refused) == 3 and all("needed by now" in reason for reason in refused)
    assert there(tmp_path) == {("trainings", keys["first"]), ("trainings", keys["second"])} and path.exists()
    assert other["first"] not in {key for _, key in there(tmp_path)}


def test_a_sweep_that_starts_between_two_removals_keeps_the_second(tmp_path: Path, monkeypatch: Any) -> None:
    keys = [made(tmp_path, "trainings", number, WEEKS - number, after={}) for number in range(3)]
    discard = Entry.discard

    def started(entry: Entry) -> None:
        discard(entry)
        sweep(tmp_path, "sweep", row("one", keys[1:2]))

    monkeypatch.setattr(Entry, "discard", started)
    _, refused = remove(tmp_path, collectable(tmp_path, 14, 0).garbage)
    assert len(refused) == 1 and there(tmp_path) == {("trainings", keys[1])}


def test_what_was_written_to_or_recorded_or_removed_meanwhile(tmp_path: Path) -> None:
    written, locked, gone = (partial(tmp_path, "trainings", word, WEEKS) for word in ("written", "locked", "gone"))
    samples = made(tmp_path, "samples", "recorded", WEEKS, trainings={}, inputs=name("inputs", "x"))
    found = collectable(tmp_path, 14, 0)
    (written / "weights.safetensors").write_bytes(bytes(10))
    shutil.rmtree(gone)
    record(tmp_path, "new", "", samples, "", {})
    with Entry(locked).lock():
        freed, refused = remove(tmp_path, found.garbage)
    assert freed == 0 and len(refused) == 3
    assert written.exists() and locked.exists() and there(tmp_path) == {("samples", samples)}


def test_no_code_goes_while_a_sweep_is_handed_over(tmp_path: Path) -> None:
    path, folder = frozen(tmp_path, "a" * 16), sweep(tmp_path, "sweep", row("one"))
    found = collectable(tmp_path, 14, None)
    with driving(folder):
        assert len(remove(tmp_path, found.garbage)[1]) == 1 and collectable(tmp_path, 14, None).garbage == []
    assert clean(tmp_path) == [] and not path.exists()


def test_what_was_written_to_while_the_lock_was_taken(tmp_path: Path, monkeypatch: Any) -> None:
    path = partial(tmp_path, "trainings", "old", WEEKS)
    found = collectable(tmp_path, 14, None)
    lock = Entry.lock

    def writes(entry: Entry, *given: Any) -> Any:
        (path / "weights.safetensors").write_bytes(bytes(10))
        return lock(entry, *given)

    monkeypatch.setattr(Entry, "lock", writes)
    assert len(remove(tmp_path, found.garbage)[1]) == 1 and path.exists()


def test_checkpoints_stay_when_their_training_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "trainings" / made(tmp_path, "trainings", "done", after={})
    (path / CHECKPOINT).write_bytes(bytes(10))
    found = collectable(tmp_path, 14, None)
    (path / "DONE").unlink()
    assert len(remove(tmp_path, found.garbage)[1]) == 1 and (path / CHECKPOINT).exists()


def test_what_can_not_be_removed_is_told_and_the_rest_goes(tmp_path: Path, monkeypatch: Any) -> None:
    first, second = (partial(tmp_path, "trainings", word, WEEKS) for word in ("first", "second"))
    discard = Entry.discard

    def refuses(entry: Entry) -> None:
        if entry.path == first:
            raise UserError(f"{entry.path}: cannot be written (Read-only file system)")
        discard(entry)

    monkeypatch.setattr(Entry, "discard", refuses)
    found = collectable(tmp_path, 14, None)
    outcome = remove(tmp_path, found.garbage)
    assert first.exists() and not second.exists()
    assert "Read-only" in text(found, outcome) and f"{size_text(outcome[0])} freed" in text(found, outcome)
