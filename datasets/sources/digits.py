"""Handwritten digits of 8 x 8 pixels, from the scikit-learn wheel."""

from __future__ import annotations

import functools

import numpy as np

from datasets.base import Item, Listed, digest, shuffled
from datasets.io.pixels import to_uint8
from registry import register

_HELD_OUT = 360  # of 1,797: one in five


@functools.lru_cache(maxsize=1)
def load() -> np.ndarray:
    """All digits, uint8 (1797, 8, 8, 1); the stored levels v in 0..16 become rint(255 v / 16)."""
    from sklearn.datasets import load_digits

    images = to_uint8(load_digits().images / 16.0)[..., None]
    images.setflags(write=False)
    return images


@register("dataset", "digits")
class Digits(Listed):
    """The UCI optical digits (Alpaydin and Kaynak 1998): 1,797 grey pictures of 8 x 8 pixels.

    360 of them, chosen by the seed, are held out. Training items are uniform over the others, unmirrored.
    """

    defaults = {"task": "generate"}
    counts = {"images": {"smoke": 4, "cpu": 64, "gpu": 360, "paper": 360}}
    label = "digits"
    mirrors = False

    def __init__(self, seed: int) -> None:
        self.shape = (1, 8, 8)
        self.images = load()
        order = [int(name) for name in shuffled(map(str, range(len(self.images))), seed, "split")]
        self.tests, self.training = order[:_HELD_OUT], sorted(order[_HELD_OUT:])

    def manifest(self) -> str:
        """Over the pixels, the split and the version."""
        return digest("digits", self.version, self.tests, self.images)

    def item(self, entry: int, rng: np.random.Generator | None) -> Item:
        """The digit of that number; the 360 held-out ones are in ``tests``."""
        return Item(f"digit-{entry:04d}", self.images[entry].copy())
