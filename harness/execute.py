"""One point from its plan to its record: what is in the store is used, what is missing or damaged is made.

Torch is imported only where something has to be made.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from harness import records
from harness.holder import Holder
from harness.plan import Plan, Stage
from harness.progress import progress, say
from harness.score import applies, score
from harness.store import Damaged, Entry, Store, read_npz


class PointFailed(Exception):
    """A point can't be finished; the message is one line, and the entry that failed keeps the traceback."""


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
    pictures = read_npz(inputs, "inputs.npz")
    scores: dict[str, tuple[Mapping[str, Any], np.ndarray]] = {}
    for name, node in plan.scores.items():
        if applies(name, pictures):
            entry = store.entry("scores", node.key)
            ensure(entry, partial(_score, plan, name, store))
            scores[name] = (entry.facts(), read_npz(entry, "values.npz")["values"])
    return _record(plan, store, [str(name) for name in pictures["ids"]], scores)


def whole(entry: Entry) -> bool:
    """Whether an entry is done and every file is what was written."""
    try:
        entry.verify()
    except Damaged:
        return False
    return True


def ensure(entry: Entry, make: Callable[[Entry], None]) -> None:
    """Make an entry unless it is whole; who comes second waits for the first and uses what it made.

    A damaged entry is named, discarded and made again. A failure is marked in the entry with its traceback and told
    on as `PointFailed`.
    """
    if whole(entry):
        return

    def waiting(holder: Holder) -> None:
        say(
            f"waiting for process {holder.pid} on {holder.host}, which makes {entry.path.parent.name}/{entry.path.name}"
        )

    with entry.lock(waiting):
        if not _usable(entry):
            try:
                make(entry)
            except Exception as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                with suppress(UserError):  # a full disk takes no marker either
                    entry.fail(reason, traceback.format_exc(), {"step": getattr(error, "step", None)})
                raise PointFailed(reason) from error


def _usable(entry: Entry) -> bool:
    """For the lock's holder: whether the entry is done by now; a damaged one is named and discarded."""
    if entry.status != "done":
        return False
    try:
        entry.verify()
    except Damaged as damage:
        say(f"damaged: {damage}; making it again")
        entry.discard()
        return False
    return True


def _train(plan: Plan, stage: Stage, store: Store, entry: Entry) -> None:
    from safetensors.torch import load

    from harness.batches import Data
    from harness.build import component, device_of, method_of
    from harness.fit import Job, fit
    from methods.training import Train

    point, data, device = plan.point, Data(plan), device_of(plan.point)
    train = component(point, "train")
    assert isinstance(train, Train)
    method = method_of(point, data.source.shape, device)
    for upstream in plan.stages:
        if upstream.name in stage.after:
            method.load(upstream.name, load(store.entry("trainings", upstream.key).read("weights.safetensors")))
    job = Job(
        stage.name,
        train.steps,
        train.checkpoint_seconds,
        point.config["seed"],
        lambda step: data.batch(step, train.batch_size, device),
    )
    with progress(f"train {point.name('method')} ({stage.key[:8]})", train.steps) as bar:
        fit(method, job, entry, bar)


def _inputs(plan: Plan, entry: Entry) -> None:
    from harness.batches import Data, write_inputs

    write_inputs(entry, Data(plan), dict(plan.inputs.facts))


def _sample(plan: Plan, store: Store, entry: Entry) -> None:
    from safetensors.torch import load

    from harness.batches import Data
    from harness.build import device_of, method_of
    from harness.sample import sample

    method = method_of(plan.point, Data(plan).source.shape, device_of(plan.point))
    for stage in plan.stages:
        method.load(stage.name, load(store.entry("trainings", stage.key).read("weights.safetensors")))
    pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
    with progress(f"sample {plan.point.name('method')} ({plan.samples.key[:8]})", len(pictures["ids"])) as bar:
        sample(method, plan.point, pictures, entry, bar)


def _score(plan: Plan, name: str, store: Store, entry: Entry) -> None:
    images = read_npz(store.entry("samples", plan.samples.key), "samples.npz")["images"]
    pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
    score(name, plan.point.config["metrics"][name], images, pictures, entry)


def _record(plan: Plan, store: Store, ids: list[str], scores: records.Scores) -> Path:
    path = records.path_of(store.root, plan.run)
    samples = store.entry("samples", plan.samples.key)
    with samples.lock():  # two scorings of the same samples write the same record
        if path.exists() and set(scores) <= records.metrics_in(path):
            return path
        trained = [store.entry("trainings", stage.key) for stage in plan.stages]
        seconds = sum(entry.facts()["train_seconds"] if entry.status == "done" else np.nan for entry in trained)
        cost = {**samples.facts()["cost"], "train_seconds": seconds, **_flat_hardware(samples)}
        return records.write(store.root, plan, records.rows(plan, ids, scores, cost))


def _flat_hardware(samples: Entry) -> dict[str, object]:
    return {f"hardware.{name}": value for name, value in samples.facts()["hardware"].items()}
