"""Who drives a sweep: known while it lives, and not for longer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sweeps import driver as module
from sweeps.attempts import place
from sweeps.driver import PROCESS, driver, driving


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
            module.threading.Event().wait(0.01)
        assert (tmp_path / PROCESS).stat().st_mtime > 1
