"""MMD, energy and sliced Wasserstein of points: closed forms, SciPy's, invariances, the bootstrap by brute force."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from errors import UserError
from metrics.points.distances import Energy, Mmd, SlicedWasserstein, coupling, directions
from metrics.sets import kernel as pairwise
from registry import create, find

METRICS = [
    Mmd(),
    Mmd(estimator="biased"),
    Energy(),
    Energy(estimator="biased"),
    SlicedWasserstein(),
    SlicedWasserstein(order=1),
]
UNBIASED, BIASED = [METRICS[0], METRICS[2]], [METRICS[1], METRICS[3]]


def normal(n: int, seed: int = 0, d: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


def resamplings(count: int, n: int, m: int, seed: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, n, n), rng.integers(0, m, m)) for _ in range(count)]


def mean_without_pairs_of(rows: np.ndarray, matrix: np.ndarray) -> float:
    """The mean of a matrix over the pairs of draws of different rows, one by one."""
    drawn = matrix[np.ix_(rows, rows)]
    return float(drawn[rows[:, None] != rows[None]].mean())


def brute(kernel, made: np.ndarray, real: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> float:
    within = mean_without_pairs_of(ours, kernel(made, made)) + mean_without_pairs_of(theirs, kernel(real, real))
    return within - 2 * float(kernel(made[ours], real[theirs]).mean())


KERNELS = {
    "mmd": lambda x, y: sum(np.exp(-(cdist(x, y) ** 2) / (2 * (0.05 * m) ** 2)) for m in (1, 2, 4, 8, 16)),
    "energy": lambda x, y: -cdist(x, y),
}


@pytest.mark.parametrize("name", ["mmd", "energy"])
@pytest.mark.parametrize(("n", "m"), [(40, 40), (700, 31)])
def test_means_over_pairs_are_those_of_the_plain_double_sum(name, n, m):
    made, real, kernel = normal(n), normal(m, 1) + 0.3, KERNELS[name]
    unbiased, biased = (create("metrics", name, {"estimator": word}) for word in ("unbiased", "biased"))
    plain = brute(kernel, made, real, np.arange(n), np.arange(m))
    assert unbiased.value(made, real) == pytest.approx(plain, abs=1e-12)
    whole = kernel(made, made).mean() + kernel(real, real).mean() - 2 * kernel(made, real).mean()
    assert biased.value(made, real) == pytest.approx(whole, abs=1e-12)


def test_energy_in_one_dimension_is_scipys_squared():
    x, y = normal(60, 0, 1), 1.5 * normal(45, 1, 1) + 0.4
    assert Energy(estimator="biased").value(x, y) == pytest.approx(
        stats.energy_distance(x[:, 0], y[:, 0]) ** 2, abs=1e-12
    )


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("n", "m"), [(50, 50), (48, 30), (7, 5)])
def test_each_slice_is_the_wasserstein_distance_of_its_projections(order, n, m):
    made, real = normal(n), 1.3 * normal(m, 1) + 0.2
    costs = []
    for theta in directions(16).T:
        x, y = np.sort(made @ theta), np.sort(real @ theta)
        # The coupling of the quantiles, by repeating each value until both sets are of one size.
        costs.append(np.mean(np.abs(np.repeat(x, m) - np.repeat(y, n)) ** order))
        if order == 1:
            assert costs[-1] == pytest.approx(stats.wasserstein_distance(x, y), abs=1e-12)
    ours = SlicedWasserstein(order=order, angles=16).value(made, real)
    assert ours == pytest.approx(np.mean(costs) ** (1 / order), abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (6, 6), (6, 4), (9, 7), (3000, 2999)])
def test_a_coupling_has_both_marginals(n, m):
    ours, theirs, weights = coupling(n, m)
    assert (weights > 0).all() and (np.diff(ours) >= 0).all() and (np.diff(theirs) >= 0).all()
    for indices, size in ((ours, n), (theirs, m)):
        np.testing.assert_allclose(np.bincount(indices, weights, size), 1 / size, rtol=0, atol=1e-15)


@pytest.mark.parametrize("angles", [2, 3, 64])
@pytest.mark.parametrize("turn", [0.0, 0.7, 2.0])
def test_a_shift_of_length_c_is_c_over_root_2(angles, turn):
    points, shift = normal(30), 1.7 * np.array([np.cos(turn), np.sin(turn)])
    assert SlicedWasserstein(angles=angles).value(points + shift, points) == pytest.approx(
        1.7 / math.sqrt(2), abs=1e-12
    )


def test_w1_of_a_shift_is_the_mean_of_a_cosine():
    points = normal(30)
    ours = SlicedWasserstein(order=1, angles=1024).value(points + np.array([1.7, 0.0]), points)
    assert ours == pytest.approx(2 * 1.7 / math.pi, abs=1e-5)


def test_w2_of_two_scales_is_the_difference_of_their_stds():
    points = normal(4000)
    ours = SlicedWasserstein().value(3 * points, points)
    rms = math.sqrt((points**2).sum(axis=1).mean() / 2)  # of |2 x . theta|, by Parseval over equal angles
    assert ours == pytest.approx(2 * rms, abs=1e-12)


def mmd_of_gaussians(distance: float, variance: float, metric: Mmd) -> float:
    """MMD^2 of N(0, v I) and N(d e, v I) in the plane: E k = h^2/(h^2 + 2v) exp(-d^2 / (2 (h^2 + 2v)))."""
    total = 0.0
    for m in metric.bandwidths:
        h = (m * metric.scale) ** 2
        total += 2 * h / (h + 2 * variance) * (1 - math.exp(-(distance**2) / (2 * (h + 2 * variance))))
    return total


def test_unbiased_mmd_averages_to_its_closed_form():
    metric = Mmd(scale=0.2, bandwidths=(1, 3))
    figures = [metric.value(normal(30, k) + [0.8, 0], normal(20, 1000 + k)) for k in range(300)]
    error = np.std(figures) / math.sqrt(len(figures))
    assert abs(np.mean(figures) - mmd_of_gaussians(0.8, 1.0, metric)) < 4 * error < 0.03
    biased = [
        Mmd(scale=0.2, bandwidths=(1, 3), estimator="biased").value(normal(30, k), normal(20, 1000 + k))
        for k in range(50)
    ]
    assert np.mean(biased) > 0.05  # of one law, where the unbiased one is 0 on average


def test_unbiased_energy_averages_to_its_closed_form():
    # |X - Y| of two normals in the plane is Rayleigh, mean sqrt(pi v / 2) with v the variance of a difference.
    expected = 2 * math.sqrt(math.pi * 5 / 2) - math.sqrt(math.pi * 2 / 2) - math.sqrt(math.pi * 8 / 2)
    figures = [Energy().value(normal(30, k), 2 * normal(20, 1000 + k)) for k in range(300)]
    assert abs(np.mean(figures) - expected) < 4 * np.std(figures) / math.sqrt(300) < 0.1


@pytest.mark.parametrize("metric", UNBIASED)
def test_one_law_is_zero_on_average_at_any_n(metric):
    for n in (3, 40):
        figures = [metric.value(normal(n, k), normal(n, 1000 + k)) for k in range(300)]
        assert abs(np.mean(figures)) < 4 * np.std(figures) / math.sqrt(300) and min(figures) < 0


@pytest.mark.parametrize("metric", [*BIASED, *METRICS[4:]])
def test_a_set_against_itself_is_zero_and_nothing_is_below(metric):
    assert abs(metric.value(normal(50), normal(50))) < 1e-12
    assert min(metric.value(normal(20, k), normal(30, 50 + k)) for k in range(10)) > 0


@pytest.mark.parametrize("metric", METRICS)
def test_distance_grows_with_shift_and_with_spread(metric):
    made, real = 0.1 * normal(300), 0.1 * normal(300, 1)
    shifted = [metric.value(made + [c, 0], real) for c in (0, 0.1, 0.2, 0.4, 0.8)]
    spread = [metric.value(c * made, real) for c in (1, 1.5, 2, 4, 8)]
    assert (np.diff(shifted) > 0).all() and (np.diff(spread) > 0).all()


@pytest.mark.parametrize("metric", METRICS)
def test_order_changes_nothing_and_the_two_sets_may_be_swapped(metric):
    made, real = normal(600), normal(500, 1) + 0.5
    rng = np.random.default_rng(0)
    whole = metric.value(made, real)
    assert metric.value(rng.permutation(made), rng.permutation(real)) == pytest.approx(whole, abs=1e-12)
    assert metric.value(real, made) == pytest.approx(whole, abs=1e-12)
    assert metric.value(made + 7, real + 7) == pytest.approx(whole, abs=1e-12)
    assert metric.value(made.astype(np.float32), real) == pytest.approx(whole, abs=1e-5)


def test_a_blocks_border_moves_no_figure(monkeypatch):
    made, real = normal(70), normal(50, 1)
    whole = [metric.value(made, real) for metric in METRICS[:4]]
    monkeypatch.setattr(pairwise, "BLOCK", 13)
    np.testing.assert_allclose([metric.value(made, real) for metric in METRICS[:4]], whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("metric", [*BIASED, *METRICS[4:]])
@pytest.mark.parametrize(("n", "m"), [(40, 40), (35, 20)])
def test_replicates_are_the_figures_of_the_resampled_rows(metric, n, m):
    made, real, rows = normal(n), normal(m, 1) + 0.3, resamplings(20, n, m)
    plain = np.array([metric.value(made[ours], real[theirs]) for ours, theirs in rows])
    moved = plain - plain.mean() + metric.value(made, real)
    np.testing.assert_allclose(metric.replicates(made, real, iter(rows)), moved, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["mmd", "energy"])
def test_unbiased_replicates_pair_no_point_with_itself(name):
    made, real, rows = normal(30), normal(25, 1) + 0.3, resamplings(20, 30, 25)
    metric = create("metrics", name, {})
    plain = np.array([brute(KERNELS[name], made, real, ours, theirs) for ours, theirs in rows])
    moved = plain - plain.mean() + metric.value(made, real)
    np.testing.assert_allclose(metric.replicates(made, real, rows), moved, rtol=0, atol=1e-12)
    assert metric.replicates(made, real, []).shape == (0,)


@pytest.mark.parametrize("name", ["mmd", "energy", "sliced_wasserstein"])
def test_replicates_vary_as_fresh_sets_do(name):
    metric = create("metrics", name, {})
    fresh = [metric.value(0.5 * normal(200, k) + [0.5, 0], 0.5 * normal(200, 500 + k)) for k in range(60)]
    found = metric.replicates(0.5 * normal(200) + [0.5, 0], 0.5 * normal(200, 500), resamplings(200, 200, 200))
    assert 0.7 < found.std() / np.std(fresh) < 1.4


@pytest.mark.parametrize("name", ["mmd", "energy", "sliced_wasserstein"])
def test_two_hundred_replicates_of_a_thousand_points_take_seconds(name):
    start = time.perf_counter()
    create("metrics", name, {}).replicates(normal(1000), normal(1000, 1), resamplings(200, 1000, 1000))
    assert time.perf_counter() - start < 20  # about 1 s each; plain resampling of the pairs takes minutes


@pytest.mark.parametrize("metric", METRICS)
def test_wrong_points_are_refused_in_one_line(metric):
    good = normal(5)
    bad = [good[:1], good[0], np.full((5, 2), np.nan), good[:, :0]]
    for points in bad:
        for pair in ((points, good), (good, points)):
            with pytest.raises(ValueError) as caught:
                metric.value(*pair)
            assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="same features"):
        metric.value(good, normal(5, 0, 3))


def test_slices_are_of_the_plane_and_bandwidths_positive():
    with pytest.raises(ValueError, match="plane"):
        SlicedWasserstein().value(normal(5, 0, 3), normal(5, 0, 3))
    for bandwidths in ((), (0, 1), (-1,)):
        with pytest.raises(UserError, match="bandwidths"):
            Mmd(bandwidths=bandwidths)


@pytest.mark.parametrize("name", ["mmd", "energy", "sliced_wasserstein"])
def test_the_catalogue_knows_each_and_every_option_is_in_the_stamp(name):
    component = find("metrics", name)
    metric = create("metrics", name, {})
    assert metric.protocol.startswith(f"{name};coordinates;") or metric.protocol.startswith(
        f"{name};squared;coordinates;"
    )
    assert component.facts.data == metric.data == "points" and component.facts.kind == "set"
    assert component.facts.higher_is_better is metric.higher_is_better is False
    others = {"scale": 0.1, "bandwidths": [1, 2], "estimator": "biased", "order": 1, "angles": 32}
    stamps = {create("metrics", name, {key: others[key]}).protocol for key in component.options if key != "bootstrap"}
    assert len(stamps | {metric.protocol}) == len(component.options)
