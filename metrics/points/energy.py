"""Energy distance of points in the plane."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from metrics.base import SetMetric
from metrics.features.coordinates import Coordinates
from metrics.points import pairwise
from metrics.sets.base import Rows
from registry import register


@register("metrics", "energy")
class Energy(SetMetric):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo, J. Stat. Planning Inference 143, 2013, eq. 5).

    A length in the plane, not its root. ``estimator``: "unbiased" leaves a point's distance to itself out
    (U-statistic): 0 on average for two sets of one law, at any n, and perhaps negative; "biased" is the V-statistic,
    never negative, the square of what ``scipy.stats.energy_distance`` returns in one dimension.
    """

    version = 1
    data = "points"
    higher_is_better = False
    unit = ""

    def __init__(
        self,
        *,
        estimator: Literal["unbiased", "biased"] = "unbiased",
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = Coordinates()
        self.estimator, self.bootstrap = estimator, bootstrap

    @property
    def protocol(self) -> str:
        """Euclidean distances; the estimator."""
        return f"energy;{self.features.protocol};euclidean;{self.estimator};v{self.version}"

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The energy distance of points (N, D) and (M, D)."""
        return pairwise.value(negative_distance, self.estimator, made, real)

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The energy distance for each resampling, (B,), as `pairwise.replicates` tells."""
        return pairwise.replicates(negative_distance, self.estimator, made, real, rows)


def negative_distance(squares: np.ndarray) -> np.ndarray:
    """k = -|x - y| from squared distances: the kernel whose MMD^2 is the energy distance."""
    return -np.sqrt(squares)
