"""Precision, recall, density and coverage against their definitions, spelt out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from errors import UserError
from metrics.sets.base import centred
from metrics.sets.manifold import Coverage, Density, Precision, Recall, radii, squared_distances

FOUR = [Precision, Recall, Density, Coverage]
Figure = type[Precision] | type[Recall] | type[Density] | type[Coverage]


def rows_of(count: int, d: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, d)) + shift


def resamples(count: int, sizes: tuple[int, int], seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, sizes[0], sizes[0]), rng.integers(0, sizes[1], sizes[1])) for _ in range(count)]


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.square(a - b).sum()))


def radius(x: np.ndarray, row: int, k: int) -> float:
    return sorted(distance(x[row], x[other]) for other in range(len(x)) if other != row)[k - 1]


def brute(name: str, made: np.ndarray, real: np.ndarray, k: int) -> float:
    """The papers' sums, one pair at a time."""
    x, y = (made, real) if name == "recall" else (real, made)
    balls = [radius(x, row, k) for row in range(len(x))]
    if name in ("precision", "recall"):
        return float(np.mean([any(distance(a, b) <= r for a, r in zip(x, balls, strict=True)) for b in y]))
    if name == "density":
        return float(np.mean([sum(distance(a, b) < r for a, r in zip(x, balls, strict=True)) for b in y]) / k)
    return float(np.mean([any(distance(a, b) < r for b in y) for a, r in zip(x, balls, strict=True)]))


@pytest.mark.parametrize("figure", FOUR)
@pytest.mark.parametrize(("n", "m", "k"), [(20, 20, 3), (14, 25, 5), (30, 9, 1)])
def test_each_is_its_definition(figure: Figure, n: int, m: int, k: int) -> None:
    made, real = rows_of(n, 3, 0, 0.7), rows_of(m, 3, 1)
    ours = figure(features="coordinates", k=k).value(made, real)
    assert abs(ours - brute(figure.name, made, real, k)) < 1e-12


@pytest.mark.parametrize(("figure", "own"), [(Precision, 1.0), (Recall, 1.0), (Density, 1.0), (Coverage, 1.0)])
def test_a_set_in_itself_scores_one_and_far_away_zero(figure: Figure, own: float) -> None:
    real, metric = rows_of(40, 6, 0), figure(features="coordinates")
    assert metric.value(real, real.copy()) == own
    assert metric.value(real + 1e3, real) == 0


def test_recall_is_precision_with_the_sets_exchanged() -> None:
    made, real = rows_of(30, 4, 0, 0.5), rows_of(25, 4, 1)
    assert Recall(features="coordinates").value(made, real) == Precision(features="coordinates").value(real, made)


@pytest.mark.parametrize("figure", FOUR)
def test_shift_rotation_scale_and_order_change_nothing(figure: Figure) -> None:
    made, real, metric = rows_of(40, 5, 0, 0.4), rows_of(45, 5, 1), figure(features="coordinates")
    expected, basis = metric.value(made, real), ortho_group.rvs(5, random_state=0)
    for change in (lambda z: z + 7, lambda z: z @ basis, lambda z: 4 * z):
        assert metric.value(change(made), change(real)) == pytest.approx(expected, abs=1e-12)
    order = np.random.default_rng(0).permutation(40)
    assert metric.value(made[order], real[::-1]) == pytest.approx(expected, abs=1e-14)


def test_a_real_outlier_fools_precision_but_not_density() -> None:
    """Naeem et al., figure 1: samples around one outlier lie in its ball, which says nothing."""
    real = np.concatenate([rows_of(60, 2, 0), [[30.0, 0.0]]])
    made = rows_of(60, 2, 1) * 0.1 + [15.0, 0.0]
    assert Precision(features="coordinates").value(made, real) == 1.0
    assert Density(features="coordinates").value(made, real) < 0.5


def test_lost_modes_lower_recall_and_coverage_only() -> None:
    real = np.concatenate([rows_of(60, 2, 0), rows_of(60, 2, 1, 50.0)])
    made = rows_of(120, 2, 2)
    figures = {figure.name: figure(features="coordinates").value(made, real) for figure in FOUR}
    assert figures["precision"] > 0.9 and figures["density"] > 0.8
    assert figures["recall"] < 0.55 and figures["coverage"] < 0.55


