"""Maximum mean discrepancy and energy distance of points in the plane."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np

from errors import UserError
from metrics.features.coordinates import Coordinates
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

    version = 1
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

    version = 1
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
