"""Hydra's own launchers keep working: they call each point by itself, and the table is read from the disk."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sweeps.checkout_for_tests import ROOT, TINY, Checkout
from tests.sweeps.launchers.test_faults import figures, made

HERE = Checkout(ROOT)
SWEEP = ("-m", "method=ddim", "sampler.eta=0,1", "train.steps=3", *TINY)
LAUNCHERS = {
    "basic": ("hydra.job.name=mine",),  # a word for Hydra itself: without one the points need no Hydra
    "joblib": ("hydra.launcher.n_jobs=2",),
    "submitit_local": ("hydra.launcher.timeout_min=5", "hydra.launcher.submitit_folder={results}/submitit"),
}
PLUGINS = {"joblib": "hydra_plugins.hydra_joblib_launcher", "submitit_local": "hydra_plugins.hydra_submitit_launcher"}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    results = tmp_path_factory.mktemp("plain")
    assert HERE.python("run.py", *SWEEP, f"results_dir={results}").returncode == 0
    return results


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_is_the_same_with_every_launcher(launcher, plain, tmp_path):
    if launcher in PLUGINS:
        pytest.importorskip(
            PLUGINS[launcher], reason=f"hydra/launcher={launcher} needs its plugin: pip install -e '.[launchers]'"
        )
    words = [f"hydra/launcher={launcher}", *(word.format(results=tmp_path) for word in LAUNCHERS[launcher])]
    done = HERE.python("run.py", *SWEEP, *words, f"results_dir={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path) == made(plain)
    pd.testing.assert_frame_equal(figures(tmp_path), figures(plain), check_exact=True)
    assert done.stdout.count("ddim") == 2
    told = HERE.python("-m", "sweeps", "status", "--results", str(tmp_path))
    assert "2 of 2 points are done" in told.stdout
