"""Modes that were reached, and points that lie in none, of distributions whose modes are known."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any

import numpy as np

from errors import UserError
from metrics.features.base import Coordinates
from metrics.sets.base import Draws, SetMetric, checked_rows
from registry import register


class OfModes(SetMetric):
    """A figure of how many points lie in each mode, and in none; a subclass gives `of_counts`.

    The modes are those of the data set, handed over by `prepare`, not found in the points: references are looked at
    for the floor only. They are ``count`` equally likely places, and ``locate(points, radius)`` gives the number of
    each point's mode, -1 for none (`datasets.sources.toy2d`).
    """

    data = "points"
    features = Coordinates()
    radius: float
    modes: Any = None

    def prepare(self, source: Any) -> None:
        """Take the modes from the data set; `UserError` where it does not know them."""
        if not hasattr(source, "modes"):
            raise UserError(f"metrics={self.name} needs a data set whose modes are known: dataset=toy2d")
        self.modes = source.modes()

    @abstractmethod
    def of_counts(self, counts: np.ndarray, total: int) -> float:
        """The figure of ``counts`` (K,) points in each mode among ``total`` points."""

    def figures(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The figure for each resampling of the samples: each point is looked up once. References play no part."""
        if self.modes is None:
            raise ValueError(f"{self.name} knows the modes from prepare(data set), which was not called")
        places, count = self.modes.locate(samples, self.radius), self.modes.count
        resamples = (places[ours] for ours, _ in draws)
        figures = [self.of_counts(np.bincount(modes[modes >= 0], minlength=count), len(modes)) for modes in resamples]
        return np.array(figures, dtype=np.float64)

    def replicates(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The figures as they are."""
        return self.figures(*checked_rows(samples, references), draws)


@register("metrics", "mode_coverage")
class ModeCoverage(OfModes):
    """The share of the K modes that hold at least ``share`` of the points they should: n_k >= share N / K.

    A point belongs to a Gaussian within ``radius`` standard deviations of its mean, or to the cell it lies in. Ask for
    many points per mode: of N = K points a perfect method reaches two thirds of the modes. In [0, 1].
    """

    higher_is_better = True
    name = "mode_coverage"

    def __init__(
        self,
        *,
        share: Annotated[float, "(0, 1]"] = 0.2,
        radius: Annotated[float, "(0, inf)"] = 4.0,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.share, self.radius, self.bootstrap = share, radius, bootstrap
        self.settings = f"share={share:g};radius={radius:g}std"

    def of_counts(self, counts: np.ndarray, total: int) -> float:
        """The share of modes with enough points."""
        return float(np.mean(counts >= self.share * total / len(counts)))


@register("metrics", "stray")
class Stray(OfModes):
    """The share of points in no mode: farther than ``radius`` standard deviations from every mean, or in no cell.

    A perfect method's share is exp(-radius^2 / 2) of Gaussians and 0 of the checkerboard. In [0, 1].
    """

    higher_is_better = False
    name = "stray"

    def __init__(
        self, *, radius: Annotated[float, "(0, inf)"] = 4.0, bootstrap: Annotated[int, "[0, inf)"] = 200
    ) -> None:
        self.radius, self.bootstrap = radius, bootstrap
        self.settings = f"radius={radius:g}std"

    def of_counts(self, counts: np.ndarray, total: int) -> float:
        """The share of the points that no mode holds."""
        return float(total - counts.sum()) / total
