"""Distances of two sets of points that are means over pairs: one sum for MMD and for the energy distance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metrics.sets.base import Rows, centred, checked, multiplicities

BLOCK = 512  # rows of the matrix of pairs held at a time: memory stays linear in n
Kernel = Callable[[np.ndarray], np.ndarray]  # k(x, y) from squared distances |x - y|^2


def without_itself(form: np.ndarray, weights: np.ndarray, itself: float) -> np.ndarray:
    """sum_{i != j} w_i w_j k_ij / sum_{i != j} w_i w_j: a U-statistic; NaN where all weight is on one row.

    A row that a bootstrap draws twice is no pair with itself: its k(x, x) would pull every replicate up.
    """
    squares = np.square(weights).sum(axis=1)
    pairs = weights.sum(axis=1) ** 2 - squares
    return np.asarray((form - itself * squares) / np.where(pairs > 0, pairs, np.nan))


def with_itself(form: np.ndarray, weights: np.ndarray, itself: float) -> np.ndarray:
    """sum_ij w_i w_j k_ij / (sum w)^2: a V-statistic."""
    del itself  # it is in the form
    return np.asarray(form / weights.sum(axis=1) ** 2)


ESTIMATORS = {"unbiased": without_itself, "biased": with_itself}


def discrepancies(
    kernel: Kernel, estimator: str, points: tuple[np.ndarray, np.ndarray], weights: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """E k(X, X') + E k(Y, Y') - 2 E k(X, Y) of weighted points (Gretton et al., JMLR 13, 2012, lemma 6), (B,).

    ``points`` are (N, D) and (M, D), ``weights`` (B, N) and (B, M), one row per figure. k = -|x - y| makes it the
    energy distance. ``estimator`` of the first two means is "unbiased" (`without_itself`; the figure may be negative)
    or "biased" (`with_itself`; never negative).
    """
    mean, itself = ESTIMATORS[estimator], float(kernel(np.zeros(1))[0])
    (x, y), (u, v) = points, weights
    cross = _form(kernel, x, y, u, v) / (u.sum(axis=1) * v.sum(axis=1))
    within = [mean(_form(kernel, z, z, w, w), w, itself) for z, w in ((x, u), (y, v))]
    return np.asarray(within[0] + within[1] - 2 * cross)


def _form(kernel: Kernel, x: np.ndarray, y: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """sum_ij left_bi k(|x_i - y_j|^2) right_bj, (B,)."""
    total = np.zeros(len(left))
    for start in range(0, len(x), BLOCK):
        block = kernel(squared_distances(x[start : start + BLOCK], y))
        total += np.einsum("bi,bi->b", left[:, start : start + BLOCK], right @ block.T)
    return total


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|x_i - y_j|^2, (N, M), from differences: exactly 0 between equal points, which |x|^2 - 2 xy + |y|^2 is not."""
    total = np.zeros((len(x), len(y)))
    for axis in range(x.shape[1]):
        total += np.subtract.outer(x[:, axis], y[:, axis]) ** 2
    return total


def value(kernel: Kernel, estimator: str, made: np.ndarray, real: np.ndarray) -> float:
    """The figure of two sets of points. Raises ValueError as `metrics.sets.checked` does."""
    points = checked(made, real)
    return float(discrepancies(kernel, estimator, points, (np.ones((1, len(made))), np.ones((1, len(real)))))[0])


def replicates(kernel: Kernel, estimator: str, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
    """The figure of each resampling, from one pass over the pairs, `centred` at the figure itself; (B,).

    A draw of one single point (1 in n^(n-1)) has no pairs and counts as the figure itself.
    """
    points, whole = checked(made, real), value(kernel, estimator, made, real)
    figures = discrepancies(kernel, estimator, points, multiplicities(rows, (len(made), len(real))))
    return centred(np.where(np.isnan(figures), whole, figures), whole)
