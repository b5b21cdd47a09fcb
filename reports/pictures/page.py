"""What the picture pages have in common: font, label, saving whole."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.store.files import write_atomic

if TYPE_CHECKING:
    from PIL import Image, ImageFont

INK, PAPER = (32, 32, 32), (255, 255, 255)
FONT_SIZE = 15
LINE = FONT_SIZE + 4
MARGIN = 16
ELLIPSIS = "..."


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of labels, the one that Pillow brings."""
    from PIL import ImageFont

    return ImageFont.load_default(FONT_SIZE)


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


def checked(rows: Mapping[str, np.ndarray], shape: str) -> None:
    """Raise ValueError for no rows and for rows of no image."""
    if not rows or any(len(images) == 0 for images in rows.values()):
        raise ValueError(f"a page needs at least one row, each {shape} with N > 0")


def captioned(page: Image.Image, note: str) -> Image.Image:
    """The page with a note below it, in as many lines as that needs; the page itself where there is none."""
    from PIL import Image, ImageDraw

    lines = wrap(note, page.width - 2 * MARGIN, len(note))
    if not lines:
        return page
    taller = Image.new("RGB", (page.width, page.height + len(lines) * LINE + MARGIN), PAPER)
    taller.paste(page)
    ImageDraw.Draw(taller).text((MARGIN, page.height), "\n".join(lines), fill=INK, font=font())
    return taller


def save(page: Image.Image, path: str | Path) -> Path:
    """Write a page as PNG, whole or not at all; the folder is made. Gives the path."""
    buffer = io.BytesIO()
    page.save(buffer, "PNG", optimize=True)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, buffer.getvalue())
    return path
