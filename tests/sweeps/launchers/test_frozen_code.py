"""Frozen code runs only while it is what was frozen: on this machine, and in a job's script on a cluster."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from errors import UserError
from sweeps.folder import Submission
from sweeps.launchers import processes
from sweeps.launchers.freeze import check_frozen, freeze
from sweeps.launchers.processes import JobServer
from sweeps.launchers.slurm import check_line

MENDED = "give the sweep's command again"


def shadow(place: Path) -> Path:
    """A module that Python would take for the standard library's."""
    (place / "json.py").write_text("raise SystemExit('this ran')")
    return place / "json.py"


def byte_code(place: Path) -> Path:
    """What Python would run instead of the file that it was made from."""
    (place / "sweeps" / "__pycache__").mkdir()
    path = place / "sweeps" / "__pycache__" / "work.cpython-311.pyc"
    path.write_bytes(b"anything")
    return path


def link(place: Path) -> Path:
    (place / "numpy").symlink_to("/tmp")
    return place / "numpy"


def line(place: Path) -> Path:
    with (place / "sweeps" / "work.py").open("a") as file:
        file.write("print('this ran')\n")
    return place / "sweeps" / "work.py"


SPOILT = [shadow, byte_code, link, line]


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    root = tmp_path / "a folder, with 'words'"
    code, sha256 = freeze(root)
    (tmp_path / "jobs").mkdir()
    return Submission(tmp_path, {"code": str(code), "sha256": sha256})


def test_what_was_frozen_is_what_the_name_says(tmp_path: Path) -> None:
    place, sha256 = freeze(tmp_path)
    assert place.name == sha256[:16] and not list(place.rglob("__pycache__"))
    before = (place / "errors.py").stat().st_mtime_ns
    assert freeze(tmp_path) == (place, sha256) and (place / "errors.py").stat().st_mtime_ns == before


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_does_not_belong_there_is_named_and_the_next_sweep_copies_the_code_anew(
    submission: Submission, spoil: Callable[[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place, sha256 = Path(submission.facts["code"]), submission.facts["sha256"]
    path = spoil(place)
    with pytest.raises(UserError, match=MENDED) as raised:
        check_frozen(str(place), sha256)
    assert str(raised.value).startswith(f"{path}: ") and "\n" not in str(raised.value)
    freeze(place.parent.parent)
    assert capsys.readouterr().err.startswith(f"damaged: {path}: ")
    check_frozen(str(place), sha256)


def test_a_launcher_starts_no_process_of_code_that_was_altered(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    line(Path(submission.facts["code"]))
    monkeypatch.setattr(processes.subprocess, "Popen", lambda *args, **more: pytest.fail("a process was started"))
    with pytest.raises(UserError, match="work.py: is not what was frozen"):
        JobServer(submission, submission.folder, os.environ).start(0, {})


@pytest.mark.parametrize("spoil", [None, *SPOILT])
def test_a_jobs_script_checks_the_code_before_python_stands_in_its_folder(
    submission: Submission, spoil: Callable[[Path], Path] | None
) -> None:
    place = Path(submission.facts["code"])
    path = spoil(place) if spoil else None
    script = f"{check_line(submission)}\necho the job runs"
    done = subprocess.run(["bash", "-c", script], cwd=place, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == ((1, "") if path else (0, "the job runs\n"))
    assert done.stderr.count("\n") == bool(path) and (not path or f"error: {path}: " in done.stderr)
    assert MENDED in done.stderr or not path


def test_a_parent_that_dies_before_it_is_ready_is_not_started_for_ever(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.Popen
    monkeypatch.setattr(processes.subprocess, "Popen", lambda words, **more: real(["sh", "-c", "kill -9 $$"]))
    server, started = JobServer(submission, submission.folder, os.environ), 0
    with pytest.raises(UserError, match="ended 5 times before it was ready"):
        while started < 50:
            server.start(0, {})
            started += 1
            while not server.ended():
                time.sleep(0.001)
    assert started == processes.DEATHS
