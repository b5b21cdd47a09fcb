"""The optimizer and the average a method owns: torch's own, exactly resumable, layout included."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from methods.training import DECAYS, EMA, OPTIMIZERS, Learner, OptimizerConfig, Train
from registry import find


def config(**changes) -> OptimizerConfig:
    values = {"optimizer": "adam", "lr": 1e-2, "steps": 10, "warmup": 0, "decay": "constant", "clip": 0.0, "ema": 0.9}
    return OptimizerConfig(**(values | changes))


def net() -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(4, 6, 3).to(memory_format=torch.channels_last)


def walk(learner: Learner, module: nn.Module, steps: int) -> None:
    for k in range(steps):
        x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(learner.steps_done + 100 * k))
        learner.step(module(x).square().mean())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_resumed_optimizer_goes_on_with_the_same_bits(name):
    """Its state must have its parameters' memory format: fused optimizers walk both as flat memory."""
    module = net()
    learner = Learner(module.parameters(), config(optimizer=name))
    walk(learner, module, 3)
    resumed = net()
    resumed.load_state_dict(module.state_dict())
    saved = {key: value.contiguous().clone() for key, value in learner.state().items()}
    again = Learner(resumed.parameters(), config(optimizer=name))
    again.load(saved)
    assert again.steps_done == 3
    walk(learner, module, 4)
    walk(again, resumed, 4)
    for mine, theirs in zip(resumed.parameters(), module.parameters(), strict=True):
        assert torch.equal(mine, theirs)


PLAIN = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "radam": torch.optim.RAdam}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.5, 0.9), (0.0, 0.99)])
def test_a_step_is_that_of_torchs_own_optimizer_with_these_betas(name, betas):
    module, plain = net(), net()
    optimizer = PLAIN[name](plain.parameters(), 1e-2, betas=betas)
    learner = Learner(module.parameters(), config(optimizer=name, betas=betas))
    for k in range(8):
        x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(k))
        learner.step(module(x).square().mean())
        optimizer.zero_grad()
        plain(x).square().mean().backward()
        optimizer.step()
    assert_close(module.weight, plain.weight, rtol=0, atol=1e-6)


def test_betas_are_options_of_the_recipe():
    assert Train(beta1=0.5, beta2=0.9).optimizer.betas == (0.5, 0.9)
    assert Train().optimizer.betas == (0.9, 0.99)
    options = find("train", "default").options
    assert options["beta1"].interval == options["beta2"].interval == "[0, 1)"


def test_the_gradient_is_clipped_to_its_norm():
    module = net()
    learner = Learner(module.parameters(), config(clip=0.5))
    learner.step(1e4 * module(torch.ones(1, 4, 8, 8)).square().mean())
    total = torch.cat([parameter.grad.flatten() for parameter in module.parameters()]).norm()
    assert float(total) == pytest.approx(0.5, rel=1e-4)


def test_the_learning_rate_warms_up_and_decays():
    learner = Learner(net().parameters(), config(warmup=4, steps=100, decay="linear"))
    rates = []
    for k in range(101):
        learner.steps_done = k
        rates.append(learner.rate())
    assert rates[0] == pytest.approx(1e-2 / 5)
    assert rates[4] == pytest.approx(1e-2 * 0.96)
    assert rates[50] == pytest.approx(0.5e-2) and rates[100] == 0
    assert [decay(0.0) for decay in DECAYS.values()] == [1.0, 1.0, 1.0]
    assert DECAYS["cosine"](1.0) == pytest.approx(0) and DECAYS["cosine"](0.5) == pytest.approx(0.5)


def test_the_average_follows_its_formula_and_leaves_its_module_alone():
    module = net()
    average = EMA(module, 0.5)
    expected = module.weight.detach().clone()
    for k in range(1, 20):
        with torch.no_grad():
            module.weight.add_(1.0)
        before = copy.deepcopy(module.state_dict())
        average.update(module, k)
        decay = min(0.5, (1 + k) / (10 + k))
        expected = decay * expected + (1 - decay) * module.weight.detach()
        assert torch.equal(before["weight"], module.weight)
    assert_close(average.module.weight.detach(), expected, rtol=0, atol=1e-5)
    assert not any(parameter.requires_grad for parameter in average.module.parameters())