def test_the_law_of_the_data_has_density_1_and_coverage_1_minus_2_to_the_minus_k() -> None:
    """Naeem et al., lemma 1 and 2: E density = 1; E coverage = 1 - prod (N - i) / (N + M - i) for continuous laws."""
    k, count = 3, 50
    product = np.prod([(count - 1 - i) / (2 * count - 1 - i) for i in range(k)])
    densities, coverages = [], []
    for seed in range(80):
        made, real = rows_of(count, 2, seed), rows_of(count, 2, 1000 + seed)
        densities.append(Density(features="coordinates", k=k).value(made, real))
        coverages.append(Coverage(features="coordinates", k=k).value(made, real))
    assert abs(np.mean(densities) - 1) < 4 * np.std(densities) / np.sqrt(80)
    assert abs(np.mean(coverages) - (1 - product)) < 4 * np.std(coverages) / np.sqrt(80)


def test_equal_rows_have_balls_of_radius_0() -> None:
    distances = squared_distances(np.zeros((4, 2)), np.zeros((4, 2)))
    assert (radii(distances, 2) == 0).all()
    same, others = np.zeros((6, 2)), rows_of(6, 2, 0)
    assert Precision(features="coordinates").value(same, same) == 1.0  # their border belongs to them
    assert Density(features="coordinates", k=3).value(same, same) == 0.0  # here it does not
    assert Coverage(features="coordinates", k=3).value(same, others) <= 1.0


@pytest.mark.parametrize("figure", FOUR)
def test_too_few_pictures_for_k_are_refused(figure: Figure) -> None:
    metric = figure(features="coordinates", k=4)
    with pytest.raises(UserError, match=f"metrics={figure.name} with k=4 needs more than 4 pictures, got 4"):
        metric.value(rows_of(4, 2, 0), rows_of(4, 2, 1))
    assert metric.value(rows_of(5, 2, 0), rows_of(5, 2, 1)) >= 0


@pytest.mark.parametrize("figure", FOUR)
def test_replicates_count_a_row_twice_but_never_as_its_own_neighbour(figure: Figure) -> None:
    """Against the definition over distinct rows, weighted by how often they were drawn."""
    made, real, k = rows_of(25, 3, 0, 0.4), rows_of(22, 3, 1), 3
    metric, rows = figure(features="coordinates", k=k), resamples(8, (25, 22))
    naive = []
    for ours, theirs in rows:
        sets = [
            (z[np.unique(drawn)], np.unique(drawn, return_counts=True)[1])
            for z, drawn in ((made, ours), (real, theirs))
        ]
        (x, u), (y, v) = sets
        weights = {"precision": u, "density": u, "recall": v, "coverage": v}[figure.name]
        naive.append(np.average(each(figure.name, x, y, k), weights=weights))
    expected = centred(np.array(naive), metric.value(made, real))
    np.testing.assert_allclose(metric.replicates(made, real, iter(rows)), expected, rtol=0, atol=1e-12)


def each(name: str, made: np.ndarray, real: np.ndarray, k: int) -> list[float]:
    """What the figure averages, one value for each row that it counts."""
    if name == "coverage":
        return [float(any(distance(a, b) < radius(real, row, k) for b in made)) for row, a in enumerate(real)]
    counted = real if name == "recall" else made
    balls = made if name == "recall" else real
    own = [radius(balls, row, k) for row in range(len(balls))]
    hits = [[distance(a, b) for a in balls] for b in counted]
    if name == "density":
        return [sum(d < r for d, r in zip(row, own, strict=True)) / k for row in hits]
    return [float(any(d <= r for d, r in zip(row, own, strict=True))) for row in hits]


@pytest.mark.parametrize("figure", FOUR)
def test_replicates_spread_as_the_figure_does(figure: Figure) -> None:
    """Gaussian rows, d = 4, n = 80, 60 draws: within a third of the spread over fresh draws."""
    metric, figures, spreads = figure(features="coordinates"), [], []
    for seed in range(60):
        made, real = rows_of(80, 4, seed, 0.5), rows_of(80, 4, 500 + seed)
        figures.append(metric.value(made, real))
        if seed < 12:
            spreads.append(metric.replicates(made, real, resamples(60, (80, 80), seed)).std())
    assert np.sqrt(np.mean(np.square(spreads))) == pytest.approx(np.std(figures), rel=0.33)
