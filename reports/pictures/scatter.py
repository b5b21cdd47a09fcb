"""Pages of point sets in the plane, one panel per method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reports.pictures.page import INK, LINE, MARGIN, PAPER, captioned, checked, font, save, wrap

if TYPE_CHECKING:
    from PIL import Image

PANEL = 220  # pixels a side
HEAD = 2 * LINE
DOT = (0, 114, 178)
FRAME, AXIS = (120, 120, 120), (225, 225, 225)
RADIUS = 1.6
ACROSS = 4  # panels a line
SHARP = 3  # drawn so many times larger and averaged down, for round dots
WANTED = "clean"  # the row that sets the axes, where there is one


def points_grid(rows: Mapping[str, np.ndarray], path: str | Path, count: int = 5000, note: str = "") -> Path:
    """Write a PNG with one labelled panel per entry: its first ``count`` points, float (N, 2), on the same axes.

    The axes are equal, centred on 0, and reach a quarter beyond the points of the row "clean" (of all rows where
    there is none). Points outside, and those that are not finite, are not drawn: the panel's label counts them.
    ``note`` stands below all panels.
    Raises ValueError for no rows and for arrays that are no points of the plane.
    """
    from PIL import Image

    checked(rows, "(N, 2)")
    for points in rows.values():
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"points must be (N, 2), got {points.shape}")
    shown = {label: np.asarray(points[:count], np.float64) for label, points in rows.items()}
    reach = _reach([shown[WANTED]] if WANTED in shown else list(shown.values()))
    columns = min(ACROSS, len(rows))
    cell_wide, cell_tall = PANEL + MARGIN, HEAD + PANEL + MARGIN
    lines = math.ceil(len(rows) / columns)
    page = Image.new("RGB", (MARGIN + columns * cell_wide, MARGIN + lines * cell_tall), PAPER)
    for number, (label, points) in enumerate(shown.items()):
        corner = (MARGIN + number % columns * cell_wide, MARGIN + number // columns * cell_tall)
        page.paste(_panel(label, points, reach), corner)
    return save(captioned(page, note), path)


def _reach(rows: list[np.ndarray]) -> float:
    values = np.abs(np.concatenate(rows))
    return 1.25 * float(values[np.isfinite(values)].max(initial=0.0)) or 1.0


def _panel(label: str, points: np.ndarray, reach: float) -> Image.Image:
    from PIL import Image, ImageDraw

    inside = points[(np.abs(points) <= reach).all(1)]
    lost = len(points) - len(inside)
    panel = Image.new("RGB", (PANEL, HEAD + PANEL), PAPER)
    panel.paste(_dots(inside, reach), (0, HEAD))
    head = wrap(f"{label} ({lost} outside)" if lost else label, PANEL, 2)
    ImageDraw.Draw(panel).text((0, HEAD - 4), "\n".join(head), fill=INK, font=font(), anchor="ld")
    return panel


def _dots(points: np.ndarray, reach: float) -> Image.Image:
    from PIL import Image, ImageDraw

    side = SHARP * PANEL
    square = Image.new("RGB", (side, side), PAPER)
    draw = ImageDraw.Draw(square)
    for line in ([(side / 2, 0), (side / 2, side)], [(0, side / 2), (side, side / 2)]):
        draw.line(line, fill=AXIS, width=SHARP)
    draw.rectangle((0, 0, side - 1, side - 1), outline=FRAME, width=SHARP)
    for x, y in points / reach * (side / 2) * [1, -1] + side / 2:
        draw.circle((x, y), RADIUS * SHARP, fill=DOT)
    return square.resize((PANEL, PANEL), Image.Resampling.BOX)
