"""Pages of pictures: what went in, what each method made of it, what it should be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reports.pictures.page import INK, LINE, MARGIN, PAPER, captioned, checked, font, save, wrap
from reports.pictures.scatter import points_grid

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["grid", "points_grid"]

TILE = 96  # pixels that a tile has at least on the page, where no scale is given
SMALLEST = 64  # and with a scale
LARGEST = 256
GAP = 4
LABEL = 180  # pixels of the label column at most


def grid(
    rows: Mapping[str, np.ndarray], path: str | Path, count: int = 8, scale: int | None = None, note: str = ""
) -> Path:
    """Write a PNG with one labelled row per entry: its first ``count`` images, uint8 (N, H, W, C), C in {1, 3}.

    Image k of each row stands in column k, so rows of one set of inputs can be compared down the page. Small images
    are enlarged ``scale`` times by repeating pixels (default: to at least 96 pixels a side, never below 64); sides
    beyond 256 pixels are averaged down. ``note`` stands below all rows. Raises ValueError for no rows and for arrays
    that are no such images.
    """
    from PIL import Image, ImageDraw

    checked(rows, "(N, H, W, C)")
    strips = {label: [_tile(image, scale) for image in _images(images)[:count]] for label, images in rows.items()}
    tall = max(tile.height for strip in strips.values() for tile in strip)
    wide = max(tile.width for strip in strips.values() for tile in strip)
    column = math.ceil(min(LABEL, max(font().getlength(label) for label in rows)))
    left, columns = MARGIN + column + MARGIN, max(map(len, strips.values()))
    size = (left + columns * (wide + GAP) - GAP + MARGIN, 2 * MARGIN + len(rows) * (tall + GAP) - GAP)
    page = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(page)
    for row, (label, strip) in enumerate(strips.items()):
        top = MARGIN + row * (tall + GAP)
        lines = wrap(label, column, tall // LINE)
        draw.text((MARGIN, top + tall / 2), "\n".join(lines), fill=INK, font=font(), anchor="lm")
        for place, tile in enumerate(strip):
            page.paste(tile, (left + place * (wide + GAP), top))
    return save(captioned(page, note), path)


def _images(images: np.ndarray) -> np.ndarray:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"images must be uint8 (N, H, W, C) with 1 or 3 channels, got {images.dtype} {images.shape}")
    return images


def _tile(image: np.ndarray, scale: int | None) -> Image.Image:
    """One image as it stands on the page, RGB."""
    from PIL import Image

    height, width = image.shape[:2]
    least = math.ceil((TILE if scale is None else SMALLEST) / min(height, width))
    times = max(scale or 1, least)
    tile = Image.fromarray(np.broadcast_to(image, (height, width, 3)).repeat(times, 0).repeat(times, 1))
    if max(tile.size) > LARGEST:
        tile.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return tile
