"""Who drives a sweep: known while it lives, and not for longer."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest

from errors import UserError
from sweeps.progress import attempts as module
from sweeps.progress.attempts import PROCESS, driver, driving, place


def test_a_process_is_known_while_it_drives(tmp_path: Path) -> None:
    assert driver(tmp_path) is None
    with driving(tmp_path):
        found = driver(tmp_path)
        assert found is not None and found["pid"] == os.getpid()
    assert driver(tmp_path) is None and not (tmp_path / PROCESS).exists()


@pytest.mark.parametrize("age,lives", [(0, True), (59, True), (120, False)])
def test_one_on_another_machine_is_dead_when_it_is_silent(tmp_path: Path, age: float, lives: bool) -> None:
    (tmp_path / PROCESS).write_text(json.dumps(place() | {"system": "another", "host": "node17"}))
    then = (tmp_path / PROCESS).stat().st_mtime - age
    os.utime(tmp_path / PROCESS, (then, then))
    assert (driver(tmp_path) is not None) == lives


def test_one_of_this_machine_is_dead_when_it_is_gone(tmp_path: Path) -> None:
    (tmp_path / PROCESS).write_text(json.dumps(place() | {"pid": 2**22 + 1}))
    assert driver(tmp_path) is None
    (tmp_path / PROCESS).write_text(json.dumps(place() | {"started": "1"}))  # its number is somebody else's by now
    assert driver(tmp_path) is None
    (tmp_path / PROCESS).write_text("{")
    assert driver(tmp_path) is None


def test_a_driver_that_is_looked_at_from_elsewhere_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.01)
    with driving(tmp_path):
        os.utime(tmp_path / PROCESS, (1, 1))
        for _ in range(500):
            if (tmp_path / PROCESS).stat().st_mtime > 1:
                break
            time.sleep(0.01)
        assert (tmp_path / PROCESS).stat().st_mtime > 1


def test_a_driver_of_a_clock_that_is_ahead_is_not_believed_for_days(tmp_path: Path) -> None:
    (tmp_path / PROCESS).write_text(json.dumps(place() | {"system": "another", "host": "node17"}))
    os.utime(tmp_path / PROCESS, (2e9, 4e9))
    assert driver(tmp_path) is None


@pytest.mark.parametrize("told", [{"pid": -1}, {"pid": "1"}, {"pid": 10**30}, {"system": None}])
def test_a_damaged_marker_names_no_driver(tmp_path: Path, told: dict[str, object]) -> None:
    """A number below 1 would be a group of processes, and ``cancel`` ends what it finds."""
    (tmp_path / PROCESS).write_text(json.dumps(place() | told))
    assert driver(tmp_path) is None
    (tmp_path / PROCESS).write_bytes(b"[" * 1_000_000)
    assert driver(tmp_path) is None


def test_a_disk_that_takes_no_more_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with pytest.raises(UserError, match=f"{PROCESS}: .*Read-only"), driving(tmp_path):
        monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(KeyError), driving(tmp_path):
        raise KeyError("what went wrong before is what is told")
