"""Samplers: equal to diffusers' schedulers called live, exact along every path, right on Gaussian data."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from errors import UserError
from methods.beta_schedules import Linear
from methods.observation import Observation
from methods.parameterizations import Clean, Noise, ResidualNoise
from methods.process import Components, Level, mix, posterior_std, step
from methods.residual_schedules import ResidualSchedule
from methods.samplers import ORDERS, SPACINGS, EtaSampler
from methods.schedules import Schedule, from_betas
from registry import create

T = 1000
LINEAR = Linear("generation").build()


class Drawn:
    """A noise source that repeats what a generator draws: float64, in the order of the walk."""

    def __init__(self, x: Tensor, generator: torch.Generator) -> None:
        self.x, self.generator = x, generator

    def normal(self, purpose: str, draw: int, shape: tuple[int, ...]) -> Tensor:
        if purpose == "init":
            return self.x
        return torch.randn(self.x.shape, generator=self.generator, dtype=torch.float64)


def network(x: Tensor, t: int) -> Tensor:
    """A smooth eps at the 0-based index t whose x0 estimate, 1.5 tanh(...), is at times in need of clipping."""
    p = LINEAR.point(t + 1, t + 1)
    return (x - (1 - p.a) * 1.5 * torch.tanh(1.3 * x.roll(1, dims=-1) - 0.2)) / p.b


def ours(schedule: Schedule, x: Tensor, seed: int, **options) -> Tensor:
    def denoise(x, waypoint):
        eps = network(x, waypoint.j - 1)
        return Noise().complete(x, torch.zeros_like(x), schedule.point(*waypoint), (eps,))

    source = Drawn(x, torch.Generator().manual_seed(seed))
    return EtaSampler(**options).sample(schedule, denoise, torch.zeros_like(x), source, Observation(len(x)))


def exactly(scheduler):
    """diffusers keeps float32 tables: give it ours, so that formulas are compared and not rounding."""
    scheduler.alphas_cumprod = (1 - LINEAR.a[1:]) ** 2
    scheduler.alphas = torch.cat(
        [scheduler.alphas_cumprod[:1], scheduler.alphas_cumprod[1:] / scheduler.alphas_cumprod[:-1]]
    )
    scheduler.betas = 1 - scheduler.alphas
    return scheduler


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("steps", [10, 50, 1000])
@pytest.mark.parametrize("clip", ["none", "x0", "x0_keep_eps"])
def test_equals_the_ddim_scheduler_of_diffusers(eta, steps, clip):
    from diffusers import DDIMScheduler

    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scheduler = exactly(DDIMScheduler(clip_sample=clip != "none", timestep_spacing="trailing"))
    scheduler.set_timesteps(steps)
    generator, theirs = torch.Generator().manual_seed(7), x
    for t in scheduler.timesteps:
        # The last step's variance is 0: diffusers draws for it all the same, we do not, and nothing follows it.
        z = torch.randn(x.shape, generator=generator, dtype=torch.float64) if eta > 0 else None
        eps = network(theirs, int(t))
        theirs = scheduler.step(
            eps, int(t), theirs, eta=eta, variance_noise=z, use_clipped_model_output=clip == "x0"
        ).prev_sample
    mine = ours(LINEAR, x, 7, steps=steps, eta=eta, clip=clip)
    assert_close(mine, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("steps", [10, 50, 1000])
@pytest.mark.parametrize("clip", ["none", "x0"])
def test_equals_the_ddpm_scheduler_of_diffusers(steps, clip):
    """Each step from the same x."""
    from diffusers import DDPMScheduler

    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scheduler = exactly(DDPMScheduler(clip_sample=clip != "none", timestep_spacing="trailing"))
    scheduler.set_timesteps(steps)
    path = SPACINGS["uniform"](T, steps)
    generator, again = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    for here, there in zip(path, path[1:], strict=False):
        p, q = LINEAR.point(here, here), LINEAR.point(there, there)
        eps = network(x, here - 1)
        c = create("edit", clip, {})(Noise().complete(x, torch.zeros_like(x), p, (eps,)), p, Observation(2))
        z = torch.randn(x.shape, generator=again, dtype=torch.float64) if here > 1 else torch.zeros_like(x)
        mine = step(c, q, posterior_std(p, q, LINEAR.chain), z)
        x = scheduler.step(eps, here - 1, x, generator=generator).prev_sample
        if there == 0:
            x = x - 1e-10 * z  # diffusers clamps the last variance to 1e-20 instead of 0
        assert_close(mine, x, rtol=0, atol=1e-10)


def test_a_clipped_ddpm_walk_equals_that_of_diffusers():
    from diffusers import DDPMScheduler

    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scheduler = exactly(DDPMScheduler(timestep_spacing="trailing"))
    scheduler.set_timesteps(100)
    generator, theirs = torch.Generator().manual_seed(7), x
    for t in scheduler.timesteps:
        theirs = scheduler.step(network(theirs, int(t)), int(t), theirs, generator=generator).prev_sample
    assert_close(ours(LINEAR, x, 7, steps=100, eta=1.0), theirs, rtol=0, atol=1e-9)  # 1e-10 z, as above


@pytest.mark.parametrize("steps", [10, 50])
def test_leading_way_points_are_those_of_the_ddim_code(steps):
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(timestep_spacing="leading")
    scheduler.set_timesteps(steps)
    assert [i - 1 for i in SPACINGS["leading"](T, steps)[:-1]] == scheduler.timesteps.tolist()


def test_quadratic_way_points_are_those_of_the_ddim_code():
    expected = (np.linspace(0, np.sqrt(T * 0.8), 20) ** 2).astype(int)
    assert [i - 1 for i in SPACINGS["quadratic"](T, 20)[:-1]][::-1] == expected.tolist()


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("levels", [1, 2, 7, 40])
def test_every_step_count_gives_that_many_falling_levels(spacing, levels):
    for steps in range(1, levels + 1):
        indices = SPACINGS[spacing](levels, steps)
        assert len(indices) == steps + 1 and indices[-1] == 0 and indices[0] <= levels
        assert all(high > low for high, low in zip(indices, indices[1:], strict=False))
    assert SPACINGS[spacing](levels, levels) == list(range(levels, -1, -1))


def test_more_steps_than_levels_are_refused():
    with pytest.raises(UserError, match="more than the schedule's T=10"):
        EtaSampler(steps=11).walk(10)
    assert len(EtaSampler().walk(10)) == 11


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("steps", [1, 3, 10])
@pytest.mark.parametrize(
    "schedule",
    [
        ResidualSchedule("restoration", alpha="average", beta2="average").build(),
        ResidualSchedule("restoration").build(),
        ResidualSchedule("restoration", alpha="decreased", alpha_power=0.3, beta2="decreased", sum_scale=1.0).build(),
        LINEAR,
    ],
    ids=["average", "default", "powers", "ddpm"],
)
def test_every_path_order_recovers_x0_exactly_with_an_oracle(order, steps, schedule):
    generator = torch.Generator().manual_seed(3)
    x0, x_in, eps = torch.randn(3, 2, 3, 4, 4, generator=generator, dtype=torch.float64)
    x0 = x0.clamp(-1, 1)
    end = schedule.point(schedule.T, schedule.T)
    # x_T = x0 + a_T res + b_T eps: the end that the walk starts from holds the rest of x0 where a_T < 1.
    start = (mix(Components(x0, x_in - x0, eps), end) - x_in) / schedule.start_std

    def denoise(x: Tensor, waypoint) -> Components:
        return ResidualNoise().complete(x, x_in, schedule.point(*waypoint), (x_in - x0, eps))

    sampler = EtaSampler(steps=steps, order=order)
    found = sampler.sample(schedule, denoise, x_in, Drawn(start, generator), Observation(2))
    assert_close(found, x0, rtol=0, atol=1e-12)
    legs = {"together": steps, "residual_first": 2 * steps, "noise_first": 2 * steps}
    assert len(sampler.walk(schedule.T)) == legs[order] + 1


@pytest.mark.parametrize("order", ["residual_first", "noise_first"])
def test_a_path_does_not_clip_the_noisy_image_between_its_legs(order):
    """RDDM's code clips x itself where the legs meet; here only the estimate of x0 is edited."""
    schedule = ResidualSchedule("restoration", sum_scale=25.0).build()
    x0 = torch.full((1, 1, 2, 2), 0.5, dtype=torch.float64)
    eps = torch.full_like(x0, 2.0)
    seen = []

    def denoise(x: Tensor, waypoint) -> Components:
        seen.append(float(x.abs().max()))
        return ResidualNoise().complete(x, x0 + 0.1, schedule.point(*waypoint), (torch.full_like(x0, 0.1), eps))

    found = EtaSampler(steps=4, order=order).sample(
        schedule, denoise, x0 + 0.1, Drawn(eps, torch.Generator()), Observation(1)
    )
    assert_close(found, x0, rtol=0, atol=1e-12)
    assert max(seen) > 5


