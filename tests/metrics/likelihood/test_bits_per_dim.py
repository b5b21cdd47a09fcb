"""Bits per dimension of a method: DDPM's own formula, parts, batches, and the levels that are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from errors import UserError
from harness.seeding import SeededNoise
from methods.base import MethodContext, Observation
from methods.beta_schedules import Linear
from methods.ddpm import Ddpm
from methods.training import OptimizerConfig
from metrics.likelihood.bits_per_dim import BitsPerDim
from registry import create, find

T = 12
IDS = [f"picture-{k}" for k in range(5)]


class Net(nn.Module):
    """Small, depends on x and t, and treats each picture by itself."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.conv(x) * (1 + t.view(-1, 1, 1, 1) / 50)


def ddpm(kind: str = "generation", predict: str = "noise") -> Ddpm:
    torch.manual_seed(0)
    schedule = Linear(kind, T=T, beta_start=0.002, beta_end=0.6).build()
    context = MethodContext((3, 8, 8), kind, schedule, Net, OptimizerConfig("adam", 1e-3, 2, 0, "constant", 1.0, 0.9))
    return Ddpm(context, predict=predict).double().eval()


def pictures(seed: int = 0) -> torch.Tensor:
    values = np.random.default_rng(seed).integers(0, 256, (len(IDS), 3, 8, 8))
    return torch.from_numpy(values / 127.5 - 1)


@torch.inference_mode()
def measured(metric: BitsPerDim, method: Ddpm, rows=(0, 1, 2, 3, 4), degraded: torch.Tensor | None = None):
    rows = list(rows)
    observation = Observation(len(rows), None if degraded is None else degraded[rows])
    return metric.measure(method, pictures()[rows], observation, SeededNoise(0, "digits", [IDS[k] for k in rows]))


@torch.inference_mode()
def test_rate_is_ddpms_weighted_error_of_the_noise():
    # Ho et al., eq. 12 with sigma_t^2 = beta-tilde_t: beta^2 / (2 sigma^2 alpha (1 - abar)) |eps - eps'|^2.
    method, x0, noise = ddpm(), pictures(), SeededNoise(0, "digits", IDS)
    betas = torch.linspace(0.002, 0.6, T, dtype=torch.float64)
    abar = (1 - betas).cumprod(0)
    total = torch.zeros(len(IDS), dtype=torch.float64)
    for k in range(1, T):  # 0-based, as in DDPM's code
        eps = noise.normal("bound", k + 1, (3, 8, 8)).double()
        x = abar[k].sqrt() * x0 + (1 - abar[k]).sqrt() * eps
        error = ((eps - method.ema.get_submodule("unet0")(x, torch.full((len(IDS),), k).double())) ** 2).sum((1, 2, 3))
        tilde = betas[k] * (1 - abar[k - 1]) / (1 - abar[k])
        total += betas[k] ** 2 / (2 * tilde * (1 - betas[k]) * (1 - abar[k])) * error
    rate = measured(BitsPerDim(clip="none"), method)["rate"]
    np.testing.assert_allclose(rate, total.numpy() / (192 * math.log(2)), rtol=1e-8, atol=0)


@pytest.mark.parametrize("predict", ["noise", "clean", "velocity"])
@pytest.mark.parametrize(
    "metric", [BitsPerDim(), BitsPerDim(levels=3), BitsPerDim(variance="large", clip="x0_keep_eps")]
)
def test_parts_add_up_and_pictures_are_measured_by_themselves(predict, metric):
    method = ddpm("restoration", predict)
    degraded = pictures(1)
    whole = measured(metric, method, degraded=degraded)
    assert set(whole) == {"", *metric.parts}
    for figure in whole.values():
        assert figure.dtype == np.float64 and figure.shape == (len(IDS),) and np.isfinite(figure).all()
    np.testing.assert_allclose(sum(whole[part] for part in metric.parts), whole[""], rtol=0, atol=1e-12)
    alone = [measured(metric, method, [k], degraded) for k in reversed(range(len(IDS)))]
    for part, figures in whole.items():
        np.testing.assert_allclose([found[part][0] for found in alone[::-1]], figures, rtol=0, atol=1e-9)
    other = measured(metric, method, degraded=degraded.roll(1, 0))
    assert np.abs(other[""] - whole[""]).min() > 1e-6, "the degraded picture plays no part"


def test_drawn_levels_give_the_rate_of_all_on_average_and_move_no_other_part():
    method = ddpm()
    whole = measured(BitsPerDim(), method)
    drawn = [measured(BitsPerDim(levels=4, seed=seed), method) for seed in range(150)]
    rates = np.array([found["rate"].mean() for found in drawn])
    assert abs(rates.mean() - whole["rate"].mean()) < 4 * rates.std() / math.sqrt(150) and rates.std() > 0
    for part in ("prior", "distortion"):
        assert all((found[part] == whole[part]).all() for found in drawn)
    assert (measured(BitsPerDim(levels=T - 1), method)["rate"] == whole["rate"]).all()


def test_a_level_more_costs_a_network_call_more():
    method, calls = ddpm(), []
    for backbone in method.backbones():
        backbone.register_forward_hook(lambda *_: calls.append(1))
    for levels, expected in ((1, 2), (5, 6), (None, T)):
        calls.clear()
        measured(BitsPerDim(levels=levels), method)
        assert len(calls) == expected


def test_float32_agrees_with_float64():
    metric, method = BitsPerDim(), ddpm()
    precise = measured(metric, method)
    single = method.float()
    with torch.inference_mode():
        rough = metric.measure(single, pictures().float(), Observation(len(IDS)), SeededNoise(0, "digits", IDS))
    np.testing.assert_allclose(rough[""], precise[""], rtol=1e-4, atol=0)


def test_points_are_refused_in_one_line():
    with pytest.raises(UserError, match="points") as caught:
        BitsPerDim().measure(ddpm(), torch.zeros(4, 2), Observation(4), SeededNoise(0, "toy2d", IDS[:4]))
    assert "\n" not in str(caught.value)


def test_the_catalogue_knows_it_and_the_stamp_has_every_option():
    component = find("metrics", "bpd")
    assert component.facts.kind == "model" and component.facts.needs == ("likelihood",)
    assert component.options["levels"].at("gpu") is None
    stamps = [BitsPerDim().protocol, BitsPerDim(levels=9).protocol, BitsPerDim(levels=9, seed=1).protocol]
    stamps += [create("metrics", "bpd", options).protocol for options in ({"variance": "large"}, {"clip": "none"})]
    assert len(set(stamps)) == 5 and all(stamp.startswith("bpd;8bit;") for stamp in stamps)
    assert BitsPerDim(seed=1).protocol == BitsPerDim().protocol  # all levels: nothing is drawn
