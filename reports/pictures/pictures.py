"""The pictures of a report: degraded, each method's, clean, and what is left between them.

Which ones is decided in `reports.pictures.choice`: the worst, the median and the best of each condition, by its paired
difference to the baseline on the block's first per-image metric.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.store.entries import Store, read_npz
from harness.store.sealed import Damaged
from reports.analysis.model import Block, Condition, Report
from reports.pictures.choice import RULE, chosen, picked
from reports.pictures.tiles import gain_of, png, points, residual
from reports.records.load import load

__all__ = ["Gallery", "Row", "Tile", "galleries"]

SIZES = (256, 128)  # pixels of the longer side: larger pictures are averaged down, further where there are many
DEGRADED, CLEAN = "degraded", "clean"


@dataclass(frozen=True)
class Tile:
    """What one source made of one picture; ``figure`` is by the gallery's metric, NaN where there is none."""

    picture: bytes
    residual: bytes  # empty where there is none
    figure: float


@dataclass(frozen=True)
class Row:
    """A test picture: its id, why it is shown, and a tile for each source of the gallery."""

    image: str
    why: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Gallery:
    """The pictures of a block. ``sources``: "degraded" where there is one, the conditions' labels, "clean".

    Residuals are |image - clean|, the mean over the channels, times ``gain``. ``points`` is one PNG instead of rows
    where the samples are points of the plane. ``notes`` say what was left out and what was made smaller.
    """

    sources: tuple[str, ...]
    metric: str = ""
    gain: int = 1
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    points: bytes = b""

    @property
    def titles(self) -> list[str]:
        """Each picture and why it is shown."""
        return [f"{row.image}: {row.why}" for row in self.rows]

    @property
    def size(self) -> int:
        """Bytes of all its PNG."""
        return len(self.points) + sum(_size(row) for row in self.rows)


@dataclass(frozen=True)
class _Found:
    """What lies on the disk of a block: images by the key of their condition (by themselves: degraded, clean)."""

    block: Block
    ids: list[str]
    images: dict[str, np.ndarray]
    labels: dict[str, str]
    notes: list[str] = field(default_factory=list)


def galleries(report: Report, budget: int) -> list[Gallery | None]:
    """A gallery for each block, None where its inputs do not lie on the disk; together ``budget`` bytes at most."""
    found: list[Gallery | None] = []
    for place, block in enumerate(report.blocks):
        on_disk = _find(report, block)
        gallery = _gallery(on_disk, budget // (len(report.blocks) - place)) if on_disk else None
        found.append(gallery)
        budget -= gallery.size if gallery else 0
    return found


def _find(report: Report, block: Block) -> _Found | None:
    """The inputs of the first run that has a record, and the samples of each condition's first run on them."""
    conditions, store = chosen(block), Store(report.root)
    inputs, samples = _keys(report, conditions)
    try:
        pictures = read_npz(store.entry("inputs", inputs or "none"), "inputs.npz")
    except Damaged:
        return None
    found = _Found(block, [str(image) for image in pictures["ids"]], {}, {})
    if DEGRADED in pictures:
        found.images[DEGRADED], found.labels[DEGRADED] = pictures[DEGRADED], DEGRADED
    for condition in conditions:
        try:
            entry = store.entry("samples", samples.get(condition.key, "none"))
            found.images[condition.key] = read_npz(entry, "samples.npz")["images"]
            found.labels[condition.key] = condition.label
        except Damaged:
            found.notes.append(f"No samples are left of {condition.label}.")
    found.images[CLEAN], found.labels[CLEAN] = pictures[CLEAN], CLEAN
    if len(block.conditions) > len(conditions):
        found.notes.append(f"{len(conditions)} of {len(block.conditions)} conditions are shown: {RULE}.")
    return found


def _keys(report: Report, conditions: Sequence[Condition]) -> tuple[str, Mapping[str, str]]:
    """The key of the inputs, and by condition that of the samples."""
    of_run = {run: condition.key for condition in conditions for run in condition.runs}
    heads = load(report.root, runs=list(of_run)).drop_duplicates("run").set_index("run")
    there = [run for run in of_run if run in heads.index]
    inputs = str(heads.loc[there[0], "inputs"]) if there else ""
    samples: dict[str, str] = {}
    for run in there:
        if heads.loc[run, "inputs"] == inputs:
            samples.setdefault(of_run[run], str(heads.loc[run, "samples"]))
    return inputs, samples


def _gallery(found: _Found, room: int) -> Gallery:
    labels = tuple(found.labels.values())
    if found.images[CLEAN].ndim == 2:
        panels = {found.labels[key]: sets for key, sets in found.images.items()}
        return Gallery(labels, points=points(panels), notes=tuple(found.notes))
    metric, reasons = picked(found.block, found.ids)
    places = {image: found.ids.index(image) for image in reasons}
    made = [images for key, images in found.images.items() if key != CLEAN]
    gain = gain_of((images[place], found.images[CLEAN][place]) for images in made for place in places.values())
    rows: list[Row] = []
    notes = list(found.notes)
    for largest in SIZES:
        rows = [_row(found, metric, (image, reasons[image], place), (gain, largest)) for image, place in places.items()]
        if sum(map(_size, rows)) <= room:
            break
    sides = max(max(images.shape[1:3]) for images in found.images.values())
    if sides > largest:
        notes.append(f"Pictures of {sides} pixels a side are shown at {largest}.")
    kept = _fitting(rows, room)
    if len(kept) < len(rows):
        notes.append(f"{len(kept)} of {len(rows)} chosen pictures are shown, for the size of this page.")
    return Gallery(labels, metric, gain, tuple(kept), tuple(notes))


def _row(found: _Found, metric: str, chosen_one: tuple[str, str, int], look: tuple[int, int]) -> Row:
    image, why, place = chosen_one
    gain, largest = look
    clean = found.images[CLEAN][place]
    tiles = []
    for key, images in found.images.items():
        left = residual(images[place], clean, gain, largest) if key != CLEAN else b""
        tiles.append(Tile(png(images[place], largest), left, _figure(found.block, metric, image, key)))
    return Row(image, why, tuple(tiles))


def _figure(block: Block, metric: str, image: str, key: str) -> float:
    table = block.images.get(metric)
    if table is None or key not in table or image not in table.index:
        return math.nan
    return float(table.loc[image, key])


def _size(row: Row) -> int:
    return sum(len(tile.picture) + len(tile.residual) for tile in row.tiles)


def _fitting(rows: Sequence[Row], room: int) -> list[Row]:
    """The first rows that fit."""
    kept: list[Row] = []
    for row in rows:
        room -= _size(row)
        if room < 0:
            break
        kept.append(row)
    return kept
