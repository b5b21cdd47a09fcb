"""Making what a point lacks, one piece at a time: what is in the store is used, what is missing or damaged is made.

Torch is imported only where something has to be made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.evaluation.score import score_all
from harness.planning.plan import Plan, Training
from harness.progress import progress
from harness.store import records
from harness.store.ensure import ensure
from harness.store.entries import Entry, Store, read_npz
from harness.threads import share_cores
from harness.trackers import track


def inputs(plan: Plan, store: Store) -> None:
    """The degraded test pictures, made once for everybody."""

    def make(entry: Entry) -> None:
        from harness.training.batches import Data, write_inputs

        write_inputs(entry, Data(plan), dict(plan.inputs.facts))

    ensure(store.entry("inputs", plan.inputs.key), plan.inputs.facts, make)


def training(plan: Plan, stage: Training, store: Store) -> None:
    """One training of a point; those that it builds on are in the store."""

    def make(entry: Entry) -> None:
        from harness.training.train import train

        share_cores()
        train(plan, stage, store, entry)

    ensure(store.entry("trainings", stage.key), stage.facts, make)


def samples(plan: Plan, store: Store) -> None:
    """A point's samples; its trainings and inputs are in the store."""

    def make(entry: Entry) -> None:
        from harness.evaluation.sample import sample
        from harness.training.build import trained

        share_cores()
        method = trained(plan, store)
        pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
        title = f"sample {plan.config.name('method')} ({plan.samples.key[:8]})"
        with progress(title, len(pictures["ids"])) as bar:
            sample(method, plan.config, pictures, entry, bar)

    ensure(store.entry("samples", plan.samples.key), plan.samples.facts, make)


def record(plan: Plan, store: Store) -> None:
    """A point's scores, as far as they are missing, and its record; its samples are in the store."""
    scores = score_all(plan, store)
    drawn = store.entry("samples", plan.samples.key)
    with drawn.lock():  # two scorings of the same samples write the same record
        if records.holds(store.root, plan):
            return
        pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
        sources = dict(zip(pictures["ids"].tolist(), pictures["sources"].tolist(), strict=True))
        cost = _cost(drawn, [store.entry("trainings", stage.key) for stage in plan.stages])
        head = records.head(plan, cost | {"sources": len(set(sources.values()))})
        path = records.write(store.root, plan, head, records.figures(scores, sources))
    track.record(plan, store, path)


def _cost(samples: Entry, trainings: Sequence[Entry]) -> dict[str, object]:
    """What a run's samples and trainings took, and on what: of the trainings their seconds together and the most
    threads of one, NaN where that is not known."""
    facts = samples.facts()
    known = [entry.facts() if entry.sound else {} for entry in trainings]
    seconds, threads = ([one.get(name, np.nan) for one in known] for name in ("train_seconds", "threads"))
    trained = {"train_seconds": sum(seconds), "train_threads": float(np.max(threads)) if threads else np.nan}
    return {**facts["cost"], **trained, **{f"hardware.{name}": value for name, value in facts["hardware"].items()}}
