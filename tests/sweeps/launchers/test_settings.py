"""What launchers are told: numbers that make sense, or one line; the more particular wish wins."""

from __future__ import annotations

import pytest

from errors import UserError
from sweeps.launchers.settings import check_counts, resources_of
from tests.sweeps.checkout_for_tests import ROOT, TINY, Checkout

GOOD = {"workers": None, "threads": 1, "chunk": 16, "restarts": 0}


@pytest.mark.parametrize("value", [-1, 0, "abc", 1.5, True])
@pytest.mark.parametrize("name", ["workers", "threads", "chunk"])
def test_a_number_that_makes_no_sense_is_told(name, value):
    check_counts(GOOD)
    with pytest.raises(UserError, match=f"hydra.launcher.{name}="):
        check_counts(GOOD | {name: value})


def test_none_means_the_machine_and_nothing_else():
    for name in ("chunk", "restarts"):
        with pytest.raises(UserError, match=name):
            check_counts(GOOD | {name: None})


@pytest.mark.parametrize("word", ["workers=-1", "chunk=0", "restarts=many"])
def test_it_is_one_line_on_the_command_line_and_nothing_is_submitted(word, tmp_path):
    words = ("-m", "method=identity", *TINY, "hydra/launcher=local", f"hydra.launcher.{word}")
    done = Checkout(ROOT).python("run.py", *words, f"results_dir={tmp_path}", timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "expected a whole number" in done.stderr
    assert not list(tmp_path.glob("sweeps/*/submissions"))


def test_the_more_particular_wish_wins():
    wishes = {
        "default": {"time": 10, "cpus": 1},
        "training": {"time": 20},
        "methods": {"rddm": {"training": {"cpus": 8}}},
    }
    asked = resources_of("training", "rddm", wishes)
    assert (asked.time, asked.cpus) == (20, 8)
    assert (resources_of("training", "ddpm", wishes).cpus, resources_of("scoring", "rddm", wishes).time) == (1, 10)
