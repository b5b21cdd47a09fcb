"""Whole runs with a tracker: what is made is logged once, and a tracker that fails costs nothing but its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests import warm
from tests.harness.trackers.tracker_readers import tensorboard

pytest.importorskip("tensorboard", reason="tracker=tensorboard needs tensorboard: pip install -e '.[trackers]'")
ROOT = Path(__file__).parents[3]
TINY = ("scale=smoke", "dataset.size=16", "images=2", "task=denoise", "tracker=tensorboard")


def command(results: Path, *words: str) -> list[str]:
    return ["run.py", f"results_dir={results}", *TINY, *words]


def run(results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return warm.run(*command(results, *words))


def curve(results: Path) -> tuple[str, dict[str, np.ndarray]]:
    (path,) = results.glob("trainings/*/curve.npz")
    return path.parent.name, {name.removeprefix("curve."): values for name, values in np.load(path).items()}


def check_curve(results: Path, every: int, steps: int) -> None:
    key, losses = curve(results)
    seen = tensorboard(results / "trackers" / "tensorboard", key).points
    kept = [step for step in range(1, steps + 1) if step % every == 0 or step == steps]
    for name, values in losses.items():
        assert [step for step, _ in seen[f"train/{name}"]] == kept
        np.testing.assert_allclose([value for _, value in seen[f"train/{name}"]], values[np.array(kept) - 1], rtol=1e-6)


def events(results: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in results.glob("trackers/**/events.out.*")}


def test_a_run_is_logged_once_and_a_later_metric_only_in_its_record(tmp_path):
    done = run(tmp_path, "tracker.every=3", "metrics=[psnr]")
    assert done.returncode == 0 and "note: tracker" not in done.stderr, done.stderr
    check_curve(tmp_path, 3, 8)
    first = events(tmp_path)
    assert sorted(path.parent.parent.name for path in first) == ["records", "records", "trainings"]
    assert run(tmp_path, "tracker.every=3", "metrics=[psnr]").returncode == 0
    assert events(tmp_path) == first, "nothing was made, and something was logged"
    assert run(tmp_path, "tracker.every=3", "metrics=[psnr,mae]").returncode == 0
    assert {path.parent.parent.name for path in set(events(tmp_path)) - set(first)} == {"records"}
    for record in tmp_path.glob("records/*.parquet"):
        seen = tensorboard(tmp_path / "trackers" / "tensorboard", record.stem)
        assert len(seen.points["metric/psnr"]) == len(seen.points["metric/mae"]) == 1


def test_a_killed_training_shows_one_whole_curve(tmp_path):
    words = ("train.steps=40", "train.checkpoint_seconds=0", "tracker.every=5")
    process = warm.start(*command(tmp_path, *words))
    while process.poll() is None and not list(tmp_path.glob("trainings/*/checkpoint-00000001*")):
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = run(tmp_path, *words)
    assert done.returncode == 0 and "going on from step" in done.stderr, done.stderr
    assert len([path for path in events(tmp_path) if path.parent.parent.name == "trainings"]) == 2
    check_curve(tmp_path, 5, 40)


def test_a_tracker_that_can_not_write_is_one_note_and_the_run_succeeds(tmp_path):
    (tmp_path / "trackers").write_text("no folder")
    done = run(tmp_path, "metrics=[psnr]")
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert done.stderr.count("note: tracker=tensorboard failed") == 1, done.stderr
    assert len(list(tmp_path.glob("records/*.parquet"))) == 2
