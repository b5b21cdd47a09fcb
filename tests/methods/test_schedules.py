"""Schedules against diffusers, numpy and their closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from errors import UserError
from methods.process import additive
from methods.residual_schedules import PROFILES, ResidualSchedule, cumulative
from methods.schedules import Schedule, from_betas
from registry import catalog, create

DDPM = [name for name in catalog()["schedule"] if name != "rddm"]
DIFFUSERS = {"linear": "linear", "scaled_linear": "scaled_linear", "cosine": "squaredcos_cap_v2", "sigmoid": "sigmoid"}


def built(name: str, kind: str = "generation", **options) -> Schedule:
    return create("schedule", name, options, kind).build()


@pytest.mark.parametrize("name", catalog()["schedule"])
@pytest.mark.parametrize("T", [1, 2, 10, 1000])
def test_tables_are_float64_start_at_the_clean_image_and_never_fall(name, T):
    schedule = built(name, T=T)
    assert len(schedule.a) == len(schedule.b) == T + 1 == schedule.T + 1
    assert schedule.a.dtype == schedule.b.dtype == torch.float64
    assert schedule.a[0] == schedule.b[0] == 0
    assert bool((schedule.a.diff() >= 0).all()) and bool((schedule.b.diff() >= 0).all())
    assert float(schedule.a[-1]) <= 1


@pytest.mark.parametrize("name", DIFFUSERS)
def test_ddpm_schedules_equal_those_of_diffusers(name):
    from diffusers import DDPMScheduler

    options = {} if name == "cosine" else {"beta_start": 0.001, "beta_end": 0.013}
    theirs = DDPMScheduler(beta_schedule=DIFFUSERS[name], **options).alphas_cumprod.double()  # float32 inside
    mine = built(name, **options)
    assert_close((1 - mine.a) ** 2, torch.cat([torch.ones(1).double(), theirs]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", DDPM)
def test_ddpm_schedules_keep_the_variance(name):
    schedule = built(name)
    assert_close((1 - schedule.a) ** 2 + schedule.b**2, torch.ones(1001).double(), rtol=0, atol=1e-14)


def test_quad_const_and_jsd_follow_their_formulas():
    t = np.arange(1, 101)
    betas = {
        "quad": np.linspace(1e-4**0.5, 0.02**0.5, 100) ** 2,
        "const": np.full(100, 0.02),
        "jsd": 1 / (100 - t + 1),
    }
    for name, expected in betas.items():
        abar = torch.from_numpy(np.cumprod(1 - expected))
        assert_close((1 - built(name, T=100).a[1:]) ** 2, abar, rtol=0, atol=1e-14)


def test_from_betas_keeps_the_first_level_exact():
    """1 - abar_1 = beta_1 to the last digits, where 1 - cumprod would lose them."""
    schedule = from_betas(torch.tensor([1e-12, 0.5], dtype=torch.float64))
    assert float(schedule.b[1]) ** 2 == pytest.approx(1e-12, rel=1e-14)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("power", [0.3, 1.0, 5.0])
def test_residual_profiles_sum_to_one_and_mirror(profile, power):
    table = cumulative(profile, 1000, power)
    assert table[0] == 0 and table[-1] == 1
    mirrored = {"increased": "decreased", "decreased": "increased"}.get(profile, profile)
    assert_close(cumulative(mirrored, 1000, power), 1 - table.flip(0), rtol=0, atol=1e-12)


def test_residual_increments_follow_their_formulas():
    x = np.linspace(0, 1, 50)
    bell = np.exp(-(np.linspace(-3, 3, 50) ** 2) / 2)
    expected = {"increased": x**0.3, "decreased": x[::-1] ** 0.3, "average": np.ones(50), "normal": bell}
    for name, increments in expected.items():
        got = cumulative(name, 50, 0.3).diff()
        assert_close(got, torch.from_numpy(increments / increments.sum()), rtol=0, atol=1e-14)


def test_a_and_b_follow_profiles_of_their_own():
    schedule = built("rddm", alpha="normal", beta2="decreased", beta2_power=2.0, sum_scale=0.5)
    assert_close(schedule.a, cumulative("normal", 1000, 1.0), rtol=0, atol=0)
    assert_close(schedule.b**2, 0.5 * cumulative("decreased", 1000, 2.0), rtol=0, atol=1e-15)
    assert schedule.chain is additive
    assert schedule.start_std == pytest.approx(0.5**0.5)


def test_sum_scale_defaults_to_the_reference_by_kind():
    assert built("rddm", "generation").start_std == pytest.approx(1.0)
    assert built("rddm", "restoration").start_std == pytest.approx(0.1)
    assert built("rddm", "restoration", sum_scale=0.0).start_std == 0


def test_the_default_tables_of_rddm_are_degenerate_at_both_ends():
    """The first noise increment and the last residual increment are exactly 0: b_1 = 0, and 1 - a = 0 at T - 1 too."""
    schedule = ResidualSchedule("restoration").build()
    assert schedule.b[1] == 0
    assert schedule.a[-1] == 1
    assert float(1 - schedule.a[-2]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "a,b,reason",
    [
        ([0, 1], [0, 0.5, 1], "T \\+ 1"),
        ([0.1, 1], [0, 1], "start at 0"),
        ([0, 0.5, 0.4], [0, 0.5, 1], "never fall"),
        ([0, 1.1], [0, 1], "1 or below"),
        ([0, 1], [0, float("nan")], "finite"),
        ([0], [0], "T \\+ 1"),
    ],
)
def test_invalid_tables_are_refused(a, b, reason):
    with pytest.raises(UserError, match=reason):
        Schedule(torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64), additive)


@pytest.mark.parametrize("betas", [[0.0, 0.1], [0.1, 1.1], [-0.1, 0.2], [float("nan"), 0.2]])
def test_invalid_betas_are_refused(betas):
    with pytest.raises(UserError, match="beta"):
        from_betas(torch.tensor(betas))


def test_betas_must_not_fall():
    with pytest.raises(UserError, match="beta_end"):
        built("linear", beta_start=0.02, beta_end=0.01)
