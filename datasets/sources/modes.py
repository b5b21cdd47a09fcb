"""Where a distribution in the plane has its mass: the modes that samples should reach, and what lies outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


class Modes(ABC):
    """Equally likely places of a distribution of points."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many there are, K."""

    @abstractmethod
    def locate(self, points: np.ndarray, radius: float) -> np.ndarray:
        """The mode 0..K-1 that each point (N, 2) lies in, -1 for those in none; int64 (N,).

        ``radius`` is how far a mode reaches, in its standard deviations, where it has no edge of its own.
        """


@dataclass(frozen=True)
class Blobs(Modes):
    """Round Gaussians of one standard deviation; a point lies in the nearest one, if within radius x std.

    Of a Gaussian's own points a share of exp(-radius^2 / 2) lies farther out: 3.4e-4 at radius 4.
    """

    means: np.ndarray
    std: float

    @property
    def count(self) -> int:
        """The number of means."""
        return len(self.means)

    def locate(self, points: np.ndarray, radius: float) -> np.ndarray:
        """The nearest mean within reach."""
        squares = ((np.asarray(points, dtype=np.float64)[:, None] - self.means) ** 2).sum(axis=2)
        within = squares.min(axis=1) <= (radius * self.std) ** 2
        return np.where(within, squares.argmin(axis=1), -1)


@dataclass(frozen=True)
class Cells(Modes):
    """Disjoint unit squares [x, x + 1) x [y, y + 1) on whole corners (K, 2); their edges are theirs, no radius."""

    corners: np.ndarray

    @property
    def count(self) -> int:
        """The number of squares."""
        return len(self.corners)

    def locate(self, points: np.ndarray, radius: float) -> np.ndarray:
        """The square that a point lies in; ``radius`` plays no part."""
        del radius
        inside = (np.floor(points)[:, None] == self.corners).all(axis=2)
        return np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