def test_eta_scales_the_deviation_or_the_variance_and_they_agree_at_0_and_1():
    for eta, same in ((0.0, True), (1.0, True), (0.3, False)):
        by_std, by_variance = (EtaSampler(eta=eta, eta_scales=of).strength for of in ("std", "variance"))
        assert (by_std == by_variance) is same
    assert EtaSampler(eta=0.25, eta_scales="variance").strength == 0.5


def test_converting_ddim_to_rddm_changes_nothing_but_another_a_does():
    """RDDM's eq. 17: with DDIM's coefficients its sampler is DDIM; with a re-scheduled alone it is not."""
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    abar = (1 - LINEAR.a) ** 2
    converted = from_betas(1 - abar[1:] / abar[:-1])
    ddim = ours(LINEAR, x, 0, steps=10, clip="none")
    assert_close(ours(converted, x, 0, steps=10, clip="none"), ddim, rtol=0, atol=1e-10)
    other = Schedule(LINEAR.a**1.3, LINEAR.b, LINEAR.chain)
    assert (ours(other, x, 0, steps=10, clip="none") - ddim).abs().max() > 1e-2


def test_converted_step_equals_rddms_own_formula():
    """x - da res - (b - b') eps with res = (x - x_in - b eps) / (a - 1), the step of RDDM's DDIM fork."""
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    p, q = LINEAR.point(400, 400), LINEAR.point(300, 300)
    eps = network(x, 399)
    res = (x - p.b * eps) / (p.a - 1)
    theirs = x - (p.a - q.a) * res - (p.b - q.b) * eps
    abar, abar_q = (1 - p.a) ** 2, (1 - q.a) ** 2
    ddim = math.sqrt(abar_q) * (x - math.sqrt(1 - abar) * eps) / math.sqrt(abar) + math.sqrt(1 - abar_q) * eps
    assert_close(theirs, ddim, rtol=0, atol=1e-12)
    c = Noise().complete(x, torch.zeros_like(x), p, (eps,))
    assert_close(mix(c, Level(q.a, q.b)), ddim, rtol=0, atol=1e-12)


