"""What a metric is: figures of saved pictures or points, and a stamp that names all that decides them.

Three kinds, told apart by the literal ``kind``: "image" (one figure per picture), "set" (one figure of all samples
against real ones) and "model" (figures that need the trained network, such as a likelihood).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from errors import UserError
from metrics.features.base import Features
from registry.facts import MetricFacts


class Metric(MetricFacts, ABC):
    """A figure per image, of what was saved against the clean image.

    A leaf class sets ``higher_is_better`` and ``unit`` ("dB", "8-bit levels", "" for a pure number) as literals, and
    defines `protocol` and `score`. Each image is scored by itself, so a figure depends neither on the batch it
    came in nor on the order, to the last bit. ``needs`` tells what there must be: "pair" (the clean image is the
    truth of this very image), "mask" (the data set or the task marks a region); nothing for no-reference metrics.
    """

    smallest: int = 1  # pixels that a side must have
    crop: int = 0  # pixels that are left out on every side

    def fits(self, height: int, width: int) -> None:
        """Raise `UserError` where pictures of this size have no such figure; asked before anything is trained."""
        if min(height, width) - 2 * self.crop < self.smallest:
            name, least = self.protocol.partition(";")[0], self.smallest + 2 * self.crop
            raise UserError(
                f"metrics={name} needs images of at least {least}x{least} pixels, got {height}x{width}; leave it out"
            )

    @property
    @abstractmethod
    def protocol(self) -> str:
        """The stamp: metric, range, channels, borders, options and version. Only equal stamps may be compared."""

    @abstractmethod
    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None) -> float:
        """The figure of one image; both uint8 (H, W, C), the mask uint8 (H, W), 255 inside the region."""

    def __call__(self, images: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """The figures, float64 (N,), of uint8 images (N, H, W, C), C in {1, 3}; masks uint8 (N, H, W).

        Raises ValueError when an array is not uint8, not of that shape, or shapes differ.
        """
        for name, array in (("images", images), ("clean", clean), ("mask", mask)):
            if array is not None and array.dtype != np.uint8:
                raise ValueError(f"{name} must be uint8, the saved 8-bit values, got {array.dtype}")
        if images.shape != clean.shape:
            raise ValueError(f"images {images.shape} and clean {clean.shape} must have one shape")
        if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape[1:]:
            raise ValueError(f"images must be (N, H, W, C) with 1 or 3 channels, got {images.shape}")
        if mask is not None and mask.shape != images.shape[:3]:
            raise ValueError(f"mask {mask.shape} must be (N, H, W) of the images {images.shape}")
        masks = [None] * len(images) if mask is None else mask
        scores = [self.score(*case) for case in zip(images, clean, masks, strict=True)]
        return np.array(scores, dtype=np.float64)


class SetMetric(MetricFacts, ABC):
    """One figure of a whole set: feature rows of what was made against feature rows of what is real.

    ``data`` tells what it is of, "pictures" or "points"; ``features`` turns items into rows, once per set and
    network, cached in the store; ``bootstrap`` is the number of replicates behind an interval.
    """

    kind = "set"
    needs = ()
    features: Features
    bootstrap: int
    paired: bool = False  # row k of both sets shows the same picture: estimators for independent sets must leave it out

    @property
    @abstractmethod
    def protocol(self) -> str:
        """The stamp: metric, feature network with the hash of its weights, resizing, options and version."""

    @abstractmethod
    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The figure of float64 feature rows (N, d) against (M, d)."""

    def replicates(
        self, made: np.ndarray, real: np.ndarray, rows: Iterable[tuple[np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """The figure for each resampling: ``rows`` gives the indices drawn of made and of real; float64 (B,)."""
        return np.array([self.value(made[ours], real[theirs]) for ours, theirs in rows], dtype=np.float64)

    def refuse_few(self, count: int) -> None:
        """Raise `UserError` where so few items have no such figure, before anything is trained; by default none."""

    def prepare(self, source: Any) -> None:
        """Take what the metric must know of the data set beside its items; nothing by default."""


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
