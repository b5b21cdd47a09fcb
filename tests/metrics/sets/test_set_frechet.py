"""The Frechet distance: closed forms, scipy's root called live, invariances, its bias, and its resampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from errors import UserError
from metrics.sets.frechet import FIRST_ORDER, Frechet, Gaussian, frechet_distance, gaussian, slopes

METRIC = Frechet(features="coordinates", least=2)  # rows are handed in below: of any d


def rows_of(count: int, d: int, seed: int) -> np.ndarray:
    """Correlated rows with a mean."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def resamples(count: int, sizes: tuple[int, int], seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, sizes[0], sizes[0]), rng.integers(0, sizes[1], sizes[1])) for _ in range(count)]


def by_sqrtm(x: np.ndarray, y: np.ndarray) -> float:
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    gap = np.square(x.mean(0) - y.mean(0)).sum()
    return float(gap + np.trace(first) + np.trace(second) - 2 * np.trace(sqrtm(first @ second)).real)


def by_eigenvalues(x: np.ndarray, y: np.ndarray) -> float:
    """The d x d form: the eigenvalues of C1 C2."""
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(first @ second).real, 0)).sum()
    return float(np.square(x.mean(0) - y.mean(0)).sum() + np.trace(first) + np.trace(second) - 2 * roots)


def test_gaussians_of_known_parameters_have_their_closed_form() -> None:
    rng = np.random.default_rng(0)
    basis = ortho_group.rvs(7, random_state=1)
    one, two, gap = rng.uniform(0.1, 4, 7), rng.uniform(0.1, 4, 7), rng.normal(size=7)
    made = Gaussian(gap, np.sqrt(one)[:, None] * basis)  # covariances that commute: basis' diag basis
    real = Gaussian(np.zeros(7), np.sqrt(two)[:, None] * basis)
    expected = np.square(gap).sum() + np.square(np.sqrt(one) - np.sqrt(two)).sum()
    assert abs(frechet_distance(made, real) - expected) < 1e-12


@pytest.mark.parametrize(("n", "m", "d"), [(60, 90, 6), (40, 41, 12), (300, 50, 24)])
def test_it_is_scipys_root_on_well_conditioned_rows(n: int, m: int, d: int) -> None:
    x, y = rows_of(n, d, 0), rows_of(m, d, 1)
    assert METRIC.value(x, y) == pytest.approx(by_sqrtm(x, y), rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), [(60, 90, 6), (20, 25, 40), (20, 90, 40), (41, 40, 40)])
def test_the_form_by_rows_and_the_form_by_features_agree(n: int, m: int, d: int) -> None:
    x, y = rows_of(n, d, 0), rows_of(m, d, 1)
    by_rows = (x - x.mean(0)) @ (y - y.mean(0)).T / np.sqrt((n - 1) * (m - 1))
    roots = np.linalg.svd(by_rows, compute_uv=False).sum()
    traces = x.var(0, ddof=1).sum() + y.var(0, ddof=1).sum()
    expected = np.square(x.mean(0) - y.mean(0)).sum() + traces - 2 * roots
    assert METRIC.value(x, y) == pytest.approx(expected, rel=1e-11)
    assert METRIC.value(x, y) == pytest.approx(by_eigenvalues(x, y), rel=1e-5)  # it takes roots of rounded zeros


@pytest.mark.parametrize(("n", "d"), [(80, 9), (12, 30)])
def test_identity_symmetry_shift_and_rotation(n: int, d: int) -> None:
    x, y = rows_of(n, d, 0), rows_of(n + 5, d, 1)
    figure, basis, shift = METRIC.value(x, y), ortho_group.rvs(d, random_state=0), np.arange(d) / 3
    assert METRIC.value(x, x) < 1e-11 * np.square(x).sum()
    assert METRIC.value(y, x) == pytest.approx(figure, rel=1e-12)
    assert METRIC.value(x + 5, y + 5) == pytest.approx(figure, rel=1e-11)
    assert METRIC.value(x @ basis, y @ basis) == pytest.approx(figure, rel=1e-11)
    assert METRIC.value(x + shift, x) == pytest.approx(np.square(shift).sum(), rel=1e-10)
    assert METRIC.value(3 * x, 3 * y) == pytest.approx(9 * figure, rel=1e-12)


def test_features_that_are_always_zero_are_no_exception() -> None:
    x, y = rows_of(60, 8, 0), rows_of(60, 8, 1)
    padded = [np.concatenate([z, np.zeros((60, 4))], axis=1) for z in (x, y)]
    assert METRIC.value(*padded) == pytest.approx(METRIC.value(x, y), rel=1e-12)
    assert np.isfinite(METRIC.replicates(*padded, resamples(3, (60, 60)))).all()


