"""Precision, recall, density and coverage: whether samples lie among the real ones, and the real ones among them.

The default features are AlexNet's, of 256 dimensions. Balls around few pictures in many dimensions are so large that
noise, whose features are small, lies in them: over EfficientNet-lite0's 1280 the precision of crops under noise of
80 levels was 1.0 with 30 pictures and 0.6 with 300, over AlexNet's 0 with both. Blurred pictures lie in the middle too
(0.7 over AlexNet, 0.96 over VGG16, where sharp ones had 0.95 and 0.9): read precision beside recall and coverage.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import numpy as np

from errors import UserError
from metrics.base import SetMetric
from metrics.sets.base import Rows, centred, checked, network
from registry import register


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|x_i - y_j|^2, (N, M), by differences: equal rows are exactly 0 apart, and no pair depends on another."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(x, y, "sqeuclidean"))


def radii(distances: np.ndarray, k: int) -> np.ndarray:
    """Of squared distances (N, N) within a set: from each row to its k-th nearest other row, (N,); k below N."""
    return np.asarray(np.partition(distances, k, axis=1)[:, k])  # place 0 is the row itself


class _Manifold(SetMetric):
    """What the four share: a ball around each row of one set, as far as its k-th nearest neighbour in that set.

    The rows of that set are the centres, those of the other set are sought in the balls.
    """

    name: str
    k: int

    @property
    def protocol(self) -> str:
        """Network, weights, resizing and dimensions; k."""
        return f"{self.name};{self.features.protocol};k={self.k};float64;v{self.version}"

    def centres(self, made: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The set with the balls, then the other one; the same for what belongs to the sets, such as weights."""
        return real, made

    @abstractmethod
    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """The figure from (centres, others) whether a row lies in a ball, and how often each row was drawn."""

    @abstractmethod
    def inside(self, distances: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """Whether a row lies in a ball, (centres, others)."""

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The figure of all rows; `UserError` where a set has no k-th neighbour."""
        centres, others = self.centres(*checked(made, real))
        if len(centres) <= self.k:
            raise UserError(
                f"metrics={self.name} with k={self.k} needs more than {self.k} pictures, got {len(centres)}: "
                f"more images, or a smaller metrics.{self.name}.k"
            )
        radius = radii(squared_distances(centres, centres), self.k)
        inside = self.inside(squared_distances(centres, others), radius)
        return self.counted(inside, (np.ones(len(centres)), np.ones(len(others))))

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The figure for each resampling, `centred` at the figure.

        A picture drawn twice counts twice in a mean and is one centre: as its own neighbour it would shrink its ball
        to nothing. Time B (N^2 + N M), memory the two matrices of distances. k is cut to what a draw has.
        """
        value = self.value(made, real)
        centres, others = self.centres(*checked(made, real))
        within, across = squared_distances(centres, centres), squared_distances(centres, others)
        figures = [self._replicate(within, across, self.centres(*pair)) for pair in rows]
        return centred(np.array(figures, dtype=np.float64), value)

    def _replicate(self, within: np.ndarray, across: np.ndarray, pair: tuple[np.ndarray, np.ndarray]) -> float:
        (ball, balls), (row, rows) = (np.unique(drawn, return_counts=True) for drawn in pair)
        radius = radii(within[np.ix_(ball, ball)], min(self.k, len(ball) - 1))
        return self.counted(self.inside(across[np.ix_(ball, row)], radius), (balls, rows))


class _Support(_Manifold):
    """Precision and recall: the share of the other set that lies in a ball."""

    def __init__(
        self,
        *,
        features: str = "alexnet",
        weights: str = "",
        k: Annotated[int, "[1, inf)"] = 3,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = network(features, weights)
        self.k = k
        self.bootstrap = bootstrap

    def inside(self, distances: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """Its border belongs to a ball: eq. 1 of Kynkaanniemi et al."""
        return np.asarray(distances <= radius[:, None])

    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """The share of the others in at least one ball."""
        return float(np.average(inside.any(axis=0), weights=weights[1]))


@register("metrics", "precision")
class Precision(_Support):
    """The share of made pictures within the balls of the real ones, 0 to 1: are samples like real pictures.

    Kynkaanniemi et al., NeurIPS 2019, eq. 2, with their k = 3. One real outlier has a large ball; `density` is the
    sturdier figure.
    """

    version = 1
    higher_is_better = True
    unit = ""
    name = "precision"


@register("metrics", "recall")
class Recall(_Support):
    """The share of real pictures within the balls of the made ones, 0 to 1: do samples reach all of the data.

    Kynkaanniemi et al., NeurIPS 2019, eq. 2 with the sets exchanged, k = 3. Made outliers raise it; `coverage` is the
    sturdier figure.
    """

    version = 1
    higher_is_better = True
    unit = ""
    name = "recall"

    def centres(self, made: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The balls are those of the made pictures."""
        return made, real


class _Neighbourhood(_Manifold):
    """Density and coverage: how the balls of the real pictures are filled."""

    def __init__(
        self,
        *,
        features: str = "alexnet",
        weights: str = "",
        k: Annotated[int, "[1, inf)"] = 5,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = network(features, weights)
        self.k = k
        self.bootstrap = bootstrap

    def inside(self, distances: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """The border of a ball is outside of it, as in the authors' code: the real set has density 1 in itself."""
        return np.asarray(distances < radius[:, None])


@register("metrics", "density")
class Density(_Neighbourhood):
    """In how many balls of real pictures a made one lies, on average, over k: 1 for the law of the data, no upper end.

    Naeem et al., ICML 2020, eq. 4, with their k = 5.
    """

    version = 1
    higher_is_better = True
    unit = ""
    name = "density"

    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """Balls per row, over k."""
        return float(np.average(inside.sum(axis=0), weights=weights[1]) / self.k)


@register("metrics", "coverage")
class Coverage(_Neighbourhood):
    """The share of real pictures with a made one in their ball, 0 to 1; 1 - 2^-k about for the law of the data.

    Naeem et al., ICML 2020, eq. 5, with their k = 5.
    """

    version = 1
    higher_is_better = True
    unit = ""
    name = "coverage"

    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """The share of the balls with something in them."""
        return float(np.average(inside.any(axis=1), weights=weights[0]))
