"""Distributions in the plane whose density is known: the toys of the RGM paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from datasets.base import Dataset, Item, digest, stream
from registry import register

STD8, STD25 = np.sqrt(1 / 200), np.sqrt(1 / 4000)
SIDE = range(-2, 3)


@dataclass(frozen=True)
class Blobs:
    """Equally likely round Gaussians of one standard deviation; ``count`` of them.

    Of a Gaussian's own points a share of exp(-radius^2 / 2) lies farther out: 3.4e-4 at radius 4.
    """

    means: np.ndarray
    std: float

    @property
    def count(self) -> int:
        """The number of means."""
        return len(self.means)

    def locate(self, points: np.ndarray, radius: float) -> np.ndarray:
        """The nearest mean of each point (N, 2), int64 (N,); -1 for those farther than ``radius`` std from it."""
        squares = ((np.asarray(points, dtype=np.float64)[:, None] - self.means) ** 2).sum(axis=2)
        within = squares.min(axis=1) <= (radius * self.std) ** 2
        return np.where(within, squares.argmin(axis=1), -1)


@dataclass(frozen=True)
class Cells:
    """Equally likely unit squares [x, x + 1) x [y, y + 1) on whole corners (K, 2), disjoint; ``count`` of them."""

    corners: np.ndarray

    @property
    def count(self) -> int:
        """The number of squares."""
        return len(self.corners)

    def locate(self, points: np.ndarray, radius: float) -> np.ndarray:
        """The square that each point (N, 2) lies in, int64 (N,), -1 for none; ``radius`` plays no part."""
        del radius
        inside = (np.floor(points)[:, None] == self.corners).all(axis=2)
        return np.where(inside.any(axis=1), inside.argmax(axis=1), -1)


def _on_circle(k: int) -> np.ndarray:
    angle = k * np.pi / 4
    return 2 * np.array([np.cos(angle), np.sin(angle)])


def _gaussians8(rng: np.random.Generator) -> np.ndarray:
    return _on_circle(int(rng.integers(8))) + STD8 * rng.standard_normal(2)


def _gaussians25(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(SIDE.start, SIDE.stop, size=2) + STD25 * rng.standard_normal(2)


def _checkerboard(rng: np.random.Generator) -> np.ndarray:
    x, row, height = rng.uniform(-2, 2), rng.integers(2), rng.random()
    return np.array([x, 2 * row - 2 + np.floor(x) % 2 + height])


_TOYS = {"gaussians8": _gaussians8, "gaussians25": _gaussians25, "checkerboard": _checkerboard}
MODES: dict[str, Blobs | Cells] = {
    "gaussians8": Blobs(np.array([_on_circle(k) for k in range(8)]), float(STD8)),
    "gaussians25": Blobs(np.array([(x, y) for x in SIDE for y in SIDE], dtype=np.float64), float(STD25)),
    "checkerboard": Cells(np.array([(x, y) for x in range(-2, 2) for y in range(-2, 2) if (x + y) % 2 == 0])),
}


@register("dataset", "toy2d")
class Toy2d(Dataset):
    """Points (x, y), float32, without end: training points are fresh draws and not from a finite table.

    The three of Choi et al., "Restoration based Generative Models" (ICML 2023), as its code draws them:
    ``gaussians8``    equal weights, means 2 (cos k pi/4, sin k pi/4), variance 1/200 per axis.
    ``gaussians25``   equal weights, means {-2, ..., 2}^2, variance 1/4000 per axis.
    ``checkerboard``  uniform on the unit cells of [-2, 2)^2 where floor(x) + floor(y) is even.
    """

    defaults = {
        "task": "generate",
        "network": "mlp",
        "metrics": ["mmd", "sliced_wasserstein", "mode_coverage", "stray"],
    }
    counts = {
        "images": {"smoke": 32, "cpu": 2000, "gpu": 5000, "paper": 5000},
        "references": {"smoke": 32, "cpu": 2000, "gpu": 5000, "paper": 5000},
    }

    def __init__(
        self, seed: int, distribution: Literal["gaussians8", "gaussians25", "checkerboard"] = "gaussians8"
    ) -> None:
        self.shape = (2,)
        self.seed = seed
        self.distribution = distribution
        self._sample = _TOYS[distribution]

    def manifest(self) -> str:
        """Over the distribution, the seed of the test points, and the version."""
        return digest("toy2d", self.version, self.distribution, self.seed)

    def modes(self) -> Blobs | Cells:
        """The places where the points lie, equally likely: the Gaussians, or the cells of the checkerboard."""
        return MODES[self.distribution]

    def draw(self, rng: np.random.Generator) -> Item:
        """A fresh point."""
        return Item(self.distribution, self._sample(rng).astype(np.float32))

    def test(self, count: int) -> list[Item]:
        """``count`` fixed points, one random stream each; there is no limit."""
        return [
            Item(
                f"{self.distribution}-{i:06d}",
                self._sample(stream(self.seed, "test", self.distribution, i)).astype(np.float32),
            )
            for i in range(count)
        ]
