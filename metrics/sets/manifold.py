"""Precision, recall, density and coverage: whether samples lie among the references, and these among them.

The default features are AlexNet's, of 256 dimensions. Balls around few pictures in many dimensions are so large that
noise, whose features are small, lies in them: over EfficientNet-lite0's 1280 the precision of crops under noise of
80 levels was 1.0 with 30 pictures and 0.6 with 300, over AlexNet's 0 with both. Blurred pictures lie in the middle too
(0.7 over AlexNet, 0.96 over VGG16, where sharp ones had 0.95 and 0.9): read precision beside recall and coverage.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, TypeVar

import numpy as np

from errors import UserError
from metrics.sets.base import Draws, SetMetric, feature_network
from registry import register

_Side = TypeVar("_Side")  # what belongs to a set: its rows, their number, the weights of them


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|x_i - y_j|^2, (N, M), by differences: equal rows are exactly 0 apart, and no pair depends on another."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(x, y, "sqeuclidean"))


def radii(distances: np.ndarray, k: int) -> np.ndarray:
    """Of squared distances (N, N) within a set: from each row to its k-th nearest other row, (N,); k below N."""
    return np.asarray(np.partition(distances, k, axis=1)[:, k])  # place 0 is the row itself


class Manifold(SetMetric):
    """What the four share: a ball around each row of one set, as far as its k-th nearest neighbour in that set.

    The rows of that set are the centres, those of the other set are sought in the balls. ``lies_in`` says whether the
    border of a ball belongs to it.
    """

    higher_is_better = True
    lies_in: np.ufunc

    def __init__(
        self,
        *,
        features: str = "alexnet",
        weights: str = "",
        k: Annotated[int, "[1, inf)"] = 3,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features, self.k, self.bootstrap = feature_network(features, weights), k, bootstrap
        self.settings = f"k={k};float64"

    def centres(self, samples: _Side, references: _Side) -> tuple[_Side, _Side]:
        """The set with the balls, then the other one; the same for what belongs to the sets, such as weights."""
        return references, samples

    @abstractmethod
    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """The figure from (centres, others) whether a row lies in a ball, and how often each row was drawn."""

    def refuse_sizes(self, samples: int, references: int) -> None:
        """Refuse centres of which none has a k-th neighbour."""
        count = self.centres(samples, references)[0]
        if count <= self.k:
            raise UserError(
                f"metrics={self.name} with k={self.k} needs more than {self.k} pictures, got {count}: "
                f"more images, or a smaller metrics.{self.name}.k"
            )

    def figures(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The figure for each resampling.

        A picture drawn twice counts twice in a mean and is one centre: as its own neighbour it would shrink its ball
        to nothing. Time B (N^2 + N M), memory the two matrices of distances. k is cut to what a draw has.
        """
        centres, others = self.centres(samples, references)
        within, across = squared_distances(centres, centres), squared_distances(centres, others)
        figures = []
        for pair in draws:
            (ball, balls), (row, rows) = (np.unique(indices, return_counts=True) for indices in self.centres(*pair))
            radius = radii(within[np.ix_(ball, ball)], min(self.k, len(ball) - 1))
            figures.append(self.counted(self.lies_in(across[np.ix_(ball, row)], radius[:, None]), (balls, rows)))
        return np.array(figures, dtype=np.float64)


@register("metrics", "precision")
class Precision(Manifold):
    """The share of the samples within the balls of the references, 0 to 1: are samples like real pictures.

    Kynkaanniemi et al., NeurIPS 2019, eq. 2, with their k = 3; its border belongs to a ball (eq. 1). One outlier among
    the references has a large ball; `density` is the sturdier figure.
    """

    name = "precision"
    lies_in = np.less_equal

    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """The share of the others in at least one ball."""
        return float(np.average(inside.any(axis=0), weights=weights[1]))


@register("metrics", "recall")
class Recall(Precision):
    """The share of the references within the balls of the samples, 0 to 1: do samples reach all of the data.

    Kynkaanniemi et al., NeurIPS 2019, eq. 2 with the sets exchanged, k = 3. Outliers among the samples raise it;
    `coverage` is the sturdier figure.
    """

    name = "recall"

    def centres(self, samples: _Side, references: _Side) -> tuple[_Side, _Side]:
        """The balls are those of the samples."""
        return samples, references


@register("metrics", "density", k=5)
class Density(Manifold):
    """In how many balls of references a sample lies, on average, over k: 1 for the law of the data, no upper end.

    Naeem et al., ICML 2020, eq. 4, with their k = 5. The border of a ball is outside of it, as in the authors' code:
    the references have density 1 in themselves.
    """

    name = "density"
    lies_in = np.less

    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """Balls per row, over k."""
        return float(np.average(inside.sum(axis=0), weights=weights[1]) / self.k)


@register("metrics", "coverage", k=5)
class Coverage(Manifold):
    """The share of the references with a sample in their ball, 0 to 1; 1 - 2^-k about for the law of the data.

    Naeem et al., ICML 2020, eq. 5, with their k = 5; balls without their border, as of `Density`.
    """

    name = "coverage"
    lies_in = np.less

    def counted(self, inside: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> float:
        """The share of the balls with something in them."""
        return float(np.average(inside.any(axis=1), weights=weights[0]))
