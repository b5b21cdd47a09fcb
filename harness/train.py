"""Training one stage of a point, from its plan to its finished entry."""

from __future__ import annotations

from safetensors.torch import load

from harness.batches import Data
from harness.build import built, component, device_of
from harness.fit import Job, fit
from harness.plan import Plan, Stage
from harness.progress import progress
from harness.store import Entry, Store
from methods.training import Train


def train(plan: Plan, stage: Stage, store: Store, entry: Entry) -> None:
    """Train a stage to its end in ``entry``, whose lock the caller holds, on top of the stages it builds on."""
    point, data, device = plan.point, Data(plan), device_of(plan.point)
    options = component(point, "train")
    assert isinstance(options, Train)
    method = built(point, stage.method, stage.options, data.source.shape, device)
    for upstream in plan.stages:
        if upstream.name in stage.after:
            method.load(upstream.name, load(store.entry("trainings", upstream.key).read("weights.safetensors")))
    job = Job(
        stage.name,
        options.steps,
        options.checkpoint_seconds,
        point.config["seed"],
        lambda step: data.batch(step, options.batch_size, device),
    )
    with progress(f"train {stage.method} ({stage.key[:8]})", options.steps) as bar:
        fit(method, job, entry, bar)
