"""Published methods as values of the plane: their own formulas, from the papers, against one step of ours.

x_p, x0 and x_in are drawn independently, so that x_p lies on no line from x0 to x_in: an imperfect network counts too.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from errors import UserError
from methods.base import MethodContext
from methods.bound import Bound
from methods.ddpm import Ddpm
from methods.observation import Observation
from methods.parameterizations import Clean, Displacement, Noise, Residual, ResidualNoise, Velocity
from methods.process import Components, Level, additive, contracting, fresh_std, mix, step
from methods.samplers import EtaSampler
from methods.schedules import Schedule
from methods.training import OptimizerConfig

EXACT = {"rtol": 0, "atol": 1e-12}
X_P, X0, X_IN, Z = torch.randn(4, 2, 3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
STEPS = [(1000, 999), (1000, 500), (700, 650), (300, 1), (2, 1), (1, 0), (1000, 0)]


def table(*values: Tensor | float) -> Tensor:
    return torch.cat([torch.as_tensor(value, dtype=torch.float64).reshape(-1) for value in values])


def moved(schedule: Schedule, i: int, j: int, parameterization, output: Tensor, share: float = 1.0) -> Tensor:
    """One step from level i to j of the walk, as samplers make it."""
    p, q = schedule.point(i, i), schedule.point(j, j)
    s = fresh_std(p, q, schedule.chain, share)
    return step(parameterization.complete(X_P, X_IN, p, (output,)), q, s, Z)


# I2SB (Liu et al., ICML 2023): betas of 1000 steps, symmetric; F_t = sigma_t^2 adds them up from 0, S is their sum.
HALF = torch.linspace(1e-4**0.5, (0.3 / 1000) ** 0.5, 500, dtype=torch.float64) ** 2
F = table(0.0, torch.cat([HALF, HALF.flip(0)]).cumsum(0))
S = float(F[-1])
I2SB = Schedule(F / S, (F * (S - F) / S).clamp(min=0).sqrt(), contracting)
OT_ODE = Schedule(F / S, torch.zeros_like(F), contracting)
BY_SIGMA = Displacement(lambda p: (p.a * S) ** 0.5)


@pytest.mark.parametrize(("i", "j"), STEPS)
def test_i2sb_is_a_bridge(i, j):
    """N(x_q; (alpha^2 x0 + sigma_q^2 x_p) / sigma_p^2, sigma_q^2 alpha^2 / sigma_p^2), from the end too."""
    alpha2, sigma2_q, sigma2_p = float(F[i] - F[j]), float(F[j]), float(F[i])
    theirs = alpha2 / sigma2_p * X0 + sigma2_q / sigma2_p * X_P + math.sqrt(sigma2_q * alpha2 / sigma2_p) * Z
    assert_close(moved(I2SB, i, j, BY_SIGMA, (X_P - X0) / math.sqrt(sigma2_p)), theirs, **EXACT)
    assert I2SB.start_std == 0


@pytest.mark.parametrize(("i", "j"), STEPS)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_i2sb_without_noise_is_the_flow_from_the_degraded_picture(i, j, share):
    """OT-ODE: x_q = (1 - r) x0 + r x_p, r = sigma_q^2 / sigma_p^2, wherever the network sees x0."""
    r = float(F[j] / F[i])
    output = (X_P - X0) / math.sqrt(float(F[i]))
    assert_close(moved(OT_ODE, i, j, BY_SIGMA, output, share), (1 - r) * X0 + r * X_P, **EXACT)


ETA = torch.linspace(0.04**0.5, 0.99**0.5, 1000, dtype=torch.float64) ** 2
RESSHIFT = Schedule(table(0.0, ETA), 2.0 * table(0.0, ETA).sqrt(), additive)


@pytest.mark.parametrize(("i", "j"), STEPS)
def test_resshift_is_the_additive_chain(i, j):
    """Yue et al., NeurIPS 2023: q(x_q | x_p, x0) with kappa = 2; x_T = x_in + kappa sqrt(eta_T) z."""
    eta_p, eta_q = float(RESSHIFT.a[i]), float(RESSHIFT.a[j])
    mean = eta_q / eta_p * X_P + (eta_p - eta_q) / eta_p * X0
    theirs = mean + 2.0 * math.sqrt(eta_q / eta_p * (eta_p - eta_q)) * Z
    assert_close(moved(RESSHIFT, i, j, Clean(), X0), theirs, **EXACT)
    assert RESSHIFT.start_std == pytest.approx(2.0 * math.sqrt(0.99), abs=1e-15)


LAMBDA = 2 * 10 / 255
THETA = table(0.0, torch.linspace(0.001, 0.0096, 1000, dtype=torch.float64).cumsum(0))
IR_SDE = Schedule(-torch.expm1(-THETA), LAMBDA * (-torch.expm1(-2 * THETA)).sqrt(), contracting, LAMBDA)


@pytest.mark.parametrize(("i", "j"), STEPS)
def test_ir_sde_has_the_posterior_of_its_mean_reverting_chain(i, j):
    """Luo et al., ICML 2023 (the optimal reverse state), with its variance; x_T = mu + lambda z."""
    high, low, gap = float(THETA[i]), float(THETA[j]), float(THETA[i] - THETA[j])
    shrunk = -math.expm1(-2 * high)
    mean = X_IN - math.expm1(-2 * low) / shrunk * math.exp(-gap) * (X_P - X_IN)
    mean = mean - math.expm1(-2 * gap) / shrunk * math.exp(-low) * (X0 - X_IN)
    std = LAMBDA * math.sqrt(math.expm1(-2 * low) * math.expm1(-2 * gap) / shrunk)
    p = IR_SDE.point(i, i)
    eps = (X_P - X_IN - math.exp(-high) * (X0 - X_IN)) / p.b
    assert_close(moved(IR_SDE, i, j, Noise(), eps), mean + std * Z, **EXACT)
    assert IR_SDE.start_std == LAMBDA > IR_SDE.b[-1]


TIME = torch.linspace(0, 1, 1001, dtype=torch.float64)
INDI = {e: Schedule(TIME, e * TIME, additive) for e in (0.01, 0.0)}
INDI_ROOT = Schedule(TIME, 0.01 * TIME.sqrt(), additive)
BY_TIME = Displacement(lambda p: p.a)


@pytest.mark.parametrize(("i", "j"), STEPS)
@pytest.mark.parametrize("e", INDI)
def test_indi_goes_straight(i, j, e):
    """Delbracio and Milanfar, TMLR 2023: x_{t-d} = d/t F(x_t, t) + (1 - d/t) x_t, with noise e and without."""
    d, t = (i - j) / 1000, i / 1000
    output = (X_P - X0) / t
    assert_close(moved(INDI[e], i, j, BY_TIME, output, share=0.0), d / t * X0 + (1 - d / t) * X_P, **EXACT)


@pytest.mark.parametrize(("i", "j"), STEPS)
def test_indi_with_brownian_noise_is_the_additive_chain(i, j):
    """InDI with eps_t = e / sqrt(t): fresh noise (t - d) sqrt(eps_{t-d}^2 - eps_t^2)."""
    p, q, e = i / 1000, j / 1000, 0.01
    std = q * math.sqrt(e**2 / q - e**2 / p) if q else 0.0
    theirs = (p - q) / p * X0 + q / p * X_P + std * Z
    assert_close(moved(INDI_ROOT, i, j, BY_TIME, (X_P - X0) / p), theirs, **EXACT)
    assert_close(moved(INDI_ROOT, i, j, Clean(), X0), theirs, **EXACT)


@pytest.mark.parametrize(("i", "j"), STEPS)
def test_rectified_flow_is_eulers_method(i, j):
    """Liu et al., ICLR 2023: x_q = x_p + (t_q - t_p) v, v what the network says of z - x0; x_in = 0, from N(0, I)."""
    flow = Schedule(TIME, TIME, contracting)
    p, q = flow.point(i, i), flow.point(j, j)
    velocity = Z - X0
    c = BY_TIME.complete(X_P, torch.zeros_like(X_P), p, (velocity,))
    assert_close(step(c, q, 0.0, None), X_P + (q.a - p.a) * velocity, **EXACT)
    assert flow.start_std == 1.0


@pytest.mark.parametrize("schedule", [I2SB, OT_ODE, RESSHIFT, IR_SDE, INDI[0.01], INDI_ROOT])
@pytest.mark.parametrize("i", [1, 2, 500, 999, 1000])
def test_a_displacement_is_inverted_at_every_level(schedule, i):
    c = Components(X0, X_IN - X0, Z)
    if schedule.b[i] == 0:
        c = c._replace(eps=torch.zeros_like(Z))
    for parameterization in (BY_SIGMA, BY_TIME, Displacement(lambda p: 1.0)):
        parameterization.check(schedule)
        levels = schedule.points(torch.tensor([i, i]), X0)
        for p in (schedule.point(i, i), levels):
            found = parameterization.complete(mix(c, p), X_IN, p, parameterization.target(c, p))
            for mine, theirs in zip(found, c, strict=True):
                assert_close(mine, theirs, rtol=0, atol=1e-11 if schedule.b[i] > 1e-3 else 1e-9)


def test_levels_of_a_batch_with_and_without_noise_are_told_apart():
    """One of the two pictures stands at the end of a bridge, off its line: x is held there, x_in elsewhere."""
    i, weight = torch.tensor([400, 1000]), Displacement(lambda p: p.a)
    together = weight.complete(X_P, X_IN, I2SB.points(i, X_P), (X0,))
    for row, index in enumerate(i.tolist()):
        alone = weight.complete(X_P[row], X_IN[row], I2SB.point(index, index), (X0[row],))
        for mine, theirs in zip(together, alone, strict=True):
            assert_close(mine[row], theirs, **EXACT)
    assert_close(mix(together, I2SB.points(i, X_P)), X_P, **EXACT)
    assert bool((together.eps[1] == 0).all())


class Counted:
    """Noise by purpose; remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def normal(self, purpose: str, draw: int, shape: tuple[int, ...]) -> Tensor:
        self.asked.append((purpose, draw))
        generator = torch.Generator().manual_seed(len(self.asked))
        return torch.randn((2, *shape), generator=generator, dtype=torch.float64)


