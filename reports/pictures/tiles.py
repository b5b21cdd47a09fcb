"""Pictures as PNG for a page: the picture itself, what is left between it and the clean one, points of the plane."""

from __future__ import annotations

import io
import statistics
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["gain_of", "png", "points", "residual"]

GAINS = (16, 8, 4, 2, 1)
QUANTILE = 0.99
POINTS = 2000


def png(image: np.ndarray, largest: int) -> bytes:
    """A picture, uint8 (H, W, C) with C in {1, 3} or (H, W), as PNG; sides beyond ``largest`` are averaged down."""
    from PIL import Image

    plain = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    return _packed(Image.fromarray(np.ascontiguousarray(plain)), largest)


def residual(image: np.ndarray, clean: np.ndarray, gain: int, largest: int) -> bytes:
    """|image - clean|, the mean over the channels, times ``gain`` and clipped to 255, as a grey PNG.

    Both uint8 (H, W, C). Empty where their sizes differ, as a low-resolution input's does.
    """
    difference = distance(image, clean)
    if difference is None:
        return b""
    return png(np.rint(np.minimum(255, gain * difference)).astype(np.uint8), largest)


def distance(image: np.ndarray, clean: np.ndarray) -> np.ndarray | None:
    """|image - clean|, the mean over the channels, float64 (H, W); None where the shapes differ."""
    if image.shape != clean.shape:
        return None
    return np.abs(image.astype(np.float64) - clean).mean(-1)


def gain_of(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> int:
    """One gain for all pairs: the largest of `GAINS` that keeps 99% of the median pair's residual below 255."""
    found = (distance(image, clean) for image, clean in pairs)
    ends = [float(np.quantile(one, QUANTILE)) for one in found if one is not None]
    typical = statistics.median(ends) if ends else 0.0
    return next((gain for gain in GAINS if gain * typical <= 255), 1)


def points(rows: Mapping[str, np.ndarray]) -> bytes:
    """Sets of points, float (N, 2), as one PNG with a panel each on the same axes."""
    from reports.pictures.scatter import points_grid

    with tempfile.TemporaryDirectory() as folder:
        return points_grid(rows, Path(folder) / "points.png", POINTS).read_bytes()


def _packed(image: Image.Image, largest: int) -> bytes:
    from PIL import Image

    if max(image.size) > largest:
        image.thumbnail((largest, largest), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
