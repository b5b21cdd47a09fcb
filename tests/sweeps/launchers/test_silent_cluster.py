"""A sweep on a cluster whose controller does not answer, or has forgotten: what the disk knows is told."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from errors import UserError
from harness.store.sealed import now, seal
from sweeps import retry as again
from sweeps.__main__ import main
from sweeps.launchers.slurm import alive
from sweeps.progress import cluster
from sweeps.progress.attempts import note, place
from sweeps.progress.cluster import State
from sweeps.progress.state import Sweep
from tests.sweeps.store_for_tests import row, sweep

KEYS = {"training": "t" * 20, "sampling": "s" * 20}


def silent() -> Mapping[str, State]:
    raise UserError("squeue: Unable to contact slurm controller")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sweep of one point: a training that has begun, and a sampling that waits for it."""
    folder = sweep(tmp_path, "run-1", row("one", [KEYS["training"]], KEYS["sampling"]))
    made = folder / "submissions" / "1"
    (made / "jobs").mkdir(parents=True)
    common = {"method": "ddim", "needs": [], "gpus": 0, "about": None}
    jobs = [{"number": n, "kind": kind, "tasks": [key], **common} for n, (kind, key) in enumerate(KEYS.items())]
    facts = {"launcher": "slurm", "settings": {}, "code": "/nowhere", "sha256": "", "jobs": jobs, "created": now()}
    (made / "submission.json").write_bytes(seal(facts))
    (made / "slurm.jsonl").write_text(json.dumps([[0, "7_0"], [1, "8_0"]]) + "\n{\n[[1]]\n")
    note(made / "jobs" / "0.attempts.jsonl", {"began": time.time(), **place()})
    return folder


def standings(folder: Path) -> list[tuple[str, str]]:
    found = Sweep(folder.parent.parent, folder)
    return [(standing.status, standing.reason) for standing in map(found.job, found.jobs)]


def test_status_tells_what_the_disk_knows_where_the_controller_is_down(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "states", silent)
    assert main(["status", "--results", str(folder.parent.parent)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "run-1: 0 of 1 points are done, 1 running"
    assert told[1] == "the rest is what the disk tells, for SLURM does not: squeue: Unable to contact slurm controller"
    assert any(line.startswith("training ") for line in told)
    assert standings(folder) == [("running", ""), ("waiting", "")]


def test_nothing_is_cancelled_or_submitted_where_the_controller_is_down(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "states", silent)
    monkeypatch.setattr(cluster, "find", lambda: None)
    assert main(["cancel", "--results", str(folder.parent.parent)]) == 2
    assert capsys.readouterr().err == "error: squeue: Unable to contact slurm controller\n"
    with pytest.raises(UserError, match="squeue"):
        alive(folder.parent.parent)


def test_a_cancelled_job_that_slurm_forgot_was_cancelled(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    living = {"7_0": State("RUNNING", "None"), "8_0": State("PENDING", "Dependency")}
    gone: list[str] = []
    monkeypatch.setattr(cluster, "states", lambda: {} if gone else living)
    monkeypatch.setattr(cluster, "cancel", gone.extend)
    assert main(["cancel", "--results", str(folder.parent.parent)]) == 0 and gone == ["8_0", "7_0"]
    assert capsys.readouterr().err.rstrip().endswith(f"retry run-1 --results {folder.parent.parent} goes on with them")
    assert standings(folder) == [("stopped", "cancelled"), ("stopped", "cancelled")]


@pytest.mark.parametrize("damaged", [b"{", b"", b"[" * 1_000_000, b'{"jobs": 1}'])
def test_a_damaged_submission_hinders_no_other_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, damaged: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    other = folder.with_name("run-0") / "submissions" / "1" / "submission.json"
    other.parent.mkdir(parents=True)
    other.write_bytes(damaged)
    monkeypatch.setattr(cluster, "states", lambda: {"7_0": State("RUNNING", "None")})
    monkeypatch.setattr(cluster, "find", lambda: None)
    assert alive(folder.parent.parent) == {KEYS["training"]: "7_0"}
    assert capsys.readouterr().err.startswith(f"passed over, for it is damaged: {other}: ")


def test_after_a_retry_elsewhere_the_hint_names_the_folder_of_results(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(again, "retry", lambda sweep, words: 1)
    monkeypatch.setattr(cluster, "states", lambda: {"7_0": State("RUNNING", "None")})
    assert main(["retry", "--results", str(folder.parent.parent)]) == 0
    assert capsys.readouterr().err == f"python -m sweeps status --watch run-1 --results {folder.parent.parent}\n"
