"""What methods are handed: the task's operator and noise, and random numbers of any shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from datasets.base import Item
from datasets.io.pixels import from_uint8
from errors import UserError
from harness.seeding import SeededNoise
from harness.training.batches import Data, measurement_of, observation, to_tensor
from harness.training.train import observable
from methods.observation import Batch, Observation
from registry import catalog, create, find
from tests.harness.distributed.ranks_for_tests import made

CPU = torch.device("cpu")
LINEAR = {
    "denoise": ({"sigma": 0.0}, {"sigma": 25.0}),
    "sr": ({"factor": 2}, {"factor": 4}),
    "colorize": ({},),
    "deblur": ({"sigma": 0.6}, {"sigma": 2.0}, {"sigma": 6.0}),
    "inpaint": ({"mask": "center"}, {"mask": "box"}, {"mask": "pixels", "share": 0.7}),
}
CASES = [(name, options) for name, variants in LINEAR.items() for options in variants]


def test_the_linear_tasks_say_so_and_no_others():
    linear = {name for name in catalog()["task"] if create("task", name, {}).measurement() is not None}
    assert linear == set(LINEAR)
    assert create("task", "sr", {"kernel": "bicubic"}).measurement() is None
    for name, options in CASES:
        find("operator", create("task", name, options).measurement().operator)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("side", [(16, 16), (24, 8), (15, 33)])
def test_the_operator_is_what_the_task_does_to_a_picture(name, options, side):
    """Exactly, before 8 bit and without noise; what the task saves is that to half a step of 8 bit."""
    channels = 3 if name == "colorize" else 1
    if name == "sr" and side == (15, 33):
        options, side = {"factor": 3}, (15, 33)
    task, rng = create("task", name, options), np.random.default_rng(0)
    items = [Item(str(k), rng.integers(0, 256, (*side, channels), dtype=np.uint8)) for k in range(3)]
    pairs = [task.pair(item, np.random.default_rng(k)) for k, item in enumerate(items)]
    arrays = {part: np.stack([getattr(pair, part) for pair in pairs]) for part in ("clean", "degraded")}
    if pairs[0].mask is not None:
        arrays["mask"] = np.stack([pair.mask for pair in pairs])
    seen = observation(arrays, slice(None), CPU, task.measurement())
    found = seen.operator.apply(to_tensor(arrays["clean"], CPU).double())
    if name != "denoise":
        exact = [task.degrade(from_uint8(pair.clean), np.random.default_rng(k)) for k, pair in enumerate(pairs)]
        assert_close(found, torch.from_numpy(np.stack(exact)).permute(0, 3, 1, 2).double() * 2 - 1, rtol=0, atol=4e-6)
        assert seen.noise_std == 0
        assert float((found - seen.degraded).abs().max()) <= 1 / 255 + 1e-5
    else:
        assert seen.noise_std == pytest.approx(2 * options["sigma"] / 255)
        assert float((found - seen.degraded).std()) == pytest.approx(seen.noise_std, rel=0.2, abs=1e-6)


def test_the_noise_of_denoising_has_the_stated_strength():
    clean = np.full((1, 256, 256, 3), 128, np.uint8)
    task = create("task", "denoise", {"sigma": 20.0})
    degraded = task.pair(Item("a", clean[0]), np.random.default_rng(0)).degraded[None]
    seen = observation({"clean": clean, "degraded": degraded}, slice(None), CPU, task.measurement())
    error = seen.degraded - seen.operator.apply(to_tensor(clean, CPU))
    assert float(error.std()) == pytest.approx(seen.noise_std, rel=0.01)


def test_training_batches_and_test_inputs_carry_the_operator():
    plan = made("task=inpaint")
    data = Data(plan)
    batch = data.batch(0, 4, CPU)
    assert_close(batch.observation.operator.apply(batch.clean), batch.observation.degraded, rtol=0, atol=1.01 / 255)
    inputs = data.tests()
    for rows in (slice(0, 1), np.array([1, 0])):
        seen = observation(inputs, rows, CPU, measurement_of(plan.config))
        clean = to_tensor(inputs["clean"][rows], CPU)
        assert_close(seen.operator.apply(clean), seen.degraded, rtol=0, atol=1.01 / 255)
        assert torch.equal(seen.to(CPU, torch.float64).operator.apply(clean), seen.operator.apply(clean))
    rain = Data(made("task=rain")).batch(0, 1, CPU).observation
    assert rain.operator is None and rain.noise_std is None
    assert Data(made("task=generate")).batch(0, 1, CPU).observation.operator is None


def test_a_stage_that_does_not_read_the_task_sees_no_operator():
    plan = made("task=inpaint")
    stage = plan.stages[0]
    batch = Data(plan).batch(0, 2, CPU)
    assert observable(stage, batch) is batch
    stage = replace(stage, reads=tuple(slot for slot in stage.reads if slot != "task"))
    for part in ("operator", "noise_std", "degraded"):
        with pytest.raises(UserError, match="uses task"):
            getattr(observable(stage, batch).observation, part)


def test_random_numbers_of_a_batch_have_any_shape_and_ranks_draw_their_rows():
    def batch(first: int, rows: int) -> Batch:
        return Batch(torch.zeros(rows, 3, 8, 8), Observation(rows), torch.Generator().manual_seed(3), 6, first)

    whole, parts = batch(0, 6), [batch(first, 2) for first in (0, 2, 4)]
    for shape in ((), (5,), (4, 2, 2), None):
        together = whole.normal(shape)
        assert together.shape == (6, *((3, 8, 8) if shape is None else shape))
        assert torch.equal(torch.cat([part.normal(shape) for part in parts]), together)
    large = torch.cat([batch(0, 6).normal((100,)).flatten(), whole.normal((1000,)).flatten()])
    assert abs(float(large.mean())) < 0.05 and abs(float(large.std()) - 1) < 0.05


def test_z_is_noise_of_its_own_for_each_picture():
    noise = SeededNoise(0, "photos", ["a", "b"])
    z = noise.normal("z", 0, (16,))
    assert z.shape == (2, 16) and not torch.equal(z[0], z[1])
    assert torch.equal(SeededNoise(0, "photos", ["b"]).normal("z", 0, (16,))[0], z[1])
    assert not torch.equal(noise.normal("init", 0, (16,)), z) and not torch.equal(noise.normal("z", 1, (16,)), z)
