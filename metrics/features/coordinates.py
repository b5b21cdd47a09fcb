"""Points as their own features."""

from __future__ import annotations

import numpy as np

from metrics.features.base import Features
from registry import register


@register("features", "coordinates")
class Coordinates(Features):
    """The identity: a point (x, y) is its own row; d = 2."""

    version = 1
    dims = 2

    @property
    def protocol(self) -> str:
        """Nothing is computed."""
        return f"coordinates;v{self.version}"

    def extract(self, images: np.ndarray) -> np.ndarray:
        """The points as float32, (N, D)."""
        return np.asarray(images, dtype=np.float32)
