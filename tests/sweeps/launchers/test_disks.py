"""Sweeps on disks that can't be written, or are full."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sweeps.checkout_for_tests import ROOT, TINY, Checkout
from tests.sweeps.launchers.test_faults import figures, made

SWEEP = ("-m", "method=ddim", "sampler.eta=0,1", "train.steps=4", *TINY)
HERE = Checkout(ROOT)


@pytest.fixture
def mounted(tmp_path):
    """Mounts something on a folder, and takes it away again."""
    places: list[Path] = []

    def mount(*words: str, on: str) -> Path:
        place = tmp_path / on
        place.mkdir()
        if os.getuid() or subprocess.run(["mount", *words, str(place)], capture_output=True).returncode:
            pytest.skip("no mount here: it needs root")
        places.append(place)
        return place

    yield mount
    for place in reversed(places):
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_finished_sweep_is_shown_from_a_store_that_cannot_be_written(tmp_path, mounted):
    store = tmp_path / "store"
    first = HERE.python("run.py", *SWEEP, f"results_dir={store}")
    assert first.returncode == 0, first.stderr
    place = mounted("--bind", str(store), on="shared")
    subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
    again = HERE.python("run.py", *SWEEP, f"results_dir={place}")
    assert again.returncode == 0, again.stderr
    assert again.stdout == first.stdout and "can't be written" in again.stderr
    more = HERE.python("run.py", *SWEEP, "seed=1", f"results_dir={place}")
    assert more.returncode == 2 and more.stderr.count("\n") == 1 and "cannot be written (Read-only" in more.stderr
    for words in (("status",), ("plan", *SWEEP, f"results_dir={place}")):
        told = HERE.python("-m", "sweeps", *words, *(() if words[0] == "plan" else ("--results", str(place))))
        assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("launcher", [(), ("hydra/launcher=local", "hydra.launcher.workers=2")])
def test_a_full_disk_is_told_and_the_sweep_goes_on_after_space_is_freed(tmp_path, mounted, launcher):
    """The ballast leaves room for the folders, not for the weights."""
    whole = tmp_path / "whole"
    assert HERE.python("run.py", *SWEEP, f"results_dir={whole}").returncode == 0
    disk = mounted("-t", "tmpfs", "-o", "size=8m", "tmpfs", on="disk")
    free = shutil.disk_usage(disk).free
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(b"\0" * (free - (2_600_000 if launcher else 200_000)))
    full = HERE.python("run.py", *SWEEP, *launcher, f"results_dir={disk / 'results'}")
    assert full.returncode in (1, 2), full.stderr
    assert "free some space" in full.stderr
    assert not [path for path in disk.glob("results/**/DONE") if "trainings" in path.parts]
    (disk / "ballast").unlink()
    again = HERE.python("run.py", *SWEEP, *launcher, f"results_dir={disk / 'results'}")
    assert again.returncode == 0, again.stderr
    assert made(disk / "results") == made(whole)
    assert figures(disk / "results").equals(figures(whole))
