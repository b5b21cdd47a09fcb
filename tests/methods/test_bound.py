"""The variational bound: SciPy and quadrature for its pieces, exact denoisers for the whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.testing import assert_close

from errors import UserError
from methods.beta_schedules import Cosine, Jsd, Linear
from methods.bound import (
    VARIANCES,
    Bound,
    discretised_log_likelihood,
    forward_std,
    gaussian_kl,
    sample_levels,
    strata,
)
from methods.observation import Observation
from methods.process import Components, Level, additive, noise_of, posterior_std
from methods.residual_schedules import ResidualSchedule
from methods.schedules import Schedule, from_betas
from registry import create

VALUES = (torch.arange(256, dtype=torch.float64) / 127.5 - 1)[:, None]
DDPM = Linear("generation").build()


def edit(name: str):
    """An edit of estimated components at a level, by its name."""
    chosen = create("edit", name, {})
    return lambda components, level: chosen(components, level, Observation(len(components.x0)))


class Gauss:
    """N(0, 1) for a purpose and draw, of each row by itself; remembers what was asked."""

    def __init__(self, rows: int, seed: int = 0) -> None:
        self.rows, self.seed, self.asked = rows, seed, []

    def normal(self, purpose: str, draw: int, shape: tuple[int, ...]) -> torch.Tensor:
        self.asked.append((purpose, draw))
        generator = torch.Generator().manual_seed(1000 * self.seed + draw)
        return torch.randn((self.rows, *shape), generator=generator, dtype=torch.float64)


def log_snr(T: int, high: float = 14.0, low: float = -8.0) -> Schedule:
    """A contracting schedule with its log signal-to-noise ratio in equal steps: T grows, the ends stay."""
    abar = torch.sigmoid(torch.linspace(high, low, T, dtype=torch.float64))
    return from_betas(1 - abar / torch.cat([torch.ones(1, dtype=torch.float64), abar[:-1]]))


def oracle(schedule: Schedule, estimate):
    """A denoiser from an estimate of x0 given y = x / (1 - a) and its noise variance; x_in is 0."""

    def denoise(x, waypoint):
        p = schedule.point(*waypoint)
        x0 = estimate(x / (1 - p.a), (p.b / (1 - p.a)) ** 2)
        return Components(x0, -x0, noise_of(x, x0, -x0, p))

    return denoise


def posterior_mean(pmf: torch.Tensor):
    """E[x0 | y] for pixels that take the 256 values with these probabilities: the best denoiser there is."""

    def estimate(y, variance):
        logits = pmf.log() - (y[..., None] - VALUES[:, 0]) ** 2 / (2 * variance)
        return torch.softmax(logits, -1) @ VALUES[:, 0]

    return estimate


@pytest.mark.parametrize(("shift", "q", "p"), [(0.0, 1.0, 1.0), (0.7, 0.3, 0.5), (-2.0, 1.5, 0.8), (1e-3, 1e-3, 2e-3)])
def test_kl_is_its_integral(shift, q, p):
    first, second = stats.norm(0.1, q), stats.norm(0.1 - shift, p)

    def integrand(x):
        return first.pdf(x) * (first.logpdf(x) - second.logpdf(x))

    expected, _ = integrate.quad(integrand, 0.1 - 12 * q, 0.1 + 12 * q, epsabs=1e-13, limit=200)
    assert float(gaussian_kl(torch.tensor(shift, dtype=torch.float64), q, p)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("std", [1e-3, 0.0074, 0.05, 1.0, 30.0])
@pytest.mark.parametrize("mean", [-1.3, -1.0, 0.003, 0.4, 1.0, 2.0])
def test_decoder_is_a_distribution_over_256_values(std, mean):
    found = discretised_log_likelihood(VALUES, torch.full_like(VALUES, mean), std)
    assert float(found.exp().sum()) == pytest.approx(1.0, abs=1e-12)
    edges = np.concatenate([[-np.inf], VALUES[1:, 0].numpy() - 1 / 255, [np.inf]])
    # The survival function on the right of the mean, where differences of the distribution function lose all digits.
    law = stats.norm(mean, std)
    left, right = np.diff(law.cdf(edges)), -np.diff(law.sf(edges))
    peer = np.where(VALUES[:, 0].numpy() > mean, right, left)
    seen = peer > 1e-290
    np.testing.assert_allclose(found[:, 0].numpy()[seen], np.log(peer[seen]), rtol=1e-9, atol=1e-9)
    assert bool(found.isfinite().all())


def test_decoder_far_away_falls_as_the_square():
    # At 200 standard deviations the mass is far below the smallest float64: Mills' ratio for the nearer edge.
    z = (1.0 - 0.5 - 1 / 255) / 0.0025
    expected = -(z**2) / 2 - math.log(z * math.sqrt(2 * math.pi)) + math.log1p(-1 / z**2)
    found = discretised_log_likelihood(torch.ones(1), torch.full((1,), 0.5), 0.0025)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_reverse_variances_are_ddpms():
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    abar = (1 - betas).cumprod(0)
    for t in (2, 3, 500, 1000):
        p, q = DDPM.point(t, t), DDPM.point(t - 1, t - 1)
        assert VARIANCES["large"](p, q, DDPM.chain) ** 2 == pytest.approx(float(betas[t - 1]), rel=1e-10)
        tilde = float(betas[t - 1] * (1 - abar[t - 2]) / (1 - abar[t - 1]))
        assert VARIANCES["small"](p, q, DDPM.chain) ** 2 == pytest.approx(tilde, rel=1e-10)
    assert forward_std(Level(0.0, 0.5), Level(0.0, 0.3), additive) == pytest.approx(0.4, abs=1e-15)


@pytest.mark.parametrize(
    "schedule", [DDPM, Cosine("generation", T=50).build(), log_snr(20), Jsd("generation", T=9).build()]
)
def test_a_level_costs_half_the_fall_of_the_signal_to_noise_ratio_times_the_error(schedule):
    # Kingma et al., NeurIPS 2021, eq. 15, for the small variance: KL = (SNR(t-1) - SNR(t)) |x0 - x0'|^2 / 2.
    x0 = VALUES[::16].clone()
    bound = Bound(schedule, oracle(schedule, lambda y, variance: 0.3 + 0 * y), "small", edit("none"))
    for t in (2, 3, schedule.T // 2, schedule.T):
        snr = [(1 - p.a) ** 2 / p.b**2 for p in (schedule.point(t - 1, t - 1), schedule.point(t, t))]
        if snr[1] == 0:
            continue  # this oracle divides by 1 - a
        expected = (snr[0] - snr[1]) * (x0[:, 0] - 0.3) ** 2 / 2
        found = bound.rate(t, x0, torch.zeros_like(x0), Gauss(len(x0)))
        assert_close(found, expected, rtol=1e-7, atol=1e-10)


def test_large_variance_costs_its_closed_form():
    x0, t = VALUES[::16].clone(), 300
    parts = [
        Bound(DDPM, oracle(DDPM, lambda y, variance: 0.3 + 0 * y), name, edit("none")).rate(
            t, x0, torch.zeros_like(x0), Gauss(len(x0))
        )
        for name in ("small", "large")
    ]
    p, q = DDPM.point(t, t), DDPM.point(t - 1, t - 1)
    ratio = (posterior_std(p, q, DDPM.chain) / forward_std(p, q, DDPM.chain)) ** 2  # beta-tilde / beta
    assert_close(parts[1], parts[0] * ratio + (ratio - 1 - math.log(ratio)) / 2, rtol=1e-10, atol=1e-12)


def test_prior_of_ddpms_schedule_is_about_1e_minus_5_bits():
    # Ho et al., section 4.3: L_T is about 1e-5 bits per dimension.
    pictures = torch.rand((4, 3, 32, 32), generator=torch.Generator().manual_seed(0)).mul(255).round() / 127.5 - 1
    bound = Bound(DDPM, oracle(DDPM, lambda y, variance: 0 * y), "small", edit("x0"))
    prior = bound.prior(pictures, torch.zeros_like(pictures)) / (math.log(2) * 3 * 32 * 32)
    assert 3e-6 < float(prior.min()) <= float(prior.max()) < 3e-5
    abar = math.exp(float(torch.log1p(-torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)).sum()))
    squares = (pictures.double() ** 2).mean((1, 2, 3))
    expected = (abar * squares - abar - math.log1p(-abar)) / 2 / math.log(2)
    assert_close(prior, expected, rtol=1e-6, atol=0)


def mean_bound(schedule: Schedule, pmf: torch.Tensor) -> float:
    """The bound's mean in bits with the best denoiser, every value of a pixel once and weighed by its probability."""
    bound = Bound(schedule, oracle(schedule, posterior_mean(pmf)), "small", edit("none"))
    parts = bound.parts(VALUES, torch.zeros_like(VALUES), Gauss(256), sample_levels(schedule, None, 0))
    return float(sum(parts) @ pmf) / math.log(2)


