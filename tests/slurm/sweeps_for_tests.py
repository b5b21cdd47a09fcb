"""Sweeps on the cluster of the tests as a user has them: command lines in a copy of the checkout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pandas as pd

import reports
from sweeps.folder import submissions
from sweeps.launchers.slurm import REPORT
from sweeps.progress.cluster import ids, last_life, log_of
from sweeps.progress.state import SubmittedJob, Sweep
from tests.slurm.cluster_for_tests import Cluster
from tests.sweeps.checkout_for_tests import TINY, Checkout

# A checkpoint after each step: whatever happens in the middle of a training happens between two.
SMALL = ("train.batch_size=2", "train.checkpoint_seconds=0")
FIGURES = ["run", "image", "metric", "value"]  # of a record; what else it holds are times
FILES = {"trainings": "weights.safetensors", "samples": "samples.npz", "scores": "values.npz"}
# Points one after the other in one process that nobody disturbs.
UNDISTURBED = """
import sys
from harness.config.commandline import read, results_dir
from harness.planning.plan import plan
from harness.store.entries import Store
from sweeps.engine import run
from sweeps.graph import with_identity_baselines
command = read(sys.argv[1:])
store = Store(results_dir(command))
store.prepare()
sys.exit("; ".join(run(with_identity_baselines([plan(point) for point in command.points]), store)) or None)
"""
Answer = TypeVar("Answer")


def until(look: Callable[[], Answer], seconds: float = 120.0) -> Answer:
    """What ``look`` returns once that is anything."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"nothing within {seconds} s: {look}"
        time.sleep(0.05)
    return found


@dataclass
class Bench:
    """A sweep of the command line ``words``, whose results lie in ``root``."""

    slurm: Cluster
    checkout: Checkout
    root: Path
    words: tuple[str, ...]
    launcher: tuple[str, ...] = field(default=())

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """``python run.py`` with the sweep's words, on SLURM."""
        return self.checkout.python("run.py", "-m", *self._words(), "hydra/launcher=slurm", *self.launcher, *more)

    def sweeps(self, command: str, *more: str) -> subprocess.CompletedProcess[str]:
        """``python -m sweeps`` with a command."""
        return self.checkout.python("-m", "sweeps", command, *more, "--results", str(self.root))

    def undisturbed(self, root: Path) -> subprocess.Popen[str]:
        """Begin to make the same at another place, in one process, with the code as it was submitted."""
        words = ["-m", *self.words, *TINY, f"results_dir={root}"]
        return subprocess.Popen(
            [sys.executable, "-c", UNDISTURBED, *words],
            cwd=submissions(self.folder)[0].facts["code"],
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},  # the code stays as frozen
            stderr=subprocess.PIPE,
            text=True,
        )

    def _words(self) -> list[str]:
        return [*self.words, *TINY, f"results_dir={self.root}"]

    @property
    def folder(self) -> Path:
        """The sweep's folder."""
        (found,) = (self.root / "sweeps").iterdir()
        return found

    @property
    def state(self) -> Sweep:
        """The sweep as it stands now."""
        return Sweep(self.root, self.folder)

    def jobs(self, number: int = 1) -> dict[str, SubmittedJob]:
        """The jobs of a submission by what they make: "training codec", "sampling chain" (the last one, if several)."""
        found = {}
        for job in self.state.jobs:
            if job.submission.folder.name == str(number):
                spec = json.loads(job.submission.path(job.facts["number"], "json").read_bytes())
                stage = spec["tasks"][0]["stage"]
                found[f"{job.facts['kind']} {job.facts['method']}{stage and ' ' + stage}"] = job
        return found

    def report(self, number: int = 1) -> str:
        """What the cluster calls the job that reports."""
        return ids(submissions(self.folder)[number - 1])[REPORT]

    def middle(self, job: SubmittedJob) -> None:
        """Wait until a training is in its middle: it runs, and has left a checkpoint in this life."""
        entry = self.root / "trainings" / job.facts["tasks"][0]
        before = set(entry.glob("checkpoint-*"))
        self.slurm.wait(job.name, "RUNNING", seconds=90)

        def left() -> bool:
            assert self.slurm.states()[job.name] == "RUNNING", self.said(job)
            return bool(set(entry.glob("checkpoint-*")) - before)

        until(left, 60)

    def said(self, job: SubmittedJob) -> str:
        """The whole log of a job."""
        return log_of(job.submission, job.name).read_text()

    def last(self, job: SubmittedJob) -> str:
        """What the last life of a job has said."""
        return last_life(log_of(job.submission, job.name))

    def kill(self, job: SubmittedJob) -> None:
        """``kill -9`` of the process that does a job."""
        (now,) = [each for each in self.state.jobs if each.name == job.name]
        os.kill(int(now.attempts[-1].place["pid"]), signal.SIGKILL)


def held(root: Path) -> Mapping[str, bytes]:
    """The bytes of all that was trained, sampled and scored."""
    return {
        f"{level}/{entry.name}": (entry / name).read_bytes()
        for level, name in FILES.items()
        for entry in (root / level).iterdir()
        if (entry / "DONE").exists()
    }


def figures(root: Path) -> pd.DataFrame:
    """What all records tell of pictures, without the times."""
    return reports.load(root)[FIGURES].sort_values(FIGURES[:3]).reset_index(drop=True)


def same(root: Path, other: Path) -> None:
    """Both stores hold the same to the last bit."""
    assert held(root).keys() == held(other).keys()
    assert [name for name, data in held(root).items() if held(other)[name] != data] == []
    pd.testing.assert_frame_equal(figures(root), figures(other), check_exact=True)
