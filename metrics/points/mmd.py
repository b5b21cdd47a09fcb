"""Maximum mean discrepancy of points in the plane."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from errors import UserError
from metrics.base import SetMetric
from metrics.features.coordinates import Coordinates
from metrics.points import pairwise
from metrics.sets.base import Rows
from registry import register


@register("metrics", "mmd")
class Mmd(SetMetric):
    """The squared maximum mean discrepancy (Gretton et al., JMLR 13, 2012, eq. 3), with a sum of Gaussian kernels::

        k(x, y) = sum_m exp(-|x - y|^2 / (2 (m scale)^2)),     m in bandwidths

    RGM's MMD prior sums m = 1, 2, 4, 8, 16 (Choi et al., ICML 2023). ``scale`` is a length in the plane and is fixed:
    a bandwidth taken from the points, as the median heuristic does, would measure each method with another ruler. The
    default reaches from less than a mode's width of `gaussians8` to half the distance between two. ``estimator``:
    "unbiased" is 0 on average for two sets of one law, at any n, and may be negative; "biased" is never negative.
    Raises `UserError` for no bandwidth and for one below 1.
    """

    version = 1
    data = "points"
    higher_is_better = False
    unit = ""

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
        self.features = Coordinates()
        self.scale, self.bandwidths, self.estimator, self.bootstrap = scale, bandwidths, estimator, bootstrap

    @property
    def protocol(self) -> str:
        """Squared; the kernel with its scale; the estimator."""
        widths = ",".join(str(m) for m in self.bandwidths)
        kernel = f"kernel=rbf;scale={self.scale:g};bandwidths={widths}"
        return f"mmd;squared;{self.features.protocol};{kernel};{self.estimator};v{self.version}"

    def kernel(self, squares: np.ndarray) -> np.ndarray:
        """k of squared distances, of any shape; k(x, x) is the number of bandwidths."""
        total = np.zeros_like(squares)
        for m in self.bandwidths:
            total += np.exp(squares * (-0.5 / (m * self.scale) ** 2))
        return total

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The squared discrepancy of points (N, D) and (M, D)."""
        return pairwise.value(self.kernel, self.estimator, made, real)

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The squared discrepancy for each resampling, (B,), as `pairwise.replicates` tells."""
        return pairwise.replicates(self.kernel, self.estimator, made, real, rows)
