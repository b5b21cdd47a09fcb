"""Sliced Wasserstein distance of points in the plane."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from metrics.features.coordinates import Coordinates
from metrics.sets.base import Draws, SetMetric
from registry import register


def directions(count: int) -> np.ndarray:
    """Unit vectors (2, L) at the angles k pi / L: half a turn, as opposite directions see the same.

    For L > 1 the mean of (v . theta)^2 over them is |v|^2 / 2 exactly.
    """
    angles = np.arange(count) * np.pi / count
    return np.stack([np.cos(angles), np.sin(angles)])


def coupling(n: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The monotone coupling of n and m equally heavy sorted values: indices into both and the weight of each pair.

    Weights are between consecutive multiples of 1/n and 1/m, taken as integers over n m, so that none is lost to
    rounding; for n = m it is 0..n-1 twice with weights 1/n.
    """
    edges = np.unique(np.concatenate([np.arange(n + 1) * m, np.arange(m + 1) * n]))
    return edges[:-1] // m, edges[:-1] // n, np.diff(edges) / (n * m)


@register("metrics", "sliced_wasserstein")
class SlicedWasserstein(SetMetric):
    """(mean over directions of W_p(projected samples, projected references)^p)^(1/p) (Bonneel et al., JMIV 51, 2015).

    A length in the plane; p is ``order``. The ``angles`` directions are equally spaced: for points in the plane that is
    exact up to the quadrature of half a turn, where random directions would add noise of their own. In one dimension
    the optimal coupling is that of the quantiles. Two sets of one law are not at 0 but at a floor that falls with n.
    """

    version = 1
    data = "points"
    higher_is_better = False
    name = "sliced_wasserstein"
    features = Coordinates()

    def __init__(
        self,
        *,
        order: Annotated[int, "[1, 2]"] = 2,
        angles: Annotated[int, "[2, 10000]"] = 64,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.order, self.angles, self.bootstrap = order, angles, bootstrap
        self.settings = f"order={order};angles={angles},equally-spaced"

    def figures(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The distance for each resampling of points (N, 2) and (M, 2): slices are sorted once, then values repeated.

        ValueError for points of another space.
        """
        if samples.shape[1] != 2:
            raise ValueError(f"sliced_wasserstein is of points in the plane (N, 2), got {samples.shape}")
        ours, theirs, weights = coupling(len(samples), len(references))
        slices = [directions(self.angles).T @ points.T for points in (samples, references)]
        orders = [projected.argsort(axis=1) for projected in slices]
        sorts = [np.take_along_axis(projected, order, 1) for projected, order in zip(slices, orders, strict=True)]
        figures = []
        for pair in draws:
            x, y = (_repeated(*side) for side in zip(sorts, orders, pair, strict=True))
            costs = np.abs(x[:, ours] - y[:, theirs]) ** self.order @ weights
            figures.append(costs.mean() ** (1 / self.order))
        return np.array(figures, dtype=np.float64)


def _repeated(values: np.ndarray, order: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The sorted values (L, N) of resampled rows: each as often as its row was drawn."""
    counts = np.bincount(drawn, minlength=values.shape[1])
    return np.repeat(values.ravel(), counts[order].ravel()).reshape(len(values), len(drawn))
