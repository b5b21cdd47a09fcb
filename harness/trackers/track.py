"""What is tracked: a training while it runs, and a record once it is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.config.run_config import RunConfig
from harness.planning.plan import Plan, Training
from harness.store.entries import Store, read_npz
from harness.store.recorded import read
from harness.trackers.base import Tracker, Value
from harness.trackers.session import Session
from registry import find

if TYPE_CHECKING:
    import pandas as pd

Curve = Callable[[int, Mapping[str, float]], None]
SHOWN = 8  # pictures of a record
COSTS = ("nfe", "seconds_per_image", "gflops_per_image", "peak_memory_mb", "parameters", "train_seconds")


def untracked(step: int, values: Mapping[str, float]) -> None:
    """The curve of a training that nobody follows."""


@contextmanager
def training(plan: Plan, stage: Training, root: Path, steps: int) -> Iterator[Curve]:
    """While a stage is trained: where it tells its losses after each step, 1 to ``steps``, by name.

    A resumed training tells the steps that it has behind it first. Every ``tracker.every``-th step is kept, and the
    last. Below ``root``, the results' folder.
    """
    if _idle(plan.config):
        yield untracked
        return
    name = f"trainings/{stage.method}-{stage.name}-{stage.key[:8]}"
    with _session(plan.config, root) as session:
        session.attempt(lambda tracker: tracker.open(stage.key, name, _options(plan.config, stage)))

        def curve(step: int, values: Mapping[str, float]) -> None:
            def add(tracker: Tracker) -> None:
                if step % tracker.every == 0 or step == steps:
                    tracker.curve(step, {f"train/{name}": value for name, value in values.items()})

            session.attempt(add)

        yield curve


def record(plan: Plan, store: Store, path: Path) -> None:
    """Log the record that was just written at ``path``: its columns, its figures and its first pictures."""
    if _idle(plan.config):
        return
    with _session(plan.config, store.root) as session:
        session.attempt(lambda tracker: _record(tracker, plan, store, path))


def _record(tracker: Tracker, plan: Plan, store: Store, path: Path) -> None:
    (head, table), config = read(path), plan.config
    name = f"records/{config.name('method')}-{config.name('task')}-{config.name('dataset')}-{plan.run[:8]}"
    tracker.open(plan.run, name, configuration(head))
    tracker.figures(figures(head, table.to_pandas()))
    images = pictures(plan, store)
    if len(images):
        tracker.pictures("pictures", images)


def _idle(config: RunConfig) -> bool:
    return find("tracker", config.name("tracker")).facts.idle


def _session(config: RunConfig, root: Path) -> Session:
    return Session(config.name("tracker"), config.options("tracker"), root)


def _options(config: RunConfig, stage: Training) -> dict[str, Value]:
    """What a training depends on, by column, as its key does."""
    method = RunConfig({"method": {"name": stage.method, **stage.options}}).flat(["method"])
    rest = {name: config.values[name] for name in ("seed", "precision", "scale")}
    return {name: _plain(value) for name, value in (method | config.flat(stage.reads) | rest).items()}


def configuration(head: Mapping[str, Any]) -> dict[str, Value]:
    """What the head of a record says that it is of: all but the measured costs."""
    return {name: _plain(value) for name, value in head.items() if name not in COSTS}


def figures(head: Mapping[str, Any], rows: pd.DataFrame) -> dict[str, float]:
    """``metric/<name>``, the mean of its rows, and ``cost/<name>``; those that are finite."""
    means = rows[rows["metric"] != ""].groupby("metric", observed=True)["value"].mean()
    found = {f"metric/{name}": float(value) for name, value in means.items()}
    found |= {f"cost/{name}": float(head[name]) for name in COSTS if head.get(name) is not None}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def pictures(plan: Plan, store: Store) -> np.ndarray:
    """The first pictures, each below what went in and above what it should be: uint8 (N, 2 H or 3 H, W, C).

    N = 0 where the items are points of a plane.
    """
    inputs = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
    made = read_npz(store.entry("samples", plan.samples.key), "samples.npz")["images"]
    rows = [*([inputs["degraded"]] if "degraded" in inputs else []), made, inputs["clean"]]
    return np.concatenate([row[:SHOWN] for row in rows], axis=1) if made.ndim == 4 else made[:0]


def _plain(value: Any) -> Value:
    """A value as every tracker takes it; what is none of numbers, text and bool as text."""
    item = value.item() if isinstance(value, np.generic) else value
    return item if isinstance(item, str | int | float | bool) else str(item)