def walk(schedule: Schedule, noise: Counted, **options) -> tuple[Tensor, list[Tensor]]:
    """A whole sampling with a network that knows x0, and the x that it was shown."""
    shown = []

    def denoise(x, waypoint):
        shown.append(x)
        p = schedule.point(*waypoint)
        return Displacement(lambda p: 1.0).complete(x, X_IN, p, (x - X0,))

    return EtaSampler(clip="none", **options).sample(schedule, denoise, X_IN, noise, Observation(2)), shown


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("schedule", [I2SB, OT_ODE, RESSHIFT, IR_SDE], ids=["i2sb", "ot", "resshift", "irsde"])
def test_the_sampler_walks_every_relative_to_the_clean_picture(schedule, eta):
    noise = Counted()
    found, shown = walk(schedule, noise, steps=10, eta=eta)
    assert_close(found, X0, **EXACT)
    assert (schedule.start_std == 0) is torch.equal(shown[0], X_IN)


def test_a_bridge_takes_all_its_noise_in_the_first_step_whatever_eta():
    found = {eta: walk(I2SB, Counted(), steps=10, eta=eta) for eta in (0.0, 0.3, 1.0)}
    q = I2SB.point(900, 900)
    z = Counted()
    z.normal("init", 0, (3, 5, 4))
    second = X0 + q.a * (X_IN - X0) + q.b * z.normal("step", 0, (3, 5, 4))
    for _, shown in found.values():
        assert_close(shown[1], second, **EXACT)
    assert not torch.allclose(found[0.0][1][2], found[1.0][1][2])
    assert fresh_std(Level(1.0, 0.0), Level(0.5, 0.3), contracting, 0.0) == 0.3


