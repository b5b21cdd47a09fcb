"""Choosing a tracker: it changes no key, and what is missing or mistyped is told before anything is imported."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from errors import UserError
from harness.config.commandline import read
from harness.config.nodes import GROUPS
from harness.planning.plan import plan
from harness.trackers.base import check_installed
from registry import catalog

ROOT = Path(__file__).parents[3]
TINY = ("scale=smoke", "dataset.size=16", "images=2", "task=denoise")
REAL = [name for name, component in catalog()["tracker"].items() if not component.facts.idle]


@pytest.fixture
def everything_is_there(monkeypatch):
    """As if the packages of all trackers were installed: choosing one imports none."""
    plan(read(TINY).points[0])  # the photographs are found by find_spec too
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: ModuleSpec(name, None, origin="here"))


@pytest.mark.parametrize("word", ["none", *REAL])
def test_a_tracker_enters_no_key_and_no_column(word, everything_is_there):
    every = ["tracker.every=3"] if word in REAL else []
    plain, watched = (plan(read([*TINY, *words]).points[0]) for words in ([], [f"tracker={word}", *every]))
    for name in ("run", "stages", "inputs", "samples", "references", "scores", "columns"):
        assert getattr(plain, name) == getattr(watched, name), name
    assert "tracker" not in GROUPS and not [name for name in watched.columns if "tracker" in name]


@pytest.mark.parametrize("tracker", REAL)
def test_a_missing_package_is_told_in_one_line_before_anything_is_imported(tracker, monkeypatch):
    def nowhere(name: str, package: str | None = None) -> ModuleSpec | None:
        return None

    plan(read(TINY).points[0])  # the photographs are found by find_spec too
    monkeypatch.setattr(importlib.util, "find_spec", nowhere)
    with pytest.raises(UserError, match=f"tracker={tracker}: not installed: .*; pip install") as caught:
        read([*TINY, f"tracker={tracker}"])
    assert "\n" not in str(caught.value)
    check_installed("none", {})


def test_a_folder_of_the_packages_name_is_no_package(monkeypatch):
    plan(read(TINY).points[0])  # the photographs are found by find_spec too
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: ModuleSpec(name, None, is_package=True))
    with pytest.raises(UserError, match="not installed: wandb"):
        check_installed("wandb", {})


def test_a_server_needs_no_sql(monkeypatch):
    missing = ("sqlalchemy", "alembic")
    here = ModuleSpec("mlflow", None, origin="mlflow/__init__.py")
    plan(read(TINY).points[0])  # the photographs are found by find_spec too
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else here)
    check_installed("mlflow", {"uri": "http://server:5000"})
    with pytest.raises(UserError, match="not installed: sqlalchemy, alembic;"):
        check_installed("mlflow", {"uri": ""})


@pytest.mark.parametrize(
    "words,said",
    [
        (["tracker=tensorbord"], "did you mean tensorboard?"),
        (["tracker.every=5"], "tracker=none has no option every"),
        (["tracker=wandb", "tracker.mode=offlin"], "did you mean offline?"),
        (["tracker=tensorboard", "tracker.every=0"], "tracker.every=0: must lie in [1, inf)"),
        (["tracker=tensorboard", "tracker.project=x"], "tracker=tensorboard has no option project"),
    ],
)
def test_mistakes_are_told_in_one_line(words, said, everything_is_there):
    with pytest.raises(UserError) as caught:
        read([*TINY, *words])
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_choosing_a_tracker_imports_none():
    words = [*TINY, "tracker=wandb", "tracker.every=5"]
    if importlib.util.find_spec("wandb") is None:
        pytest.skip("tracker=wandb needs wandb: pip install -e '.[trackers]'")
    code = "import sys, harness.config.commandline as c, harness.planning.plan as p; "
    code += f"p.plan(c.read({words!r}).points[0]); "
    code += "print([m for m in ('torch', 'wandb', 'mlflow', 'tensorboard', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
