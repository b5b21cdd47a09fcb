"""The pictures of a block as one PNG for Markdown: a row for each source, a column for each chosen picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from harness.store.files import write_atomic
from reports.pictures.grid import grid
from reports.pictures.pictures import Gallery
from reports.wording.wording import plain
from reports.writers.marked import escape, inline

COLUMNS = 9  # pictures


def pictures_of(gallery: Gallery | None, key: str, folder: Path) -> list[str]:
    """Write ``pictures-<key>.png`` into a folder and give the Markdown that shows it; nothing where none are left."""
    if gallery is None or not (gallery.points or gallery.rows):
        return []
    path = folder / f"pictures-{key}.png"
    notes = [escape(note) for note in gallery.notes]
    if gallery.points:
        write_atomic(path, gallery.points)
        return [f"![points of every source](figures/{path.name})", *notes]
    rows = gallery.rows[:COLUMNS]
    stacks = {
        _unique(place, name, gallery.sources): np.stack([_pixels(row.tiles[place].picture) for row in rows])
        for place, name in enumerate(gallery.sources)
    }
    grid(stacks, path, len(rows))
    why = "\n".join(f"{number}. {escape(row.image)}: {inline(row.why)}" for number, row in enumerate(rows, 1))
    return [f"![pictures of every source](figures/{path.name})", "The columns, from the left:", why, *notes]


def _unique(place: int, name: str, names: tuple[str, ...]) -> str:
    return plain(name) if names.count(name) == 1 else f"{plain(name)} ({place + 1})"


def _pixels(data: bytes) -> np.ndarray:
    from PIL import Image

    array = np.asarray(Image.open(io.BytesIO(data)))
    return array[..., None] if array.ndim == 2 else array
