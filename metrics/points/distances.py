"""Distances of two sets of points in the plane: maximum mean discrepancy, energy and sliced Wasserstein distance."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np

from errors import UserError
from metrics.features.base import Coordinates
from metrics.sets.base import Draws, SetMetric
from metrics.sets.kernel import Discrepancy
from metrics.sets.manifold import squared_distances
from registry import register


class DistanceKernel(Discrepancy):
    """A discrepancy whose kernel is a function of the distance alone; ``estimator`` as `Discrepancy` has it."""

    data = "points"
    features = Coordinates()
    higher_is_better = False

    @abstractmethod
    def of_squares(self, squares: np.ndarray) -> np.ndarray:
        """k from squared distances |x - y|^2, of any shape."""

    def kernel(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """k for each pair of points."""
        return self.of_squares(squared_distances(x, y))

    def diagonal(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """k of points with the same number."""
        return self.of_squares(np.square(x - y).sum(1))


@register("metrics", "mmd")
class Mmd(DistanceKernel):
    """The squared maximum mean discrepancy (Gretton et al., JMLR 13, 2012, eq. 3), with a sum of Gaussian kernels::

        k(x, y) = sum_m exp(-|x - y|^2 / (2 (m scale)^2)),     m in bandwidths

    RGM's MMD prior sums m = 1, 2, 4, 8, 16 (Choi et al., ICML 2023). ``scale`` is a length in the plane and is fixed:
    a bandwidth taken from the points, as the median heuristic does, would measure each method with another ruler. The
    default reaches from less than a mode's width of `gaussians8` to half the distance between two. ``estimator``:
    "unbiased" is 0 on average for two sets of one law, at any n, and may be negative; "biased" is never negative.
    Raises `UserError` for no bandwidth and for one below 1.
    """

    name = "mmd"

    def __init__(
        self,
        *,
        scale: Annotated[float, "(0, inf)"] = 0.05,
        bandwidths: tuple[int, ...] = (1, 2, 4, 8, 16),
        estimator: Literal["unbiased", "biased"] = "unbiased",
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        if not bandwidths or min(bandwidths) < 1:
            raise UserError(f"metrics.mmd.bandwidths={list(bandwidths)}: name at least one, each 1 or more")
        self.scale, self.bandwidths, self.estimator, self.bootstrap = scale, bandwidths, estimator, bootstrap

    @property
    def protocol(self) -> str:
        """Squared; the kernel with its scale; the estimator."""
        widths = ",".join(str(m) for m in self.bandwidths)
        kernel = f"kernel=rbf;scale={self.scale:g};bandwidths={widths}"
        return f"mmd;squared;{self.features.protocol};{kernel};{self.estimator};v{self.version}"

    def of_squares(self, squares: np.ndarray) -> np.ndarray:
        """The sum of Gaussians; k(x, x) is the number of bandwidths."""
        total = np.zeros_like(squares)
        for m in self.bandwidths:
            total += np.exp(squares * (-0.5 / (m * self.scale) ** 2))
        return total


@register("metrics", "energy")
class Energy(DistanceKernel):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo, J. Stat. Planning Inference 143, 2013, eq. 5).

    A length in the plane, not its root: MMD^2 under k = -|x - y|. ``estimator``: "unbiased" leaves a point's distance
    to itself out (U-statistic): 0 on average for two sets of one law, at any n, and perhaps negative; "biased" is the
    V-statistic, never negative, the square of what ``scipy.stats.energy_distance`` returns in one dimension.
    """

    name = "energy"

    def __init__(
        self,
        *,
        estimator: Literal["unbiased", "biased"] = "unbiased",
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.estimator, self.bootstrap = estimator, bootstrap
        self.settings = f"euclidean;{estimator}"

    def of_squares(self, squares: np.ndarray) -> np.ndarray:
        """-|x - y|."""
        return -np.sqrt(squares)


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


def _repeated(values: np.ndarray, order: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The sorted values (L, N) of resampled rows: each as often as its row was drawn."""
    counts = np.bincount(rows, minlength=values.shape[1])
    return np.repeat(values.ravel(), counts[order].ravel()).reshape(len(values), len(rows))
