"""A checkout, and with it its results, in a folder whose name has every character that means something to somebody."""

from __future__ import annotations

import shlex
import subprocess

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from datasets.sources.photographs import Photographs
from errors import UserError
from harness.config.words import quoted
from reports import load
from sweeps.progress.status import results_words
from tests.sweeps.checkout_for_tests import TINY, Checkout, checkout

NAME = "ü (),=#'&~;![]{}<\"$ ${x} %d %% \\ `>|?* 日本"
PICTURES = f"my pictures {NAME}"
ONE = ("method=ddim", "train.steps=2", "dataset=folder", f"dataset.clean={quoted(PICTURES)}", *TINY)
LOCAL = ("-m", "sampler.eta=0,1", *ONE, "hydra/launcher=local", "hydra.launcher.workers=1", "hydra.launcher.threads=1")


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Checkout:
    made = checkout(tmp_path_factory.mktemp("paths") / NAME)
    (made.root / PICTURES).mkdir()
    for place in range(4):
        levels = np.random.default_rng(place).integers(0, 256, (48, 48, 3), np.uint8)
        Image.fromarray(levels).save(made.root / PICTURES / f"{NAME} {place}.png")
    return made


@pytest.fixture(scope="module")
def ran(copy) -> subprocess.CompletedProcess[str]:
    done = copy.python("run.py", *ONE, f"results_dir={quoted(str(copy.root / 'results'))}")
    assert done.returncode == 0, done.stderr
    return done


def test_a_run_and_a_sweep_work_in_any_folder(copy, ran):
    results = copy.root / "results"
    one = load(results)
    swept = copy.python("run.py", *LOCAL)
    assert swept.returncode == 0, swept.stderr
    records = load(results)
    assert sorted(records["method"].unique()) == ["ddim", "identity"] and len(records["run"].unique()) == 3
    same = records[records["run"].isin(one["run"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, same)
    (folder,) = (path for path in (results / "sweeps").iterdir() if (path / "submissions").exists())
    made = [path.name for path in folder.iterdir()]
    assert {"points.json", "table.csv", "grid.png", "report"} <= set(made)
    assert [path.name for path in copy.root.parent.iterdir()] == [NAME]


def test_commands_that_are_told_can_be_pasted(tmp_path):
    assert shlex.split(results_words(tmp_path / NAME)) == ["--results", str(tmp_path / NAME)]
    with pytest.raises(UserError) as caught:
        Photographs(0, root=str(tmp_path / NAME))
    assert shlex.split(str(caught.value).partition("; run: ")[2])[-1] == str(tmp_path / NAME)


def test_the_commands_around_a_sweep_work_there_too(copy, ran):
    results = copy.root / "results"
    for words in (("sweeps", "status"), ("sweeps", "gc"), ("reports", "build", str(results))):
        done = copy.python("-m", *words)
        assert done.returncode == 0, (words, done.stderr)
    assert (results / "report" / "report.html").is_file()
    told = copy.python("-m", "sweeps", "collect")
    assert told.returncode == 0 and str(results / "records") in told.stderr.replace("\n", ""), told.stderr
