"""A checkout, and with it its results, in a folder whose name SLURM and the shell would read in their own way."""

from __future__ import annotations

import pytest

from harness.config.words import quoted
from tests.slurm.sweeps_for_tests import until
from tests.sweeps.checkout_for_tests import ROOT, TINY, Checkout, checkout
from tests.sweeps.test_paths import NAME

FOLDER = NAME.replace("\\", "") + " %%"
SWEEP = ("-m", "method=ddim", "sampler.eta=0,1", "train.steps=2", *TINY)


def test_a_sweep_works_in_any_folder(slurm, tmp_path):
    """Arrays and single jobs; their logs lie where `python -m sweeps logs` finds them, and nowhere else."""
    copy = checkout(tmp_path / FOLDER)
    done = copy.python("run.py", *SWEEP, "hydra/launcher=slurm", "hydra.launcher.chunk=1", "--wait")
    assert done.returncode == 0, done.stderr
    results = copy.root / "results"
    (folder,) = (results / "sweeps").iterdir()
    until(lambda: (folder / "report" / "report.html").exists())
    told = copy.python("-m", "sweeps", "status")
    assert "2 of 2 points are done" in told.stdout, told.stdout
    key = next((results / "trainings").iterdir()).name
    log = copy.python("-m", "sweeps", "logs", key[:8])
    assert f"--- training {key}" in log.stdout, log.stdout
    assert [path.name for path in tmp_path.iterdir()] == [FOLDER]


@pytest.mark.parametrize("name", ["a\\b", "a%jb", "%A"])
def test_a_folder_that_slurm_would_take_for_another_is_refused(slurm, tmp_path, name):
    """Before anything is written there."""
    words = [f"results_dir={quoted(str(tmp_path / name))}", "hydra/launcher=slurm"]
    done = Checkout(ROOT).python("run.py", *SWEEP, *words)
    assert done.returncode == 2 and done.stderr.count("can't write to a path with") == 1, done.stderr
    assert not list(tmp_path.glob("*/sweeps/*/submissions"))
