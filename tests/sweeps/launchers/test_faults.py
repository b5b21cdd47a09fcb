"""Jobs killed at random, hundreds of times: what comes out is what an undisturbed sweep gives."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from reports import load
from sweeps.progress.attempts import attempts
from tests.sweeps.checkout_for_tests import TINY, Checkout, checkout

KILLS = {"training": 140, "sampling": 40, "scoring": 40}
SWEEP = ("-m", "method=codec,chain,ddim", "seed=0,1,2", "train.steps=60", "train.checkpoint_seconds=0")
CHUNKED = ("hydra.launcher.chunk=1", "hydra.launcher.workers=4", "hydra.launcher.threads=1")


class Killer(threading.Thread):
    """Kills jobs that have just begun, each after a random moment, until it has had enough of each kind."""

    def __init__(self, root: Path, seed: int) -> None:
        super().__init__(daemon=True)
        self.root, self.random = root, random.Random(seed)
        self.killed = dict.fromkeys(KILLS, 0)
        self.finished: dict[str, tuple[int, int]] = {}  # the DONE of each training as it was first seen
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            self._look_at_trainings()
            for kind, pid in self._targets():
                if self.killed[kind] < KILLS[kind]:
                    time.sleep(self.random.uniform(0, 0.12))
                    self._kill(kind, pid)
            time.sleep(0.01)

    def _targets(self) -> list[tuple[str, int]]:
        found = []
        for listed in self.root.glob("sweeps/*/submissions/*/submission.json"):
            for job in json.loads(listed.read_text())["jobs"]:
                tries = attempts(listed.parent / "jobs" / f"{job['number']}.attempts.jsonl")
                if tries and tries[-1].open:
                    found.append((job["kind"], int(tries[-1].place["pid"])))
        self.random.shuffle(found)
        return found

    def _kill(self, kind: str, pid: int) -> None:
        try:
            # No later process of that number.
            if "sweeps.launchers.processes" in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
                self.killed[kind] += 1
        except OSError:
            pass

    def _look_at_trainings(self) -> None:
        for done in self.root.glob("trainings/*/DONE"):
            state = done.stat()
            self.finished.setdefault(done.parent.name, (state.st_ino, state.st_mtime_ns))


def made(root: Path) -> dict[str, bytes]:
    """What trainings, samples and scores hold, byte by byte; not what tells the time."""
    names = ("weights.safetensors", "samples.npz", "inputs.npz", "values.npz")
    return {str(path.relative_to(root)): path.read_bytes() for name in names for path in root.glob(f"*/*/{name}")}


def figures(root: Path) -> pd.DataFrame:
    return load(root)[["run", "training", "samples", "image", "metric", "value", "protocol"]]


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Checkout:
    return checkout(tmp_path_factory.mktemp("checkout"))


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs Linux, where jobs are forked")
def test_hundreds_of_kills_change_nothing(copy, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = copy.python("run.py", *SWEEP, *TINY, f"results_dir={whole}")
    assert done.returncode == 0, done.stderr
    killer = Killer(killed, seed=0)
    killer.start()
    words = ("hydra/launcher=local", *CHUNKED, "hydra.launcher.restarts=100000", f"results_dir={killed}")
    done = copy.python("run.py", *SWEEP, *TINY, *words, timeout=600)
    killer.over.set()
    killer.join()
    assert done.returncode == 0, done.stderr
    assert killer.killed == KILLS and sum(KILLS.values()) >= 200
    assert made(killed) == made(whole) and len(made(whole)) > 20
    pd.testing.assert_frame_equal(figures(killed), figures(whole), check_exact=True)
    for key, first in killer.finished.items():
        state = (killed / "trainings" / key / "DONE").stat()
        assert (state.st_ino, state.st_mtime_ns) == first, f"{key} was trained to its end twice"
    left = [path for path in killed.rglob(".*") if path.suffix in (".tmp", ".new", ".trash")]
    assert len(left) <= sum(KILLS.values())  # leftovers have names that nobody takes for results
