"""Modes that were reached, and points that lie in none, of distributions whose modes are known."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, Protocol

import numpy as np

from errors import UserError
from metrics.base import SetMetric
from metrics.features.coordinates import Coordinates
from metrics.sets.base import Rows, checked
from registry import register


class Located(Protocol):
    """What a data set's ``modes()`` gives (datasets/sources/modes.py): ``count`` equally likely places."""

    @property
    def count(self) -> int:
        """How many there are."""

    def locate(self, points: np.ndarray, radius: float) -> np.ndarray:
        """The mode of each point, -1 for none."""


class OfModes(SetMetric):
    """A figure of how many points lie in each mode, and in none; a subclass gives `figure`.

    The modes are those of the data set, handed over by `prepare`, not found in the points: real points are looked at
    for the floor only.
    """

    radius: float
    name: str

    def __init__(self) -> None:
        self.features = Coordinates()
        self.modes: Located | None = None

    def prepare(self, source: Any) -> None:
        """Take the modes from the data set; `UserError` where it does not know them."""
        if not hasattr(source, "modes"):
            raise UserError(f"metrics={self.name} needs a data set whose modes are known: dataset=toy2d")
        self.modes = source.modes()

    @abstractmethod
    def figure(self, counts: np.ndarray, total: int) -> float:
        """The figure of ``counts`` (K,) points in each mode among ``total`` points."""

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The figure of the points made, (N, 2); real points play no part."""
        places, count = self._places(made, real)
        return self._of(places, count)

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The figure for each resampling of the points made, (B,): each point is looked up once."""
        places, count = self._places(made, real)
        return np.array([self._of(places[ours], count) for ours, _ in rows], dtype=np.float64)

    def _of(self, places: np.ndarray, count: int) -> float:
        return self.figure(np.bincount(places[places >= 0], minlength=count), len(places))

    def _places(self, made: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, int]:
        if self.modes is None:
            raise ValueError(f"{self.name} knows the modes from prepare(data set), which was not called")
        return self.modes.locate(checked(made, real)[0], self.radius), self.modes.count


@register("metrics", "mode_coverage")
class ModeCoverage(OfModes):
    """The share of the K modes that hold at least ``share`` of the points they should: n_k >= share N / K.

    A point belongs to a Gaussian within ``radius`` standard deviations of its mean, or to the cell it lies in. Ask for
    many points per mode: of N = K points a perfect method reaches two thirds of the modes. In [0, 1].
    """

    version = 1
    data = "points"
    higher_is_better = True
    unit = ""
    name = "mode_coverage"

    def __init__(
        self,
        *,
        share: Annotated[float, "(0, 1]"] = 0.2,
        radius: Annotated[float, "(0, inf)"] = 4.0,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        super().__init__()
        self.share, self.radius, self.bootstrap = share, radius, bootstrap

    @property
    def protocol(self) -> str:
        """The share asked of each mode and the radius in standard deviations."""
        asked = f"share={self.share:g};radius={self.radius:g}std"
        return f"{self.name};{self.features.protocol};{asked};v{self.version}"

    def figure(self, counts: np.ndarray, total: int) -> float:
        """The share of modes with enough points."""
        return float(np.mean(counts >= self.share * total / len(counts)))


@register("metrics", "stray")
class Stray(OfModes):
    """The share of points in no mode: farther than ``radius`` standard deviations from every mean, or in no cell.

    A perfect method's share is exp(-radius^2 / 2) of Gaussians and 0 of the checkerboard. In [0, 1].
    """

    version = 1
    data = "points"
    higher_is_better = False
    unit = ""
    name = "stray"

    def __init__(
        self, *, radius: Annotated[float, "(0, inf)"] = 4.0, bootstrap: Annotated[int, "[0, inf)"] = 200
    ) -> None:
        super().__init__()
        self.radius, self.bootstrap = radius, bootstrap

    @property
    def protocol(self) -> str:
        """The radius in standard deviations."""
        return f"{self.name};{self.features.protocol};radius={self.radius:g}std;v{self.version}"

    def figure(self, counts: np.ndarray, total: int) -> float:
        """The share of the points that no mode holds."""
        return float(total - counts.sum()) / total
