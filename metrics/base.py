"""What a metric of pictures is: one figure per image, and a stamp that names all that decides it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np


class Metric(ABC):
    """A figure per image, of what was saved against the clean image.

    A leaf class sets ``higher_is_better`` and ``unit`` ("dB", "8-bit levels", "" for a pure number) as literals, and
    defines `protocol` and `score`. Each image is scored by itself, so a figure depends neither on the batch it
    came in nor on the order, to the last bit.
    """

    version = 1
    kind = "image"
    higher_is_better: bool
    unit: str

    @property
    @abstractmethod
    def protocol(self) -> str:
        """The stamp: metric, range, channels, borders, options and version. Only equal stamps may be compared."""

    @abstractmethod
    def score(self, image: np.ndarray, clean: np.ndarray) -> float:
        """The figure of one image; both uint8 (H, W, C)."""

    def __call__(self, images: np.ndarray, clean: np.ndarray) -> np.ndarray:
        """The figures, float64 (N,), of uint8 images (N, H, W, C), C in {1, 3}.

        Raises ValueError when either is not uint8, not of that shape, or the two shapes differ.
        """
        for name, array in (("images", images), ("clean", clean)):
            if array.dtype != np.uint8:
                raise ValueError(f"{name} must be uint8, the saved 8-bit values, got {array.dtype}")
        if images.shape != clean.shape:
            raise ValueError(f"images {images.shape} and clean {clean.shape} must have one shape")
        if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape[1:]:
            raise ValueError(f"images must be (N, H, W, C) with 1 or 3 channels, got {images.shape}")
        return np.array([self.score(*pair) for pair in zip(images, clean, strict=True)], dtype=np.float64)
