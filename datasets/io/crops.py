"""Square windows of larger pictures: random ones to train on, a seeded grid to test on."""

from __future__ import annotations

import numpy as np


def grid(height: int, width: int, size: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Corners (top, left) of disjoint windows: floor(H/size) * floor(W/size) of them.

    The grid's offset within the slack and the order of its cells are random; content plays no part.
    """
    top, left = rng.integers(0, height % size + 1), rng.integers(0, width % size + 1)
    rows, columns = height // size, width // size
    order = rng.permutation(rows * columns)
    return [(int(top + size * (cell // columns)), int(left + size * (cell % columns))) for cell in order]


def window(image: np.ndarray, top: int, left: int, size: int) -> np.ndarray:
    """The (size, size, C) window at a corner, as its own memory."""
    return np.ascontiguousarray(image[top : top + size, left : left + size])


def random_corner(image: np.ndarray, size: int, rng: np.random.Generator) -> tuple[int, int]:
    """A corner (top, left) in an (H, W, C) picture, uniform over all windows that fit."""
    height, width = image.shape[:2]
    return int(rng.integers(0, height - size + 1)), int(rng.integers(0, width - size + 1))


def mirrored(image: np.ndarray) -> np.ndarray:
    """Left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


def shrink(image: np.ndarray, factor: int) -> np.ndarray:
    """Area mean over ``factor`` x ``factor`` blocks; (H, W, C) reals, a remainder at right and bottom is cut off."""
    height, width = (side // factor * factor for side in image.shape[:2])
    blocks = image[:height, :width].reshape(height // factor, factor, width // factor, factor, -1)
    return blocks.mean(axis=(1, 3), dtype=np.float64).astype(image.dtype)