class OneHot:
    """Row k of the batch has noise k alone: the affine map from all noises to the sample, column by column."""

    def __init__(self, dims: int) -> None:
        self.dims, self.row = dims, 0

    def normal(self, purpose: str, draw: int, shape: tuple[int, ...]) -> Tensor:
        rows = torch.zeros(self.dims, *shape, dtype=torch.float64)
        if self.row + 1 < self.dims:
            rows[self.row + 1] = 1.0
        self.row += 1
        return rows


MEAN = torch.tensor([0.5, -0.2, 0.1], dtype=torch.float64)
STD = torch.tensor([0.1, 0.4, 1.2], dtype=torch.float64)


def moments(schedule: Schedule, steps: int, eta: float, x_in: float) -> tuple[Tensor, Tensor]:
    """Exact mean and deviation of samples when the denoiser is the posterior mean of N(MEAN, STD^2) per coordinate."""

    def denoise(x: Tensor, waypoint) -> Components:
        p = schedule.point(*waypoint)
        gain = STD**2 * (1 - p.a) / ((1 - p.a) ** 2 * STD**2 + p.b**2)
        x0 = MEAN + gain * (x - p.a * x_in - (1 - p.a) * MEAN)
        return Clean().complete(x, torch.full_like(x, x_in), p, (x0,))

    rows = steps + 2
    x_end = torch.full((rows, 3), x_in, dtype=torch.float64)
    out = EtaSampler(steps=steps, eta=eta, clip="none").sample(
        schedule, denoise, x_end, OneHot(rows), Observation(rows)
    )
    return out[0], (out[1:] - out[0]).square().sum(0).sqrt()


FINE = Linear("generation", T=8000, beta_start=1e-4 / 8, beta_end=0.02 / 8).build()
# b ~ t is smooth at 0; with beta^2 averaged b ~ sqrt(t) is not, and the order is one half.
SMOOTH = ResidualSchedule("restoration", T=8000, alpha="average", beta2="increased", sum_scale=1.0).build()
GAUSSIAN = {"ddim": (FINE, 0.0, 0.0), "ddpm": (FINE, 1.0, 0.0), "rddm": (SMOOTH, 0.0, 0.3)}


@pytest.mark.parametrize("case", GAUSSIAN)
def test_reaches_mean_and_covariance_of_gaussian_data(case):
    schedule, eta, x_in = GAUSSIAN[case]
    mean, std = moments(schedule, 8000, eta, x_in)
    assert_close(mean, MEAN, rtol=0, atol=5e-3)
    assert_close(std, STD, rtol=1e-2, atol=0)


@pytest.mark.parametrize("case", GAUSSIAN)
def test_the_error_on_gaussian_data_falls_with_the_first_power_of_the_steps(case):
    """DDIM is Euler's method in b / (1 - a), ancestral sampling Euler-Maruyama in law: both of first order."""
    schedule, eta, x_in = GAUSSIAN[case]
    counts = np.array([50, 100, 200, 400])
    errors = [float((moments(schedule, int(n), eta, x_in)[1] - STD).abs().max()) for n in counts]
    order = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert 0.8 < order < 1.3, (order, errors)
