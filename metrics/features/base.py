"""What turns pictures into feature rows."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from registry.facts import Facts


class Features(Facts, ABC):
    """Feature rows of pictures, or of points. Each item by itself: batch and order change no bit of a row."""

    dims: int

    @property
    @abstractmethod
    def protocol(self) -> str:
        """The stamp: network, hash of its weights, layer, resizing, dimensions and version."""

    @abstractmethod
    def extract(self, images: np.ndarray) -> np.ndarray:
        """Float32 rows (N, d) of uint8 pictures (N, H, W, C), or of float32 points (N, D)."""
