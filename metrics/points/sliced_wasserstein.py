"""Sliced Wasserstein distance of points in the plane."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from metrics.base import SetMetric
from metrics.features.coordinates import Coordinates
from metrics.sets.base import Rows, centred, checked
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
    """(mean over directions of W_p(projected made, projected real)^p)^(1/p) (Bonneel et al., JMIV 51, 2015).

    A length in the plane; p is ``order``. The ``angles`` directions are equally spaced: for points in the plane that is
    exact up to the quadrature of half a turn, where random directions would add noise of their own. In one dimension
    the optimal coupling is that of the quantiles. Two sets of one law are not at 0 but at a floor that falls with n.
    """

    version = 1
    data = "points"
    higher_is_better = False
    unit = ""

    def __init__(
        self,
        *,
        order: Annotated[int, "[1, 2]"] = 2,
        angles: Annotated[int, "[2, 10000]"] = 64,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = Coordinates()
        self.order, self.angles, self.bootstrap = order, angles, bootstrap

    @property
    def protocol(self) -> str:
        """The order and the number of equally spaced angles."""
        slices = f"order={self.order};angles={self.angles},equally-spaced"
        return f"sliced_wasserstein;{self.features.protocol};{slices};v{self.version}"

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The distance of points (N, 2) and (M, 2)."""
        made, real = self._plane(made, real)
        x, y = (np.sort(directions(self.angles).T @ rows.T, axis=1) for rows in (made, real))
        return self._distance(x, y, coupling(len(made), len(real)))

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The distance for each resampling, `centred`: every slice is sorted once, then values are repeated; (B,)."""
        made, real = self._plane(made, real)
        coupled = coupling(len(made), len(real))
        slices = [directions(self.angles).T @ points.T for points in (made, real)]
        orders = [projected.argsort(axis=1) for projected in slices]
        sorts = [np.take_along_axis(projected, order, 1) for projected, order in zip(slices, orders, strict=True)]
        figures = []
        for pair in rows:
            x, y = (_repeated(*side) for side in zip(sorts, orders, pair, strict=True))
            figures.append(self._distance(x, y, coupled))
        return centred(np.array(figures, dtype=np.float64), self.value(made, real))

    def _distance(self, x: np.ndarray, y: np.ndarray, coupled: tuple[np.ndarray, np.ndarray, np.ndarray]) -> float:
        ours, theirs, weights = coupled
        costs = np.abs(x[:, ours] - y[:, theirs]) ** self.order @ weights
        return float(costs.mean() ** (1 / self.order))

    @staticmethod
    def _plane(made: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        made, real = checked(made, real)
        if made.shape[1] != 2:
            raise ValueError(f"sliced_wasserstein is of points in the plane (N, 2), got {made.shape}")
        return made, real


def _repeated(values: np.ndarray, order: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The sorted values (L, N) of resampled rows: each as often as its row was drawn."""
    counts = np.bincount(drawn, minlength=values.shape[1])
    return np.repeat(values.ravel(), counts[order].ravel()).reshape(len(values), len(drawn))
