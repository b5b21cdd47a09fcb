"""The kernel distance: a double loop, torchmetrics' one, its expectation, and what its replicates leave out."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.sets import kernel
from metrics.sets.kernel import Kernel

METRIC = Kernel(features="coordinates")
PAIRED = Kernel(features="coordinates")
PAIRED.paired = True
polynomial = METRIC.kernel


def resamples(count: int, sizes: tuple[int, int], seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, sizes[0], sizes[0]), rng.integers(0, sizes[1], sizes[1])) for _ in range(count)]


def by_loops(x: np.ndarray, y: np.ndarray, i: list[int], j: list[int]) -> float:
    """The definition over drawn rows i of x and j of y, pair by pair, no row beside itself."""

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    def within(z: np.ndarray, rows: list[int]) -> float:
        pairs = [k(z[a], z[b]) for a in rows for b in rows if a != b]
        return sum(pairs) / len(pairs)

    cross = [k(x[a], y[b]) for a in i for b in j]
    return within(x, i) + within(y, j) - 2 * sum(cross) / len(cross)


def test_it_is_the_double_loop() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(13, 5)), rng.normal(size=(9, 5)) + 0.5
    assert METRIC.value(x, y) == pytest.approx(by_loops(x, y, list(range(13)), list(range(9))), rel=1e-12)


def test_it_is_torchmetrics_with_one_subset_of_everything() -> None:
    import torch

    peer = pytest.importorskip("torchmetrics.image.kid", reason="torchmetrics' kernel distance")
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 6)) + 0.3
    theirs = float(peer.poly_mmd(torch.from_numpy(x), torch.from_numpy(y)))  # its sets have one size
    assert METRIC.value(x, y) == pytest.approx(theirs, rel=1e-12)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(23, 4)), rng.normal(size=(17, 4)) + 0.2
    whole = METRIC.value(x, y)
    monkeypatch.setattr(kernel, "BLOCK", 5)
    assert METRIC.value(x, y) == pytest.approx(whole, rel=1e-12)


def test_it_is_unbiased() -> None:
    """One law, n = 12 and 15: the mean of 2000 draws is 0 within four standard errors; with i = j it is not."""
    rng = np.random.default_rng(3)
    figures, biased = [], []
    for _ in range(2000):
        x, y = rng.normal(size=(12, 4)), rng.normal(size=(15, 4))
        figures.append(METRIC.value(x, y))
        biased.append(polynomial(x, x).mean() + polynomial(y, y).mean() - 2 * polynomial(x, y).mean())
    error = np.std(figures) / np.sqrt(2000)
    assert abs(np.mean(figures)) < 4 * error
    assert np.mean(biased) > 20 * error and min(figures) < 0


def test_its_expectation_does_not_depend_on_n() -> None:
    rng = np.random.default_rng(4)
    means, errors = [], []
    for count in (6, 60):
        draws = [METRIC.value(rng.normal(size=(count, 2)) + 0.5, rng.normal(size=(count, 2))) for _ in range(1200)]
        means.append(np.mean(draws))
        errors.append(np.std(draws) / np.sqrt(1200))
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors) and means[1] > 20 * errors[1]


def test_replicates_are_the_double_loop_over_drawn_rows_moved_to_the_figure() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(11, 3)), rng.normal(size=(8, 3)) + 0.5
    rows = resamples(6, (11, 8))
    naive = np.array([by_loops(x, y, list(ours), list(theirs)) for ours, theirs in rows])
    fast = METRIC.replicates(x, y, iter(rows))
    np.testing.assert_allclose(fast - fast.mean(), naive - naive.mean(), rtol=0, atol=1e-11)
    assert fast.mean() == pytest.approx(METRIC.value(x, y), rel=1e-12)


def test_a_row_beside_itself_would_pull_replicates_up() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 4))
    rows = resamples(200, (30, 30))
    naive = np.array([METRIC.value(x[ours], y[theirs]) for ours, theirs in rows])
    kept = METRIC.weighted(x, y, *_weights(rows, 30))
    assert naive.mean() - METRIC.value(x, y) > 5 * abs(kept.mean() - METRIC.value(x, y))


def _weights(rows: list[tuple[np.ndarray, np.ndarray]], size: int) -> list[np.ndarray]:
    return [np.array([np.bincount(pair[side], minlength=size) for pair in rows], float) for side in (0, 1)]


def test_its_interval_covers() -> None:
    """Gaussian rows d = 4, n = 60, 200 draws: the 95% percentile interval covers the expectation 89 to 100 times."""
    covered, expected = 0, np.mean([METRIC.value(*_two(60, seed)) for seed in range(1000, 1600)])
    for seed in range(200):
        low, high = np.quantile(METRIC.replicates(*_two(60, seed), resamples(100, (60, 60), seed)), (0.025, 0.975))
        covered += low <= expected <= high
    assert covered >= 178


def _two(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 4)) + 0.5, rng.normal(size=(count, 4))


def test_two_pictures_are_the_fewest_and_have_replicates() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    assert np.isfinite(METRIC.replicates(x, y, resamples(50, (2, 2)))).all()
    assert METRIC.replicates(x, y, []).shape == (0,)
    with pytest.raises(ValueError, match="two feature rows"):
        METRIC.value(x[:1], y)


def test_a_constant_feature_and_the_kernels_constant_cancel() -> None:
    """Rows that are all one point have no distance, also in replicates."""
    same = np.ones((20, 5))
    assert METRIC.value(same, same) == 0
    np.testing.assert_allclose(METRIC.replicates(same, same, resamples(5, (20, 20))), 0, rtol=0, atol=1e-12)


def test_pictures_equal_to_their_own_truth_are_at_distance_0():
    """Independent sets of one law are at 0 on average; a set and itself are not independent."""
    x = np.random.default_rng(0).normal(size=(12, 5))
    ones = np.ones((1, 12))
    assert abs(PAIRED.weighted(x, x, ones, ones)[0]) < 1e-12
    assert METRIC.weighted(x, x, ones, ones)[0] < -0.1


def test_paired_sets_leave_out_what_shows_the_same_picture():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 4))
    y = x + rng.normal(size=(6, 4))
    u = rng.integers(0, 3, (1, 6)).astype(float)
    k = polynomial
    others = ~np.eye(6, dtype=bool)
    drawn = np.outer(u[0], u[0])[others]
    terms = [k(x, x)[others], k(y, y)[others], -2 * k(x, y)[others]]
    expected = sum(float(drawn @ term) for term in terms) / drawn.sum()
    assert PAIRED.weighted(x, y, u, u)[0] == pytest.approx(expected, rel=1e-12)
