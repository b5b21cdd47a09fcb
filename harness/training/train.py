"""Training one stage of a point, from its plan to its finished entry, on one device or on several."""

from __future__ import annotations

from dataclasses import replace

from harness.distributed.group import ProcessGroup
from harness.distributed.ranks import start
from harness.planning.plan import Plan, Training
from harness.progress import progress
from harness.store.entries import Entry, Store
from harness.trackers import track
from harness.training.batches import Data
from harness.training.build import built, component, device_of, load_stage
from harness.training.fit import Silent, TrainingJob, fit
from harness.training.unnamed import unnamed
from methods.observation import Batch, Observation
from methods.training import Train


def train(plan: Plan, stage: Training, store: Store, entry: Entry) -> None:
    """Train a stage to its end in ``entry``, whose lock the caller holds, on top of the stages it builds on.

    With ``train.devices`` > 1 as many processes do it. Raises `TrainingFailed`, `RankFailed` or `UserError`.
    """
    if _options(plan, stage).devices > 1:
        start(plan, stage, store)
    else:
        train_in(ProcessGroup(device_of(plan.config)), plan, stage, store, entry)


def train_in(group: ProcessGroup, plan: Plan, stage: Training, store: Store, entry: Entry) -> None:
    """This process's part of a training that ``group`` does together; rank 0 writes ``entry`` and tells how far it is.

    Raises `TrainingFailed` or `UserError`.
    """
    config, data, options = plan.config, Data(plan), _options(plan, stage)
    method = built(config, stage.method, stage.options, data.source.shape, group.device, stage.name)
    for upstream in plan.stages:
        if upstream.name in stage.after:
            load_stage(method, upstream, store)
    job = TrainingJob(
        stage.name,
        options.steps,
        options.checkpoint_seconds,
        config.values["seed"],
        lambda step: observable(stage, data.batch(step, options.batch_size, group.device, group.rank, group.size)),
        group,
    )
    if group.rank > 0:
        fit(method, job, entry, Silent())
        return
    entry.begin(stage.facts)  # by the one that publishes: it promises what it wrote itself
    with (
        progress(f"train {stage.method} ({stage.key[:8]})", options.steps) as bar,
        track.training(plan, stage, store.root, options.steps) as follow,
    ):
        fit(method, job, entry, bar, follow)


def observable(stage: Training, batch: Batch) -> Batch:
    """The batch as a stage may see it: without what is given, where it does not depend on the task."""
    if stage.kind == "generation":
        return replace(batch, observation=Observation(len(batch.clean)))
    return batch if "task" in stage.reads else replace(batch, observation=unnamed(stage.method, "task"))


def _options(plan: Plan, stage: Training) -> Train:
    options = component(plan.config, stage.train)
    assert isinstance(options, Train)
    return options