def gaussian_pixels(std: float) -> torch.Tensor:
    pmf = torch.exp(-(VALUES[:, 0] ** 2) / (2 * std**2))
    return pmf / pmf.sum()


@pytest.mark.parametrize("pmf", [gaussian_pixels(0.25), (gaussian_pixels(0.1).roll(60) + 1 / 256) / 2])
def test_with_the_best_denoiser_the_bound_falls_to_the_entropy(pmf):
    # No code is shorter than the entropy on average; what the steps' Gaussians miss goes as 1 / T.
    entropy = float(-(pmf * pmf.log2()).sum())
    coarse, middle, fine = (mean_bound(log_snr(T), pmf) - entropy for T in (32, 128, 512))
    assert coarse > 5 * middle > 5 * 3 * fine > 0
    assert abs(4 * fine - middle) / 3 < 0.03  # the limit of T to infinity, in bits


def test_gaussian_data_cost_what_their_closed_form_says():
    # x0 ~ N(0, v): the error of the best denoiser is v b^2 / ((1 - a)^2 v + b^2), hence the expected rate.
    v, schedule = 0.09, log_snr(40)
    bound = Bound(schedule, oracle(schedule, lambda y, variance: y * v / (v + variance)), "small", edit("none"))
    x0 = math.sqrt(v) * torch.randn((40000, 1), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for t in (2, 10, 20, 30, 40):
        snr = [(1 - p.a) ** 2 / p.b**2 for p in (schedule.point(t - 1, t - 1), schedule.point(t, t))]
        expected = (snr[0] - snr[1]) / 2 * v / (1 + v * snr[1])
        found = bound.rate(t, x0, torch.zeros_like(x0), Gauss(len(x0)))
        assert abs(float(found.mean()) - expected) < 4 * float(found.std()) / 200


def test_a_worse_denoiser_costs_more():
    schedule, pmf = log_snr(30), gaussian_pixels(0.25)
    best = posterior_mean(pmf)
    levels = sample_levels(schedule, None, 0)
    figures = []
    for error in (0.0, 0.01, 0.05):
        bound = Bound(
            schedule,
            oracle(schedule, lambda y, variance, error=error: best(y, variance) + error),
            "small",
            edit("none"),
        )
        parts = bound.parts(VALUES, torch.zeros_like(VALUES), Gauss(256), levels)
        figures.append(float(sum(parts) @ pmf))
    assert figures[0] < figures[1] < figures[2]


def test_pictures_do_not_see_each_other_and_levels_keep_their_noise():
    schedule, pmf = log_snr(12), gaussian_pixels(0.25)
    bound = Bound(schedule, oracle(schedule, posterior_mean(pmf)), "large", edit("x0"))
    x0 = VALUES[torch.randperm(256, generator=torch.Generator().manual_seed(0))].reshape(16, 1, 4, 4)
    levels = sample_levels(schedule, None, 0)

    class Rows(Gauss):
        def __init__(self, rows):
            super().__init__(16)
            self.chosen = rows

        def normal(self, purpose, draw, shape):
            return super().normal(purpose, draw, shape)[self.chosen]

    def parts(rows, order=levels):
        return torch.stack(bound.parts(x0[rows], torch.zeros_like(x0[rows]), Rows(rows), order))

    whole = parts(torch.arange(16))
    assert whole.dtype == torch.float64 and whole.shape == (3, 16)
    assert_close(parts(torch.arange(15, -1, -1)).flip(1), whole, rtol=0, atol=1e-10)
    assert_close(torch.cat([parts(torch.tensor([k])) for k in range(16)], 1), whole, rtol=0, atol=1e-10)
    assert_close(parts(torch.arange(16), levels[::-1]), whole, rtol=0, atol=1e-10)
    single = [bound.rate(t, x0, torch.zeros_like(x0), Gauss(16)) for t, _ in levels]
    assert_close(whole[1], torch.stack(single).sum(0), rtol=0, atol=1e-10)


def test_a_residual_chain_has_no_prior_cost_and_no_rate_where_the_estimate_is_right():
    # a_T = 1: x_T = x_in + b_T eps is what sampling starts from, whatever the picture.
    steps = torch.linspace(0, 1, 21, dtype=torch.float64)
    schedule = Schedule(steps, 0.4 * steps.sqrt(), additive)
    x0 = VALUES[::8].clone()
    x_in = x0.flip(0)

    def exact(x, waypoint):
        return Components(x0, x_in - x0, noise_of(x, x0, x_in - x0, schedule.point(*waypoint)))

    bound = Bound(schedule, exact, "small", edit("none"))
    assert float(bound.prior(x0, x_in).abs().max()) < 1e-12
    assert float(bound.rate(7, x0, x_in, Gauss(len(x0))).abs().max()) < 1e-12


def test_what_a_residual_chain_keeps_at_its_end_is_the_prior_cost():
    # p(x_T) = N(x_in, b_T^2) and x_T has the mean x0 + a_T (x_in - x0).
    steps = torch.linspace(0, 1, 21, dtype=torch.float64)
    schedule = Schedule(0.9 * steps, 0.4 * steps.sqrt(), additive)
    x0 = VALUES[::8].clone()
    x_in = x0.roll(5, 0)
    prior = Bound(schedule, oracle(schedule, None), "small", edit("none")).prior(x0, x_in)
    assert_close(prior, (0.1 * (x0 - x_in)[:, 0]) ** 2 / (2 * 0.4**2), rtol=1e-10, atol=1e-14)


def test_the_decoder_has_the_small_variance_of_the_step_before_it():
    # DDPM's code, for either choice: log beta-tilde of its index 1 where index 0 has none.
    schedule, x0 = log_snr(30), VALUES[100:140]
    std = posterior_std(schedule.point(2, 2), schedule.point(1, 1), schedule.chain)
    for variance in ("small", "large"):
        bound = Bound(schedule, oracle(schedule, lambda y, _: 0.02 + 0 * y), variance, edit("none"))
        found = bound.distortion(x0, torch.zeros_like(x0), Gauss(len(x0)))
        assert_close(found, -discretised_log_likelihood(x0, torch.full_like(x0, 0.02), std)[:, 0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("t", [1, 2, 500])
def test_estimates_outside_the_range_are_edited_first(t):
    x0 = VALUES[::16].clone()

    def term(estimate: float, clip: str) -> torch.Tensor:
        bound = Bound(DDPM, oracle(DDPM, lambda y, variance: estimate + 0 * y), "small", edit(clip))
        rest = (x0, torch.zeros_like(x0), Gauss(len(x0)))
        return bound.distortion(*rest) if t == 1 else bound.rate(t, *rest)

    assert_close(term(1.7, "x0"), term(1.0, "none"), rtol=1e-8, atol=1e-10)
    assert bool((term(1.7, "x0") < term(1.7, "none")).all())


@pytest.mark.parametrize(
    "schedule", [DDPM, Cosine("generation").build(), log_snr(30), Linear("generation", T=7).build()]
)
@pytest.mark.parametrize("count", [1, 2, 6, 29, 50, 5000])
def test_strata_cover_each_level_once(schedule, count):
    groups = strata(schedule, count)
    assert [t for group in groups for t in group] == list(range(2, schedule.T + 1))
    assert len(groups) == min(count, schedule.T - 1) and min(map(len, groups)) > 0


def test_strata_hold_like_shares_of_information():
    groups = strata(log_snr(1000), 10)
    information = torch.log1p(((1 - log_snr(1000).a[1:]) / log_snr(1000).b[1:]) ** 2)
    shares = [float(information[group[0] - 2] - information[group[-1] - 1]) for group in groups]
    assert max(shares) / min(shares) < 1.05


@pytest.mark.parametrize("count", [1, 3, 20])
def test_fewer_levels_give_the_sum_on_average(count):
    terms = {t: 1.0 / t for t in range(2, DDPM.T + 1)}
    drawn = [sum(weight * terms[t] for t, weight in sample_levels(DDPM, count, seed)) for seed in range(800)]
    expected = sum(terms.values())
    assert abs(np.mean(drawn) - expected) < 4 * np.std(drawn) / math.sqrt(800)
    assert sum(weight for _, weight in sample_levels(DDPM, count, 3)) == DDPM.T - 1
    assert sample_levels(DDPM, count, 3) == sample_levels(DDPM, count, 3) != sample_levels(DDPM, count, 4)


def test_all_levels_need_no_draw():
    for count in (None, 999, 4000):
        assert sample_levels(DDPM, count, 0) == [(t, 1) for t in range(2, 1001)] == sample_levels(DDPM, count, 9)


def test_fifty_levels_of_a_thousand_miss_little_of_a_pictures_rate():
    # Gaussian data in closed form: the error of the estimate over draws of the levels, against that of even strides.
    snr = ((1 - DDPM.a[1:]) / DDPM.b[1:]) ** 2
    terms = (snr[:-1] - snr[1:]) / 2 * 0.25 / (1 + 0.25 * snr[1:])
    drawn = [sum(weight * float(terms[t - 2]) for t, weight in sample_levels(DDPM, 50, seed)) for seed in range(200)]
    assert np.std(drawn) / float(terms.sum()) < 0.02


def test_what_has_no_finite_bound_is_refused():
    with pytest.raises(UserError, match="two levels"):
        Bound(Linear("generation", T=1).build(), oracle(DDPM, None), "small", edit("x0"))
    flat = Schedule(torch.tensor([0.0, 0.5, 1.0]).double(), torch.tensor([0.0, 0.5, 0.5]).double(), additive)
    silent = Schedule(torch.tensor([0.0, 0.5, 1.0]).double(), torch.tensor([0.0, 0.0, 0.5]).double(), additive)
    for schedule in (flat, silent, ResidualSchedule("restoration").build()):
        with pytest.raises(UserError, match="without any"):
            Bound(schedule, oracle(schedule, None), "small", edit("x0"))
