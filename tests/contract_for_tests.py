"""What the contract tests do with a registered component: plan it, train it a little, sample from it."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.testing import assert_close

from harness.config.commandline import read
from harness.config.run_config import RunConfig
from harness.evaluation.sample import noise_of, sampler_of
from harness.planning.plan import Plan, Training, plan
from harness.training.batches import Data, measurement_of, observation
from harness.training.build import built, method_of
from harness.training.train import observable
from methods.base import Batch, Method

CPU = torch.device("cpu")
TINY = ("scale=smoke", "dataset.size=16", "train.steps=2", "images=4")
TASKS = {"restoration": "denoise", "generation": "generate"}  # one of each kind


def made(*words: str) -> Plan:
    return plan(read(words).points[0])


def begun(point_plan: Plan, name: str, left: Mapping[str, Mapping[str, Tensor]]) -> Method:
    """The method that trains a stage, as the harness builds it, on top of what upstream stages have ``left``."""
    stage = stage_of(point_plan, name)
    method = built(point_plan.config, stage.method, stage.options, Data(point_plan).source.shape, CPU, name)
    for upstream in stage.after:
        if upstream in left:
            method.parts(upstream).load(left[upstream])
    method.begin(name)
    return method.train()


def stage_of(point_plan: Plan, name: str) -> Training:
    return next(stage for stage in point_plan.stages if stage.name == name)


def batch(point_plan: Plan, name: str, step: int) -> Batch:
    """A batch of two as a stage is shown it."""
    return observable(stage_of(point_plan, name), Data(point_plan).batch(step, 2, CPU))


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone().contiguous() for name, value in tensors.items()}


def trained(point_plan: Plan, steps: int = 2):
    """The method after some steps of each of its stages, its data and the losses."""
    left: dict[str, dict[str, Tensor]] = {}
    losses = []
    method = method_of(point_plan.config, Data(point_plan).source.shape, CPU)
    for stage in point_plan.stages:
        trainer = begun(point_plan, stage.name, left)
        losses += [trainer.update(batch(point_plan, stage.name, step)) for step in range(steps)]
        left[stage.name] = copied(trainer.parts(stage.name).weights())
        method.parts(stage.name).load(left[stage.name])
    return method.eval(), Data(point_plan), losses


def drawn(point_plan: Plan, method, inputs, rows, seed: int = 0) -> torch.Tensor:
    """Samples for some rows of the inputs, in that order, as one batch, in the type of the method's weights."""
    visible = observation(inputs, rows, CPU, measurement_of(point_plan.config))
    visible = visible.to(CPU, next(method.parameters(), torch.zeros(())).dtype)
    point = RunConfig({**point_plan.config.values, "sampling_seed": seed})
    noise = noise_of(point, [str(name) for name in inputs["ids"][rows]])
    with torch.inference_mode():
        return method.sample(visible, sampler_of(point), noise)


def check_batch_invariance(point_plan: Plan, method, inputs, rows) -> None:
    """One by one, in reverse, and together: the same images.

    float64 shows that nothing else of a batch reaches an image. In float32 the networks' own rounding depends on the
    batch and on the processor, and methods enlarge it (noise prediction divides it by 1 - a, 1/157 at the end of DDPM's
    linear schedule): the batch may change an image by a few times what float32 itself does.
    """
    images = {}
    for kind in (torch.float64, torch.float32):
        precise = copy.deepcopy(method).to(kind).eval()
        together = drawn(point_plan, precise, inputs, rows)
        images[kind] = together.double()
        rounding = float((images[kind] - images[torch.float64]).abs().max())
        alone = torch.cat([drawn(point_plan, precise, inputs, rows[k : k + 1]) for k in rows[::-1]]).flip(0)
        allowed = min(1e-9 + 4 * rounding, 1e-3)
        assert_close(alone, together, rtol=0, atol=allowed, msg="the batch or its order changed an image")


def check_method(point_plan: Plan) -> None:
    method, data, losses = trained(point_plan)
    assert all(np.isfinite(value) for loss in losses for value in loss.values())
    inputs = data.tests()
    rows = np.arange(len(inputs["ids"]))
    images = drawn(point_plan, method, inputs, rows)
    assert images.shape == (len(rows), *data.source.shape)
    assert bool(images.isfinite().all())
    assert_close(drawn(point_plan, method, inputs, rows), images, rtol=0, atol=0, msg="same seed, other bits")
    check_batch_invariance(point_plan, method, inputs, rows)
    again, _, repeated = trained(point_plan)
    assert repeated == losses
    assert_close(drawn(point_plan, again, inputs, rows), images, rtol=0, atol=0, msg="same training, other bits")
    other = made(*point_plan.config.overrides, "seed=1")
    assert trained(other)[2] != losses, "another seed, the same losses"
    assert (drawn(point_plan, method, inputs, rows, seed=1) - images).abs().max() > 1e-6, (
        "another seed, the same images"
    )
