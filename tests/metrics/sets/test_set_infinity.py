"""The extrapolated Frechet distance: it recovers the limit that finite sets miss, and its seed decides it."""

from __future__ import annotations

import numpy as np
import pytest

from errors import UserError
from metrics.sets.frechet import Frechet
from metrics.sets.frechet_infinity import FidInfinity, FrechetInfinity, intercept

SHIFT, SCALE, D = 0.5, 1.3, 8
LIMIT = D * (SHIFT**2 + (SCALE - 1) ** 2)


def two(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return SCALE * rng.normal(size=(count, D)) + SHIFT, rng.normal(size=(count, D))


def test_the_intercept_of_a_line_is_exact() -> None:
    counts = np.array([50, 80, 200])
    assert intercept(counts, 3 + 70 / counts) == pytest.approx(3, abs=1e-12)


def test_it_recovers_the_limit_that_the_plain_distance_misses() -> None:
    """Gaussian rows, d = 8, n = 250: over 40 draws the mean error is within 4 standard errors of 0."""
    plain = Frechet(features="coordinates", least=2)
    both = FrechetInfinity(features="coordinates", least=60, sizes=6)
    pairs = [two(250, seed) for seed in range(40)]
    finite, limit = (np.array([metric.value(*pair) for pair in pairs]) for metric in (plain, both))
    error = limit.std() / np.sqrt(40)
    assert abs(limit.mean() - LIMIT) < 4 * error
    assert finite.mean() - LIMIT > 4 * finite.std() / np.sqrt(40)
    assert abs(limit.mean() - LIMIT) < 0.5 * (finite.mean() - LIMIT)


def test_subsets_of_made_leave_the_real_sets_share_of_the_bias() -> None:
    real, rng = two(60, 0)[1], np.random.default_rng(1)
    only = FrechetInfinity(features="coordinates", subsets="made", least=100, sizes=6)
    figures = [only.value(SCALE * rng.normal(size=(1000, D)) + SHIFT, real) for _ in range(200)]
    mean, covariance = real.mean(0), np.cov(real, rowvar=False)
    roots = SCALE * np.sqrt(np.linalg.eigvalsh(covariance)).sum()
    against_the_sample = np.square(SHIFT - mean).sum() + D * SCALE**2 + np.trace(covariance) - 2 * roots
    error = np.std(figures) / np.sqrt(200)
    assert abs(np.mean(figures) - against_the_sample) < 4 * error
    assert against_the_sample - LIMIT > 20 * error


def test_one_seed_favours_no_subset_of_sorted_rows() -> None:
    """Rows of d = 1: were they sorted, a seed would pick the same quantiles in every draw, and err the same way."""
    plain = Frechet(features="coordinates", least=2)
    metric, moves = FrechetInfinity(features="coordinates", least=20, sizes=4), []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pair = rng.normal(size=(200, 1)) + 1, rng.normal(size=(200, 1))
        moves.append(metric.value(*pair) - plain.value(*pair))
    assert abs(np.mean(moves)) < 0.5 * np.std(moves)  # sorted: twice their spread


def test_the_seed_decides_and_the_order_does_not() -> None:
    made, real = two(120, 3)
    metric, other = (FrechetInfinity(features="coordinates", least=40, sizes=5, seed=seed) for seed in (0, 1))
    figure, order = metric.value(made, real), np.random.default_rng(0).permutation(120)
    assert metric.value(made, real) == figure and other.value(made, real) != figure
    assert metric.value(made[order], real[::-1]) == pytest.approx(figure, rel=1e-10)
    assert "seed=0" in metric.protocol and "sizes=5" in metric.protocol and "smallest=40" in metric.protocol
    assert other.protocol != metric.protocol


def test_too_few_for_a_line_are_refused() -> None:
    made, real = two(100, 0)
    with pytest.raises(UserError, match=r"metrics=frechet_infinity of 100 pictures needs 120, .*least=25"):
        FrechetInfinity(features="coordinates", least=60).value(made, real)
    with pytest.raises(UserError, match="of 100 pictures needs 2562, twice"):
        FrechetInfinity().value(made, real)


def test_replicates_lie_around_the_figure() -> None:
    made, real = two(120, 3)
    metric, rng = FrechetInfinity(features="coordinates", least=40, sizes=4), np.random.default_rng(0)
    rows = [(rng.integers(0, 120, 120), rng.integers(0, 120, 120)) for _ in range(5)]
    replicates = metric.replicates(made, real, iter(rows))
    assert replicates.shape == (5,) and replicates.std() > 0
    assert replicates.mean() == pytest.approx(metric.value(made, real), rel=1e-12)


def test_fid_infinity_is_of_made_subsets_over_the_published_weights() -> None:
    assert FidInfinity().subsets == "made"
    with pytest.raises(UserError, match=r"pt_inception-2015-12-05-6726825d\.pth"):
        _ = FidInfinity().protocol
