"""Pages of pictures: what went in, what each method made of it, what it should be; points of the plane as panels."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from harness.store.files import write_files

INK, PAPER = (32, 32, 32), (255, 255, 255)
FONT_SIZE = 15
LINE = FONT_SIZE + 4
MARGIN = 16
ELLIPSIS = "..."
TILE = 96  # pixels that a tile has at least on the page, where no scale is given
SMALLEST = 64  # and with a scale
LARGEST = 256
GAP = 4
LABEL = 180  # pixels of the label column at most

PANEL = 220  # pixels a side of a panel of points
HEAD = 2 * LINE
DOT = (0, 114, 178)
FRAME, AXIS = (120, 120, 120), (225, 225, 225)
RADIUS = 1.6
ACROSS = 4  # panels a line
SHARP = 3  # drawn so many times larger and averaged down, for round dots
WANTED = "clean"  # the row that sets the axes, where there is one


def grid(
    rows: Mapping[str, np.ndarray], path: str | Path, count: int = 8, scale: int | None = None, note: str = ""
) -> Path:
    """Write a PNG with one labelled row per entry: its first ``count`` images, uint8 (N, H, W, C), C in {1, 3}.

    Image k of each row stands in column k, so rows of one set of inputs can be compared down the page. Small images
    are enlarged ``scale`` times by repeating pixels (default: to at least 96 pixels a side, never below 64); sides
    beyond 256 pixels are averaged down. ``note`` stands below all rows. Raises ValueError for no rows and for arrays
    that are no such images.
    """
    for images in rows.values():
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in (1, 3):
            raise ValueError(f"images must be uint8 (N, H, W, C), C in {{1, 3}}, got {images.dtype} {images.shape}")
    _refuse_empty(rows)
    strips = {label: [_tile(image, scale) for image in images[:count]] for label, images in rows.items()}
    tall = max(tile.height for strip in strips.values() for tile in strip)
    wide = max(tile.width for strip in strips.values() for tile in strip)
    column = math.ceil(min(LABEL, max(font().getlength(label) for label in rows)))
    left, columns = MARGIN + column + MARGIN, max(map(len, strips.values()))
    size = (left + columns * (wide + GAP) - GAP + MARGIN, 2 * MARGIN + len(rows) * (tall + GAP) - GAP)
    page = Image.new("RGB", size, PAPER)
    for row, (label, strip) in enumerate(strips.items()):
        top = MARGIN + row * (tall + GAP)
        _write(page, (MARGIN, top + tall / 2), wrap(label, column, tall // LINE), "lm")
        for place, tile in enumerate(strip):
            page.paste(tile, (left + place * (wide + GAP), top))
    return _save(_captioned(page, note), path)


def _tile(image: np.ndarray, scale: int | None) -> Image.Image:
    """One image as it stands on the page, RGB."""
    height, width = image.shape[:2]
    least = math.ceil((TILE if scale is None else SMALLEST) / min(height, width))
    times = max(scale or 1, least)
    tile = Image.fromarray(np.broadcast_to(image, (height, width, 3)).repeat(times, 0).repeat(times, 1))
    tile.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return tile


def points_grid(rows: Mapping[str, np.ndarray], path: str | Path, count: int = 5000, note: str = "") -> Path:
    """Write `points_page` as PNG, with a ``note`` below it, whole or not at all; the folder is made."""
    return _save(_captioned(points_page(rows, count), note), path)


def points_page(rows: Mapping[str, np.ndarray], count: int) -> Image.Image:
    """One labelled panel per entry: its first ``count`` points, float (N, 2), on the same axes.

    The axes are equal, centred on 0, and reach a quarter beyond the points of the row "clean" (of all rows where
    there is none). Points outside, and those that are not finite, are not drawn: the panel's label counts them.
    Raises ValueError for no rows and for arrays that are no points of the plane.
    """
    _refuse_empty(rows)
    for points in rows.values():
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"points must be (N, 2), got {points.shape}")
    shown = {label: np.asarray(points[:count], np.float64) for label, points in rows.items()}
    sizes = np.abs(shown[WANTED] if WANTED in shown else np.concatenate(list(shown.values())))
    reach = 1.25 * float(sizes[np.isfinite(sizes)].max(initial=0.0)) or 1.0
    columns = min(ACROSS, len(rows))
    wide, tall = PANEL + MARGIN, HEAD + PANEL + MARGIN
    page = Image.new("RGB", (MARGIN + columns * wide, MARGIN + math.ceil(len(rows) / columns) * tall), PAPER)
    for number, (label, points) in enumerate(shown.items()):
        left, top = MARGIN + number % columns * wide, MARGIN + number // columns * tall
        inside = points[(np.abs(points) <= reach).all(1)]
        lost = len(points) - len(inside)
        _write(page, (left, top + HEAD - 4), wrap(f"{label} ({lost} outside)" if lost else label, PANEL, 2), "ld")
        page.paste(_dots(inside, reach), (left, top + HEAD))
    return page


def _dots(points: np.ndarray, reach: float) -> Image.Image:
    side = SHARP * PANEL
    square = Image.new("RGB", (side, side), PAPER)
    draw = ImageDraw.Draw(square)
    for line in ([(side / 2, 0), (side / 2, side)], [(0, side / 2), (side, side / 2)]):
        draw.line(line, fill=AXIS, width=SHARP)
    draw.rectangle((0, 0, side - 1, side - 1), outline=FRAME, width=SHARP)
    for x, y in points / reach * (side / 2) * [1, -1] + side / 2:
        draw.circle((x, y), RADIUS * SHARP, fill=DOT)
    return square.resize((PANEL, PANEL), Image.Resampling.BOX)


def _refuse_empty(rows: Mapping[str, np.ndarray]) -> None:
    if not rows or any(len(images) == 0 for images in rows.values()):
        raise ValueError("a page needs at least one row, and each row at least one picture or point")


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of labels, the one that Pillow brings."""
    return ImageFont.load_default(FONT_SIZE)


def _write(page: Image.Image, place: tuple[float, float], lines: list[str], anchor: str) -> None:
    ImageDraw.Draw(page).text(place, "\n".join(lines), fill=INK, font=font(), anchor=anchor)


def wrap(label: str, width: float, lines: int) -> list[str]:
    """A label in at most ``lines`` lines of ``width`` pixels, broken at blanks where it can be, else cut short."""
    letters = font()
    rest = " ".join("".join(letter if letter.isprintable() else " " for letter in label).split())
    found: list[str] = []
    while rest and len(found) < lines:
        fitting = max((end for end in range(1, len(rest) + 1) if letters.getlength(rest[:end]) <= width), default=1)
        if fitting < len(rest) and " " in rest[: fitting + 1]:
            fitting = rest[: fitting + 1].rindex(" ")
        found.append(rest[:fitting])
        rest = rest[fitting:].lstrip()
    if rest:
        found[-1] = found[-1][: -len(ELLIPSIS)] + ELLIPSIS
    return found


def _captioned(page: Image.Image, note: str) -> Image.Image:
    """The page with a note below it, in as many lines as that needs; the page itself where there is none."""
    lines = wrap(note, page.width - 2 * MARGIN, len(note))
    if not lines:
        return page
    taller = Image.new("RGB", (page.width, page.height + len(lines) * LINE + MARGIN), PAPER)
    taller.paste(page)
    _write(taller, (MARGIN, page.height), lines, "la")
    return taller


def png_of(image: Image.Image) -> bytes:
    """An image as the bytes of a PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _save(page: Image.Image, path: str | Path) -> Path:
    return write_files(Path(path).parent, {Path(path).name: png_of(page)})[0]
