"""One point from its plan to its record: what is in the store is used, what is missing or damaged is made.

Torch is imported only where something has to be made.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from harness import records
from harness.ensure import ensure, whole
from harness.plan import Plan, Stage
from harness.progress import progress
from harness.score import score_all
from harness.store import Entry, Store, read_npz


def execute(plan: Plan, store: Store) -> Path:
    """Make whatever is missing of a point and return its record's path. Raises `PointFailed` or `UserError`."""
    samples = store.entry("samples", plan.samples.key)
    inputs = store.entry("inputs", plan.inputs.key)
    ensure(inputs, partial(_inputs, plan))  # first: what the data can't give is told before anything is trained
    drawn = whole(samples)
    for stage in plan.stages:
        entry = store.entry("trainings", stage.key)
        if not drawn or entry.status == "done":  # trainings that were cleared away are not missed by their samples
            ensure(entry, partial(_train, plan, stage, store))
    ensure(samples, partial(_sample, plan, store))
    return _record(plan, store, score_all(plan, store))


def _train(plan: Plan, stage: Stage, store: Store, entry: Entry) -> None:
    from harness.train import train

    train(plan, stage, store, entry)


def _inputs(plan: Plan, entry: Entry) -> None:
    from harness.batches import Data, write_inputs

    write_inputs(entry, Data(plan), dict(plan.inputs.facts))


def _sample(plan: Plan, store: Store, entry: Entry) -> None:
    from harness.build import trained
    from harness.sample import sample

    method = trained(plan, store)
    pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
    with progress(f"sample {plan.point.name('method')} ({plan.samples.key[:8]})", len(pictures["ids"])) as bar:
        sample(method, plan.point, pictures, entry, bar)


def _record(plan: Plan, store: Store, scores: records.Scores) -> Path:
    path = records.path_of(store.root, plan.run)
    samples = store.entry("samples", plan.samples.key)
    with samples.lock():  # two scorings of the same samples write the same record
        wanted = {(name, facts["protocol"]) for name, (facts, _) in scores.items()}
        if path.exists() and wanted <= records.stamps_in(path):
            return path
        inputs = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
        trained = [store.entry("trainings", stage.key) for stage in plan.stages]
        seconds = sum(entry.facts()["train_seconds"] if entry.status == "done" else np.nan for entry in trained)
        cost = {**samples.facts()["cost"], "train_seconds": seconds, **_flat_hardware(samples)}
        cost["sources"] = len(np.unique(inputs.get("sources", inputs["ids"])))
        return records.write(store.root, plan, records.rows(plan, scores, cost))


def _flat_hardware(samples: Entry) -> dict[str, object]:
    return {f"hardware.{name}": value for name, value in samples.facts()["hardware"].items()}
