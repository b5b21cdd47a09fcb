"""One point from its plan to its record: what is in the store is used, what is missing or damaged is made.

Torch is imported only where something has to be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from harness.evaluation.score import score_all
from harness.planning.plan import Plan, Training
from harness.progress import progress
from harness.store import recorded, records
from harness.store.ensure import ensure, whole
from harness.store.entries import Entry, Store, read_npz
from harness.threads import share_cores
from harness.trackers import track


def execute(plan: Plan, store: Store) -> Path:
    """Make whatever is missing of a point and return its record's path. Raises `PointFailed` or `UserError`."""
    inputs(plan, store)  # first: what the data can't give is told before anything is trained
    drawn = whole(store.entry("samples", plan.samples.key))
    for stage in plan.stages:
        # Trainings that were cleared away are not missed by their samples.
        if not drawn or store.entry("trainings", stage.key).status == "done":
            training(plan, stage, store)
    samples(plan, store)
    return record(plan, store)


def inputs(plan: Plan, store: Store) -> None:
    """The degraded test pictures, made once for everybody."""
    ensure(store.entry("inputs", plan.inputs.key), plan.inputs.facts, partial(_inputs, plan))


def training(plan: Plan, stage: Training, store: Store) -> None:
    """One training of a point; those that it builds on are in the store."""
    ensure(store.entry("trainings", stage.key), stage.facts, partial(_train, plan, stage, store))


def samples(plan: Plan, store: Store) -> None:
    """A point's samples; its trainings and inputs are in the store."""
    ensure(store.entry("samples", plan.samples.key), plan.samples.facts, partial(_sample, plan, store))


def record(plan: Plan, store: Store) -> Path:
    """A point's scores, as far as they are missing, and its record."""
    return _record(plan, store, score_all(plan, store))


def _train(plan: Plan, stage: Training, store: Store, entry: Entry) -> None:
    from harness.training.train import train

    share_cores()
    train(plan, stage, store, entry)


def _inputs(plan: Plan, entry: Entry) -> None:
    from harness.training.batches import Data, write_inputs

    write_inputs(entry, Data(plan), dict(plan.inputs.facts))


def _sample(plan: Plan, store: Store, entry: Entry) -> None:
    from harness.evaluation.sample import sample
    from harness.training.build import trained

    share_cores()
    method = trained(plan, store)
    pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
    with progress(f"sample {plan.config.name('method')} ({plan.samples.key[:8]})", len(pictures["ids"])) as bar:
        sample(method, plan.config, pictures, entry, bar)


def _record(plan: Plan, store: Store, scores: records.Scores) -> Path:
    path = recorded.path_of(store.root, plan.run)
    drawn = store.entry("samples", plan.samples.key)
    with drawn.lock():  # two scorings of the same samples write the same record
        if records.holds(store.root, plan):
            return path
        pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
        trained = [store.entry("trainings", stage.key) for stage in plan.stages]
        cost = {**drawn.facts()["cost"], **_trained(trained), **_flat_hardware(drawn)}
        sources = dict(zip(pictures["ids"].tolist(), pictures["sources"].tolist(), strict=True))
        cost["sources"] = len(set(sources.values()))
        written = records.write(store.root, plan, records.head(plan, cost), records.figures(scores, sources))
    track.record(plan, store, written)
    return written


def _trained(trainings: Sequence[Entry]) -> dict[str, float]:
    """What a run's trainings took: their seconds together, and the most threads of one; NaN where that is not known."""
    facts = [entry.facts() if entry.sound else {} for entry in trainings]
    seconds, threads = ([one.get(name, np.nan) for one in facts] for name in ("train_seconds", "threads"))
    return {"train_seconds": sum(seconds), "train_threads": float(np.max(threads)) if threads else np.nan}


def _flat_hardware(samples: Entry) -> dict[str, object]:
    return {f"hardware.{name}": value for name, value in samples.facts()["hardware"].items()}
