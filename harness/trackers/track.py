"""What is tracked: a training while it runs, and a record once it is written."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.config.run_config import RunConfig
from harness.planning.plan import Plan, Training
from harness.progress import say
from harness.store.entries import Store, read_npz
from harness.store.recorded import read
from harness.trackers.base import Status, Tracker, Value
from registry import create, find

if TYPE_CHECKING:
    import pandas as pd

Curve = Callable[[int, Mapping[str, float]], None]
Attempt = Callable[[Callable[[Tracker], None]], None]  # does something with a tracker, unless it has failed before
SHOWN = 8  # pictures of a record
COSTS = ("nfe", "seconds_per_image", "gflops_per_image", "peak_memory_mb", "parameters", "train_seconds")
_notes: set[str] = set()


@contextmanager
def follow(name: str, options: Mapping[str, Any], root: Path) -> Iterator[Attempt]:
    """A run of the tracker of that name, below ``root``/trackers, that never breaks what it follows.

    No failure of the tracker gets out: the first is said as a note, each reason once in a process, and ends the
    tracking of this run. An exception of the caller's passes, and closes the run as failed.
    """
    tracker: Tracker | None = None

    def attempt(act: Callable[[Tracker], None]) -> None:
        nonlocal tracker
        if tracker is None:
            return
        try:
            act(tracker)
        except Exception as error:
            _note(name, error)
            with suppress(Exception):
                tracker.close("failed")
            tracker = None

    try:
        folder = root.absolute() / "trackers" / name
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # some libraries would go elsewhere without a word
        tracker = create("tracker", name, options, folder)
    except Exception as error:
        _note(name, error)
    status: Status = "failed"
    try:
        yield attempt
        status = "finished"
    finally:
        attempt(lambda tracker: tracker.close(status))


def _note(name: str, error: Exception) -> None:
    reason = " ".join(str(error).split()) or type(error).__name__
    note = f"note: tracker={name} failed, and what it follows goes on without it: {reason}"
    if note not in _notes:
        _notes.add(note)
        say(note)


def untracked(step: int, values: Mapping[str, float]) -> None:
    """The curve of a training that nobody follows."""


@contextmanager
def training(plan: Plan, stage: Training, root: Path, steps: int) -> Iterator[Curve]:
    """While a stage is trained: where it tells its losses after each step, 1 to ``steps``, by name.

    A resumed training tells the steps that it has behind it first. Every ``tracker.every``-th step is kept, and the
    last. Below ``root``, the results' folder.
    """
    config = plan.config
    if _idle(config):
        yield untracked
        return
    name = f"trainings/{stage.method}-{stage.name}-{stage.key[:8]}"
    with follow(config.name("tracker"), config.options("tracker"), root) as attempt:
        attempt(lambda tracker: tracker.open(stage.key, name, _options(config, stage)))

        def curve(step: int, values: Mapping[str, float]) -> None:
            def add(tracker: Tracker) -> None:
                if step % tracker.every == 0 or step == steps:
                    tracker.curve(step, {f"train/{name}": value for name, value in values.items()})

            attempt(add)

        yield curve


def record(plan: Plan, store: Store, path: Path) -> None:
    """Log the record that was just written at ``path``: its columns, its figures and its first pictures."""
    config = plan.config
    if not _idle(config):
        with follow(config.name("tracker"), config.options("tracker"), store.root) as attempt:
            attempt(lambda tracker: _record(tracker, plan, store, path))


def _record(tracker: Tracker, plan: Plan, store: Store, path: Path) -> None:
    (head, table), config = read(path), plan.config
    name = f"records/{config.name('method')}-{config.name('task')}-{config.name('dataset')}-{plan.run[:8]}"
    # what the record is of: all but the measured costs
    tracker.open(plan.run, name, {name: _plain(value) for name, value in head.items() if name not in COSTS})
    tracker.figures(figures(head, table.to_pandas()))
    images = pictures(plan, store)
    if len(images):
        tracker.pictures("pictures", images)


def _idle(config: RunConfig) -> bool:
    return find("tracker", config.name("tracker")).facts.idle


def _options(config: RunConfig, stage: Training) -> dict[str, Value]:
    """What a training depends on, by column, as its key does."""
    method = RunConfig({"method": {"name": stage.method, **stage.options}}).flat(["method"])
    rest = {name: config.values[name] for name in ("seed", "precision", "scale")}
    return {name: _plain(value) for name, value in (method | config.flat(stage.reads) | rest).items()}


def figures(head: Mapping[str, Any], rows: pd.DataFrame) -> dict[str, float]:
    """``metric/<name>``, the mean of its rows, and ``cost/<name>``; those that are finite."""
    means = rows[rows["metric"] != ""].groupby("metric", observed=True)["value"].mean()
    values = {f"metric/{name}": float(value) for name, value in means.items()}
    values |= {f"cost/{name}": float(head[name]) for name in COSTS if head.get(name) is not None}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def pictures(plan: Plan, store: Store) -> np.ndarray:
    """The first pictures, each below what went in and above what it should be: uint8 (N, 2 H or 3 H, W, C).

    N = 0 where the items are points of a plane.
    """
    inputs = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
    samples = read_npz(store.entry("samples", plan.samples.key), "samples.npz")["images"]
    rows = [*([inputs["degraded"]] if "degraded" in inputs else []), samples, inputs["clean"]]
    return np.concatenate([row[:SHOWN] for row in rows], axis=1) if samples.ndim == 4 else samples[:0]


def _plain(value: Any) -> Value:
    """A value as every tracker takes it; what is none of numbers, text and bool as text."""
    item = value.item() if isinstance(value, np.generic) else value
    return item if isinstance(item, str | int | float | bool) else str(item)