def test_what_is_no_process_is_refused():
    falling = table(0.0, 0.5, 0.2)
    with pytest.raises(UserError, match="b falls to 0.2 at level 2, and its additive chain still holds 0.5"):
        Schedule(table(0, 0.5, 1), falling, additive)
    with pytest.raises(UserError, match="contracting chain still holds 0.4 there"):
        Schedule(table(0, 0.5, 0.6), falling, contracting)
    Schedule(table(0, 0.5, 0.9), falling, contracting)
    for start in (-1.0, math.inf, math.nan):
        with pytest.raises(UserError, match="start_std must be 0 or above"):
            Schedule(table(0, 1), table(0, 1), additive, start)
    with pytest.raises(UserError, match="b must not be negative"):
        Schedule(table(0, 1), table(0, -1), additive)


def test_parameterizations_refuse_the_end_of_a_bridge_where_they_say_nothing_of_x0():
    with pytest.raises(UserError, match="noise can't be predicted"):
        Noise().check(I2SB)
    with pytest.raises(UserError, match="velocity"):
        Velocity().check(I2SB)
    for fine in (Residual(), ResidualNoise(), Clean(), BY_TIME):
        fine.check(I2SB)
    with pytest.raises(UserError, match="its weight is 0"):
        BY_TIME.check(Schedule(table(0, 0, 1), table(0, 0.5, 1), additive))


@pytest.mark.parametrize(("start", "fits"), [(80.0, True), (1.0, True), (0.5, False)])
def test_generation_starts_from_noise_as_strong_as_a_picture_or_stronger(start, fits):
    """EDM's start, 80 z, is one; a schedule that ends in weak noise is none."""
    schedule = Schedule(table(0, 0, 0), table(0, 0.5 * start, start), additive)
    recipe = OptimizerConfig("adam", 1e-3, 2, 0, "constant", 1.0, 0.9)
    context = MethodContext((3, 8, 8), "generation", schedule, lambda i, o: torch.nn.Conv2d(i, o, 1), recipe)
    if fits:
        Ddpm(context)
    else:
        with pytest.raises(UserError, match="task=generate starts from noise alone.*from 0.5: schedule.sum_scale must"):
            Ddpm(context)


def test_separate_paths_and_likelihoods_refuse_a_bridge():
    for order in ("residual_first", "noise_first"):
        with pytest.raises(UserError, match="order=together"):
            EtaSampler(order=order).sample(I2SB, lambda x, w: None, X_IN, Counted(), Observation(2))
    with pytest.raises(UserError, match="a likelihood needs noise at each"):
        Bound(I2SB, lambda x, w: None, "small", lambda c, p: c)
    still = Schedule(table(0, 0.3, 0.6, 1), table(0, 0.5, 0.5, 0), contracting, 0.5)
    with pytest.raises(UserError, match="a likelihood needs noise at each level"):
        Bound(still, lambda x, w: None, "small", lambda c, p: c)
