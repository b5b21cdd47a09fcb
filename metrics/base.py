"""What a metric is: figures of saved pictures or points, and a stamp that names all that decides them.

Three kinds, told apart by the literal ``kind``: "image" (one figure per picture, `Metric`), "set" (one figure of all
samples against references, `metrics.sets.base.SetMetric`) and "model" (figures that need the trained network, such as a
likelihood, `ModelMetric`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from errors import UserError
from registry.facts import MetricFacts


def check_pictures(name: str, images: np.ndarray) -> None:
    """ValueError, which calls them ``name``, for anything but uint8 pictures (N, H, W, C) with C in {1, 3}."""
    if images.dtype != np.uint8:
        raise ValueError(f"{name} must be uint8, the saved 8-bit values, got {images.dtype}")
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape[1:]:
        raise ValueError(f"{name} must be (N, H, W, C) with 1 or 3 channels, got {images.shape}")


class Metric(MetricFacts, ABC):
    """A figure per image, of what was saved against the clean image.

    A leaf class sets ``higher_is_better`` and ``unit`` ("dB", "8-bit levels", "" for a pure number) as literals, and
    ``name`` and ``_settings`` for its stamp, and defines `score`. Each image is scored by itself, so a figure depends
    neither on the batch it came in nor on the order, to the last bit. ``needs`` tells what there must be: "pair" (the
    clean image is the truth of this very image), "mask" (the data set or the task marks a region); nothing for
    no-reference metrics.
    """

    name: str
    _settings: str
    smallest: int = 1  # pixels that a side must have
    crop: int = 0  # pixels that are left out on every side

    def fits(self, height: int, width: int) -> None:
        """Raise `UserError` where pictures of this size have no such figure; asked before anything is trained."""
        if min(height, width) - 2 * self.crop < self.smallest:
            least = self.smallest + 2 * self.crop
            raise UserError(
                f"metrics={self.name} needs images of at least {least}x{least} pixels, got {height}x{width}; "
                "leave it out"
            )

    @property
    def protocol(self) -> str:
        """The stamp: metric, range, channels, borders, options and version. Only equal stamps may be compared."""
        return f"{self.name};8bit;{self.settings};v{self.version}"

    @property
    def settings(self) -> str:
        """What decides the figure beside metric and version: range, channels, borders, options, hashes of weights."""
        return self._settings

    @abstractmethod
    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None) -> float:
        """The figure of one image; both uint8 (H, W, C), the mask uint8 (H, W), 255 inside the region."""

    def __call__(self, images: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """The figures, float64 (N,), of uint8 images (N, H, W, C), C in {1, 3}; masks uint8 (N, H, W).

        Raises ValueError when an array is not uint8, not of that shape, or shapes differ, and `UserError` as `fits`.
        """
        if images.shape != clean.shape:
            raise ValueError(f"images {images.shape} and clean {clean.shape} must have one shape")
        check_pictures("images", images)
        check_pictures("clean", clean)
        if mask is not None and (mask.dtype != np.uint8 or mask.shape != images.shape[:3]):
            raise ValueError(f"mask {mask.dtype} {mask.shape} must be uint8 (N, H, W) of the images {images.shape}")
        self.fits(*images.shape[1:3])
        masks = [None] * len(images) if mask is None else mask
        scores = [self.score(*case) for case in zip(images, clean, masks, strict=True)]
        return np.array(scores, dtype=np.float64)


class ModelMetric(MetricFacts, ABC):
    """Figures per image that need the trained network: those of a method class with the fact ``likelihood = True``.

    ``parts`` names what the figure splits into; each is recorded as ``<metric>.<part>``.
    """

    kind = "model"
    needs = ("likelihood",)
    parts: tuple[str, ...] = ()

    @property
    @abstractmethod
    def protocol(self) -> str:
        """The stamp: all that decides the figure beside the trained network."""

    @abstractmethod
    def measure(self, method: Any, clean: Any, observation: Any, noise: Any) -> dict[str, np.ndarray]:
        """The figures of one batch, float64 (B,): "" the figure itself, then each part.

        ``method`` is a trained `methods.base.Method`; ``clean`` a tensor (B, C, H, W) in [-1, 1] on its device (of
        8-bit values: 127.5 (x + 1) is whole), ``observation`` the `methods.observation.Observation` of these pictures,
        ``noise`` their `methods.samplers.NoiseSource`, each row a function of its own picture's id.
        """