def test_the_bias_of_one_law_falls_as_1_over_n() -> None:
    """Gaussian rows of one law, d = 512, covariance I / 32: N = 64 gives 23, 256 14, 1024 4.1, none of them 0."""
    rng, figures = np.random.default_rng(0), {}
    for count in (64, 256, 1024):
        x, y = rng.normal(size=(2, count, 512)) / np.sqrt(32)
        figures[count] = METRIC.value(x, y)
    assert figures[64] == pytest.approx(23, abs=1) and figures[256] == pytest.approx(14, abs=0.5)
    asymptote = (2 * 512 + 512 * 513 / 2) / 32  # of n times the bias: the means' share and the covariances'
    assert 1024 * figures[1024] == pytest.approx(asymptote, rel=0.05)


def test_fewer_pictures_than_features_are_refused_unless_forced() -> None:
    rng = np.random.default_rng(0)
    metric = Frechet(features="coordinates")
    assert metric.needed == 3
    with pytest.raises(UserError, match=r"metrics=frechet of 2 pictures needs 3.*metrics=kernel.*least=2") as caught:
        metric.value(rng.normal(size=(2, 2)), rng.normal(size=(9, 2)))
    assert "\n" not in str(caught.value)
    assert metric.value(rng.normal(size=(3, 2)), rng.normal(size=(9, 2))) > 0
    forced = Frechet(features="coordinates", least=2)
    assert forced.value(rng.normal(size=(2, 2)), rng.normal(size=(9, 2))) > 0 and forced.protocol == metric.protocol


@pytest.mark.parametrize(("n", "m", "d"), [(24, 30, 60), (40, 30, 8)])
def test_replicates_are_those_of_the_resampled_rows_moved_to_the_figure(n: int, m: int, d: int) -> None:
    x, y = rows_of(n, d, 0), rows_of(m, d, 1)
    rows = resamples(12, (n, m))
    naive = np.array([METRIC.value(x[ours], y[theirs]) for ours, theirs in rows])
    fast = METRIC.replicates(x, y, iter(rows))
    assert fast.mean() == pytest.approx(METRIC.value(x, y), rel=1e-12)
    np.testing.assert_allclose(fast - fast.mean(), naive - naive.mean(), rtol=0, atol=1e-10 * naive.max())
    assert (naive.mean() - METRIC.value(x, y)) > 2 * naive.std(ddof=1) / np.sqrt(12), "their bias: why they are moved"


def test_the_first_order_of_a_row_is_the_derivative() -> None:
    x, y = rows_of(50, 5, 0), rows_of(70, 5, 1)
    one, two = gaussian(x), gaussian(y)
    slope, step = slopes(one, two, x), 1e-5
    assert abs(slope.mean()) < 1e-12 * np.abs(slope).max()
    for k in (0, 7, 31):
        more, less = (np.ones(50) + sign * step * np.eye(50)[k] for sign in (1, -1))
        population = [_population(x, weights) for weights in (more, less)]
        numeric = (frechet_distance(population[0], two) - frechet_distance(population[1], two)) / (2 * step)
        exact = slopes(_population(x, np.ones(50)), two, x)[k] / 50
        assert numeric == pytest.approx(exact, rel=1e-6, abs=1e-8)


def _population(x: np.ndarray, weights: np.ndarray) -> Gaussian:
    """Weighted moments with 1 / n, the functional whose derivative is taken."""
    mean = weights @ x / weights.sum()
    return Gaussian(mean, np.sqrt(weights / weights.sum())[:, None] * (x - mean))


def test_with_many_rows_replicates_are_linear_and_cost_no_root() -> None:
    d = 6
    n = FIRST_ORDER * d * 2
    x, y = rows_of(n, d, 0), rows_of(n, d, 1)
    rows = resamples(150, (n, n))
    fast = METRIC.replicates(x, y, rows)
    naive = np.array([METRIC.value(x[ours], y[theirs]) for ours, theirs in rows])
    assert np.corrcoef(fast, naive)[0, 1] > 0.97
    assert fast.std() == pytest.approx(naive.std(), rel=0.15)
    assert abs(fast.mean() - METRIC.value(x, y)) < 4 * fast.std() / np.sqrt(150)


@pytest.mark.parametrize("bad", ["nan", "one", "dims", "flat"])
def test_wrong_rows_are_refused(bad: str) -> None:
    x, y = rows_of(9, 4, 0), rows_of(9, 4, 1)
    wrong = {"nan": np.where(np.arange(36).reshape(9, 4) == 5, np.nan, x), "one": x[:1], "dims": x[:, :3], "flat": x[0]}
    with pytest.raises(ValueError, match="feature"):
        METRIC.value(wrong[bad], y)
