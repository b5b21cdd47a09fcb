"""The plane: its one step against the formulas of DDPM, DDIM and RDDM, and its parameterizations' inverses."""

from __future__ import annotations

import math

import pytest
import torch
from torch.testing import assert_close

from errors import UserError
from methods.beta_schedules import Cosine, Jsd, Linear, Quad
from methods.parameterizations import Clean, Noise, Residual, ResidualNoise, Velocity
from methods.process import Components, Level, additive, contracting, mix, posterior_std, shift_x0, step
from methods.residual_schedules import ResidualSchedule

EXACT = {"rtol": 0, "atol": 1e-12}
ALL = [Residual(), Noise(), ResidualNoise(), Clean(), Velocity()]


def components(seed: int = 0, x_in: bool = True) -> tuple[Components, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x0, degraded, eps = torch.randn(3, 2, 3, 4, 4, generator=generator, dtype=torch.float64)
    end = degraded if x_in else torch.zeros_like(degraded)
    return Components(x0, end - x0, eps), end


@pytest.mark.parametrize("parameterization", ALL, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("point", [Level(0.1, 0.3), Level(0.7, 0.02), Level(0.0, 0.5), Level(0.5, 0.9)])
@pytest.mark.parametrize("x_in", [True, False])
def test_complete_inverts_target(parameterization, point, x_in):
    c, end = components(x_in=x_in)
    found = parameterization.complete(mix(c, point), end, point, parameterization.target(c, point))
    for mine, theirs in zip(found, c, strict=True):
        assert_close(mine, theirs, **EXACT)


@pytest.mark.parametrize("parameterization", ALL, ids=lambda p: type(p).__name__)
def test_complete_inverts_target_for_a_batch_of_levels(parameterization):
    c, end = components()
    schedule = Linear("generation").build()
    p = schedule.points(torch.tensor([3, 800]), c.x0)
    found = parameterization.complete(mix(c, p), end, p, parameterization.target(c, p))
    for mine, theirs in zip(found, c, strict=True):
        assert_close(mine, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("parameterization", [Residual(), ResidualNoise(), Clean()], ids=lambda p: type(p).__name__)
def test_without_noise_there_is_nothing_to_divide_by(parameterization):
    c, end = components()
    point = Level(0.4, 0.0)
    found = parameterization.complete(mix(c, point), end, point, parameterization.target(c, point))
    assert_close(found.x0, c.x0, **EXACT)
    assert bool(found.eps.isfinite().all())


def test_velocity_is_that_of_salimans_and_ho():
    c, _ = components(x_in=False)
    schedule = Linear("generation").build()
    p = schedule.point(300, 300)
    alpha, sigma = 1 - p.a, p.b
    assert_close(alpha**2 + sigma**2, 1.0, rtol=0, atol=1e-12)
    assert_close(Velocity().target(c, p)[0], alpha * c.eps - sigma * c.x0, **EXACT)


@pytest.mark.parametrize("i", [2, 10, 500, 999])
def test_the_rddm_step_equals_its_formula_and_its_posterior(i):
    """RDDM's update from (res, eps), and the mean and variance of its q_posterior (methods.md, section 1.2)."""
    c, _ = components()
    schedule = ResidualSchedule("restoration", alpha="average", beta2="average", sum_scale=0.7).build()
    p, q = schedule.point(i, i), schedule.point(i - 1, i - 1)
    x, z = mix(c, p), torch.ones_like(c.x0)
    alpha, beta2 = p.a - q.a, p.b**2 - q.b**2
    s = posterior_std(p, q, schedule.chain)
    assert s**2 == pytest.approx(beta2 * q.b**2 / p.b**2, abs=1e-15)
    update = x - alpha * c.res - (p.b - math.sqrt(q.b**2 - s**2)) * c.eps + s * z
    assert_close(step(c, q, s, z), update, **EXACT)
    mean = q.b**2 / p.b**2 * x + (beta2 * q.a - q.b**2 * alpha) / p.b**2 * c.res + beta2 / p.b**2 * c.x0
    assert_close(step(c, q, s, torch.zeros_like(x)), mean, **EXACT)
    implicit = x - alpha * c.res - (p.b - q.b) * c.eps
    assert_close(step(c, q, 0.0, None), implicit, **EXACT)


@pytest.mark.parametrize("i,j", [(1000, 980), (500, 499), (40, 1)])
def test_the_contracting_chain_has_the_posterior_of_ddpm(i, j):
    schedule = Linear("generation").build()
    p, q = schedule.point(i, i), schedule.point(j, j)
    abar, abar_q = (1 - p.a) ** 2, (1 - q.a) ** 2
    beta_tilde = (1 - abar_q) / (1 - abar) * (1 - abar / abar_q)
    assert posterior_std(p, q, contracting) ** 2 == pytest.approx(beta_tilde, rel=1e-10)


def test_ddpm_is_rddm_for_marginals_but_not_for_the_chain():
    """At eta = 1 RDDM's variance is abar of the level stepped to times... DDPM's: the chain belongs to the schedule."""
    schedule = Linear("generation").build()
    p, q = schedule.point(600, 600), schedule.point(549, 549)
    mine, theirs = posterior_std(p, q, additive), posterior_std(p, q, contracting)
    additive_share = (p.b**2 - q.b**2) / (p.b**2 - ((1 - p.a) / (1 - q.a)) ** 2 * q.b**2)
    assert (mine / theirs) ** 2 == pytest.approx(additive_share, rel=1e-12)
    assert (mine / theirs) ** 2 == pytest.approx((1 - q.a) ** 2, rel=1e-10)
    assert mine < 0.5 * theirs


def test_a_step_can_not_put_back_more_noise_than_there_is():
    c, _ = components()
    with pytest.raises(ValueError, match="can't add noise"):
        step(c, Level(0.2, 0.1), 0.2, torch.zeros_like(c.x0))
    with pytest.raises(ValueError, match="needs noise"):
        step(c, Level(0.2, 0.3), 0.2, None)


def test_degrading_anew_forgets_the_old_noise():
    """s = q.b (RGM's re-noising): the step is the forward process from the estimate, with no eps left in it."""
    c, _ = components()
    q, z = Level(0.3, 0.4), torch.full_like(c.x0, 2.0)
    assert_close(step(c, q, q.b, z), mix(c._replace(eps=z), q), **EXACT)


def test_an_edit_of_x0_keeps_x_and_the_end_of_the_process():
    c, end = components()
    p = Level(0.3, 0.6)
    edited = shift_x0(c, c.x0.clamp(-0.5, 0.5), p)
    assert_close(mix(edited, p), mix(c, p), **EXACT)
    assert_close(edited.x0 + edited.res, end, **EXACT)
    for mine, theirs in zip(shift_x0(c, c.x0, p), c, strict=True):
        assert_close(mine, theirs, rtol=0, atol=0)


def test_noise_prediction_is_refused_where_the_signal_is_gone():
    zero_terminal = Jsd("generation").build()
    assert zero_terminal.a[-1] == 1
    with pytest.raises(UserError, match="zero terminal SNR"):
        Noise().check(zero_terminal)
    Velocity().check(zero_terminal)
    Clean().check(zero_terminal)
    Noise().check(Quad("generation").build())
    Noise().check(Cosine("generation").build())


def test_noise_prediction_with_the_reference_floor_survives_the_degenerate_end():
    """1 - a is 0 at the last index of RDDM's default tables: its code takes 1e-6 instead and clips."""
    schedule = ResidualSchedule("restoration").build()
    c, end = components()
    p = schedule.point(1000, 1000)
    found = Noise(floor=1e-6).complete(mix(c, p), end, p, (c.eps + 0.1,))
    assert bool(found.x0.isfinite().all())
    assert_close(found.x0, (mix(c, p) - p.a * end - p.b * (c.eps + 0.1)) / 1e-6, rtol=1e-9, atol=0)


def test_velocity_is_refused_where_it_is_singular():
    with pytest.raises(UserError, match="velocity"):
        Velocity().check(ResidualSchedule("restoration", sum_scale=0.0).build())
