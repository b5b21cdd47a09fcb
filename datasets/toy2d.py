"""Distributions in the plane whose density is known: the toys of the RGM paper."""

from __future__ import annotations

from typing import Literal

import numpy as np

from datasets.base import Dataset, Item, digest, stream
from registry import register


def _gaussians8(rng: np.random.Generator) -> np.ndarray:
    angle = rng.integers(8) * np.pi / 4
    return 2 * np.array([np.cos(angle), np.sin(angle)]) + np.sqrt(1 / 200) * rng.standard_normal(2)


def _gaussians25(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-2, 3, size=2) + np.sqrt(1 / 4000) * rng.standard_normal(2)


def _checkerboard(rng: np.random.Generator) -> np.ndarray:
    x, row, height = rng.uniform(-2, 2), rng.integers(2), rng.random()
    return np.array([x, 2 * row - 2 + np.floor(x) % 2 + height])


_TOYS = {"gaussians8": _gaussians8, "gaussians25": _gaussians25, "checkerboard": _checkerboard}


@register("dataset", "toy2d")
class Toy2d(Dataset):
    """Points (x, y), float32, without end: training points are fresh draws and not from a finite table.

    The three of Choi et al., "Restoration based Generative Models" (ICML 2023), as its code draws them:
    ``gaussians8``    equal weights, means 2 (cos k pi/4, sin k pi/4), variance 1/200 per axis.
    ``gaussians25``   equal weights, means {-2, ..., 2}^2, variance 1/4000 per axis.
    ``checkerboard``  uniform on the unit cells of [-2, 2)^2 where floor(x) + floor(y) is even.
    """

    version = 1
    defaults = {"task": "generate", "network": "mlp"}

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
