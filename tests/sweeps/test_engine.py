"""The engine of plain runs and jobs: shared work once, every failure marked, what was cleared away not missed."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from harness.config.commandline import read
from harness.planning.plan import Plan, plan
from harness.store.entries import Store
from sweeps.engine import run
from sweeps.graph import with_identity_baselines
from tests import warm

WORDS = ("scale=smoke", "dataset=toy2d", "task=generate", "network=mlp", "network.width=8", "metrics=[energy]")
SMALL = ("method=ddim", "images=8", "references=8", "sampler.steps=2", "train.steps=2", "device=cpu")
DIVERGES = ("train.lr=1e38", "train.clip=0", "train.warmup=0", "train.steps=8")


def plans_of(*words: str) -> list[Plan]:
    return with_identity_baselines([plan(point) for point in read(["-m", *WORDS, *SMALL, *words]).points])


def test_what_points_share_is_made_once_and_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans = plans_of("sampler.eta=0,1")
    assert run(plans, Store(tmp_path)) == []
    said = [line.split()[1] for line in capsys.readouterr().err.splitlines() if line.startswith("--- ")]
    assert said == ["training", "sampling", "scoring", "sampling", "scoring"]
    assert run(plans, Store(tmp_path)) == [] and capsys.readouterr().err == ""


def test_a_training_that_fails_marks_every_point_that_needs_it_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, plans = Store(tmp_path), plans_of("sampler.eta=0,1", *DIVERGES)
    others = plans_of("seed=1")
    (reason,) = run([*plans, *others], store)
    assert "loss is" in reason and capsys.readouterr().err.count("failed: ") == 1
    for each in plans:
        failure = store.entry("failures", each.run).failure()
        assert failure["reason"] == reason and "TrainingFailed" in failure["traceback"]
        assert failure["facts"]["overrides"] == list(each.config.overrides)
    assert not [each for each in others if store.entry("failures", each.run).status != "missing"]
    assert len(list(tmp_path.glob("records/*.parquet"))) == len(others)


def test_a_mark_goes_once_the_point_is_made(tmp_path: Path) -> None:
    (point,) = plans_of()
    mark = Store(tmp_path).entry("failures", point.run)
    mark.fail("the first attempt", "", {})
    assert run([point], Store(tmp_path)) == [] and mark.status == "missing"


def test_what_was_cleared_away_is_not_missed_until_something_needs_it(tmp_path: Path) -> None:
    (point,) = plans_of()
    assert run([point], Store(tmp_path)) == []
    shutil.rmtree(tmp_path / "trainings")
    assert run([point], Store(tmp_path)) == [] and not (tmp_path / "trainings").exists()
    (samples,) = tmp_path.glob("samples/*/samples.npz")
    before = samples.read_bytes()
    samples.write_bytes(before[:-1])
    assert run([point], Store(tmp_path)) == []  # from the training, which is made again
    assert samples.read_bytes() == before and len(list(tmp_path.glob("trainings/*/DONE"))) == 1


def test_a_fault_of_the_program_is_told_with_its_type_and_the_next_point_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = plans_of("seed=0,1")
    monkeypatch.setattr(
        "sweeps.engine.make_record",
        lambda plan, store: 1 / 0 if plan.run == first.run else None,
    )
    assert run([first, second], Store(tmp_path)) == ["ZeroDivisionError: division by zero"]
    assert Store(tmp_path).entry("failures", first.run).status == "failed"
    assert Store(tmp_path).entry("failures", second.run).status == "missing"


def test_an_interrupted_run_says_so_and_the_same_command_goes_on(tmp_path: Path) -> None:
    words = ["run.py", *WORDS, *SMALL, "train.checkpoint_seconds=0", f"results_dir={tmp_path}"]
    process, until = warm.start(*words, "train.steps=100000"), time.monotonic() + 60
    while not list(tmp_path.glob("trainings/*/checkpoint-*")):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(60)
    assert process.returncode == 130 and said.endswith("stopped; the same command goes on where it was\n")
    assert not list(tmp_path.glob("trainings/*/FAILED")) and not list(tmp_path.glob("failures/*/FAILED"))
    again, until = warm.start(*words, "train.steps=100000"), time.monotonic() + 60
    while not (again.err.exists() and "going on from step" in again.err.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    again.kill()
    assert "going on from step" in again.err.read_text()
