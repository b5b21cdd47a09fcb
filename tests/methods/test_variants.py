"""The variants of the methods that there are, and what only some pairs of components can be asked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from errors import UserError
from harness.evaluation.sample import to_pictures
from harness.training.batches import Data
from harness.training.build import method_of
from registry import catalog
from tests.contract_for_tests import CPU, TINY, check_batch_invariance, check_method, drawn, made, trained

RESTORING = [name for name in catalog()["task"] if name not in ("generate", "paired", "translate")]


@pytest.mark.parametrize("method", ["rddm", "ddpm", "ddim"])
@pytest.mark.parametrize("task", ["denoise", "generate"])
def test_every_method_keeps_the_contract_where_each_step_draws(method, task):
    point_plan = made(*TINY, f"method={method}", f"task={task}", "sampler.eta=0.5")
    model, data, _ = trained(point_plan)
    inputs, rows = data.tests(), np.arange(4)
    images = drawn(point_plan, model, inputs, rows)
    assert bool(images.isfinite().all())
    torch.testing.assert_close(
        drawn(point_plan, model, inputs, rows), images, rtol=0, atol=0, msg="same seed, other bits"
    )
    check_batch_invariance(point_plan, model, inputs, rows)
    assert (drawn(point_plan, model, inputs, rows, seed=1) - images).abs().max() > 1e-6, "another seed, the same images"


@pytest.mark.parametrize("predict", ["res", "noise", "res_noise"])
@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize("time", ["index", "level"])
def test_every_variant_of_rddm_keeps_the_contract(predict, networks, time):
    words = (*TINY, "task=deblur", f"method.predict={predict}", f"method.networks={networks}", f"method.time={time}")
    if predict != "res_noise" and networks == 2:
        with pytest.raises(UserError, match="one output"):
            trained(made(*words))
    else:
        check_method(made(*words, "sampler.order=residual_first"))


MASKED = [name for name, task in catalog()["task"].items() if task.facts.masks]


@pytest.mark.parametrize("method", ["rddm", "ddim"])
@pytest.mark.parametrize("task", MASKED)
def test_a_method_may_see_the_mask(method, task):
    words = (*TINY, f"task={task}", f"method={method}", "train.lr=0.01")
    for sees, moves in (("degraded_mask", True), ("degraded", False)):
        point_plan = made(*words, f"method.sees={sees}")
        method_made, data, _ = trained(point_plan)
        inputs, rows = data.tests(), np.arange(2)
        other = {**inputs, "mask": 255 - inputs["mask"]}
        same = torch.equal(*(drawn(point_plan, method_made, arrays, rows) for arrays in (inputs, other)))
        assert same is not moves, f"{sees}: another mask"


def test_a_mask_that_is_not_there_is_told_before_training():
    with pytest.raises(UserError, match="needs masks"):
        trained(made(*TINY, "task=denoise", "method.sees=degraded_mask"))


@pytest.mark.parametrize("predict", ["noise", "clean", "velocity"])
def test_every_parameterization_of_ddpm_keeps_the_contract(predict):
    check_method(made(*TINY, "method=ddpm", "task=denoise", f"method.predict={predict}", "schedule=cosine"))


def test_bf16_trains_and_samples_near_fp32():
    images = []
    for precision in ("fp32", "bf16"):
        point_plan = made(*TINY, "task=deblur", f"precision={precision}")
        method, data, losses = trained(point_plan)
        assert np.isfinite(losses[-1]["loss"])
        images.append(drawn(point_plan, method, data.tests(), np.arange(2)))
    assert images[1].dtype == torch.float32 and bool(images[1].isfinite().all())
    assert 0 < (images[0] - images[1]).abs().mean() < 0.05


@pytest.mark.parametrize("schedule", catalog()["schedule"])
def test_every_schedule_carries_ddim(schedule):
    predict = {"jsd": "velocity"}.get(schedule, "noise")
    scale = {"rddm": ("schedule.sum_scale=1", "method.predict=clean")}.get(schedule, (f"method.predict={predict}",))
    words = made(*TINY, "task=denoise", "method=ddim", f"schedule={schedule}", *scale)
    method, data, losses = trained(words)
    assert np.isfinite(losses[-1]["loss"])
    assert bool(drawn(words, method, data.tests(), np.arange(2)).isfinite().all())


@pytest.mark.parametrize("sampler", catalog()["sampler"])
@pytest.mark.parametrize("order", ["together", "residual_first", "noise_first"])
@pytest.mark.parametrize("spacing", ["uniform", "leading", "quadratic"])
def test_every_sampler_walks_every_way(sampler, order, spacing):
    words = (*TINY, "task=denoise", f"sampler={sampler}", f"sampler.order={order}", f"sampler.spacing={spacing}")
    point_plan = made(*words, "sampler.steps=3")
    method, data, _ = trained(point_plan)
    assert bool(drawn(point_plan, method, data.tests(), np.arange(2)).isfinite().all())


@pytest.mark.parametrize("task", RESTORING)
def test_identity_returns_exactly_what_was_saved_as_degraded(task):
    point_plan = made(*TINY, f"task={task}", "method=identity")
    data = Data(point_plan)
    inputs = data.tests()
    method = method_of(point_plan.config, data.source.shape, CPU)
    images = to_pictures(drawn(point_plan, method, inputs, np.arange(4)))
    np.testing.assert_array_equal(images, inputs["degraded"])


def test_generation_needs_full_noise_at_its_start():
    with pytest.raises(UserError, match="sum_scale must be 1"):
        trained(made(*TINY, "task=generate", "schedule.sum_scale=0.5"))


def test_an_invalid_pair_of_schedule_and_prediction_is_refused():
    with pytest.raises(UserError, match="zero terminal SNR"):
        trained(made(*TINY, "task=denoise", "method=ddim", "schedule=jsd"))
