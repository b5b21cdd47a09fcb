"""The pictures of a report: degraded, each method's, clean, and what is left between them.

Which ones is decided in `reports.pictures.choice`: the worst, the median and the best of each condition, by its paired
difference to the baseline on the block's first per-image metric.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import pandas as pd
from PIL import Image

from harness.store.entries import Store, read_npz
from harness.store.sealed import Damaged
from reports.analysis.model import Block, Report
from reports.pictures.choice import RULE, chosen, picked
from reports.pictures.grid import png_of, points_page
from reports.records.load import load

SIZES = (256, 128)  # pixels of the longer side: larger pictures are averaged down, further where there are many
DEGRADED, CLEAN = "degraded", "clean"
GAINS = (16, 8, 4, 2, 1)
QUANTILE = 0.99
POINTS = 2000


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

    @property
    def size(self) -> int:
        """Bytes of all its PNG."""
        return sum(len(tile.picture) + len(tile.residual) for tile in self.tiles)


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
        return len(self.points) + sum(row.size for row in self.rows)


@dataclass(frozen=True)
class _Sources:
    """What lies on the disk of a block: images by the key of their condition (by themselves: degraded, clean)."""

    block: Block
    ids: list[str]
    images: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def galleries(report: Report, budget: int) -> list[Gallery | None]:
    """A gallery for each block, None where its inputs do not lie on the disk; together ``budget`` bytes at most."""
    found: list[Gallery | None] = []
    for place, block in enumerate(report.blocks):
        sources = _sources(report, block)
        gallery = _gallery(sources, budget // (len(report.blocks) - place)) if sources else None
        found.append(gallery)
        budget -= gallery.size if gallery else 0
    return found


def _sources(report: Report, block: Block) -> _Sources | None:
    """The inputs of the first run that has a record, and the samples of each condition's first run on them."""
    conditions, store = chosen(block), Store(report.root)
    of_run = {run: condition.key for condition in conditions for run in condition.runs}
    heads = load(report.root, runs=list(of_run)).drop_duplicates("run").set_index("run")
    heads = heads.loc[[run for run in of_run if run in heads.index], ["inputs", "samples"]].astype(str)
    inputs = next(iter(heads["inputs"]), "none")
    samples = heads.loc[heads["inputs"] == inputs, "samples"].groupby(of_run.get).first()
    try:
        pictures = read_npz(store.entry("inputs", inputs), "inputs.npz")
    except Damaged:
        return None
    found = _Sources(block, [str(image) for image in pictures["ids"]])
    if DEGRADED in pictures:
        found.images[DEGRADED] = pictures[DEGRADED]
    for condition in conditions:
        try:
            entry = store.entry("samples", samples.get(condition.key, "none"))
            found.images[condition.key] = read_npz(entry, "samples.npz")["images"]
        except Damaged:
            found.notes.append(f"No samples are left of {condition.label}.")
    found.images[CLEAN] = pictures[CLEAN]
    if len(block.conditions) > len(conditions):
        found.notes.append(f"{len(conditions)} of {len(block.conditions)} conditions are shown: {RULE}.")
    return found


def _gallery(sources: _Sources, room: int) -> Gallery:
    names = {one.key: one.label for one in sources.block.conditions}
    labels, notes = tuple(names.get(key, key) for key in sources.images), sources.notes
    if sources.images[CLEAN].ndim == 2:
        panels = dict(zip(labels, sources.images.values(), strict=True))
        return Gallery(labels, points=png_of(points_page(panels, POINTS)), notes=tuple(notes))
    metric, reasons = picked(sources.block, sources.ids)
    places = [sources.ids.index(image) for image in reasons]
    outputs = [images for key, images in sources.images.items() if key != CLEAN]
    gain = gain_of((images[place], sources.images[CLEAN][place]) for images in outputs for place in places)
    rows: list[Row] = []
    for largest in SIZES:
        rows = _rows(sources, metric, reasons, gain, largest)
        if sum(row.size for row in rows) <= room:
            break
    sides = max(max(images.shape[1:3]) for images in sources.images.values())
    if sides > largest:
        notes.append(f"Pictures of {sides} pixels a side are shown at {largest}.")
    kept = [row for row, used in zip(rows, accumulate(row.size for row in rows), strict=True) if used <= room]
    if len(kept) < len(rows):
        notes.append(f"{len(kept)} of {len(rows)} chosen pictures are shown, for the size of this page.")
    return Gallery(labels, metric, gain, tuple(kept), tuple(notes))


def _rows(sources: _Sources, metric: str, reasons: Mapping[str, str], gain: int, largest: int) -> list[Row]:
    table = sources.block.images[metric] if metric else pd.DataFrame()
    figures = table.reindex(index=list(reasons), columns=list(sources.images)).to_numpy(float)
    rows = []
    for (image, why), values in zip(reasons.items(), figures, strict=True):
        place = sources.ids.index(image)
        clean, tiles = sources.images[CLEAN][place], []
        for (key, images), value in zip(sources.images.items(), values, strict=True):
            left = residual(images[place], clean, gain, largest) if key != CLEAN else b""
            tiles.append(Tile(png(images[place], largest), left, float(value)))
        rows.append(Row(image, why, tuple(tiles)))
    return rows


def png(image: np.ndarray, largest: int) -> bytes:
    """A picture, uint8 (H, W, C) with C in {1, 3} or (H, W), as PNG; sides beyond ``largest`` are averaged down."""
    plain = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    picture = Image.fromarray(np.ascontiguousarray(plain))
    picture.thumbnail((largest, largest), Image.Resampling.BOX)
    return png_of(picture)


def residual(image: np.ndarray, clean: np.ndarray, gain: int, largest: int) -> bytes:
    """|image - clean|, the mean over the channels, times ``gain`` and clipped to 255, as a grey PNG.

    Both uint8 (H, W, C). Empty where their sizes differ, as a low-resolution input's does.
    """
    difference = _distance(image, clean)
    if difference is None:
        return b""
    return png(np.rint(np.minimum(255, gain * difference)).astype(np.uint8), largest)


def _distance(image: np.ndarray, clean: np.ndarray) -> np.ndarray | None:
    """|image - clean|, the mean over the channels, float64 (H, W); None where the shapes differ."""
    return np.abs(image.astype(np.float64) - clean).mean(-1) if image.shape == clean.shape else None


def gain_of(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> int:
    """One gain for all pairs: the largest of `GAINS` that keeps 99% of the median pair's residual below 255."""
    found = (_distance(image, clean) for image, clean in pairs)
    ends = [float(np.quantile(one, QUANTILE)) for one in found if one is not None]
    typical = statistics.median(ends) if ends else 0.0
    return next((gain for gain in GAINS if gain * typical <= 255), 1)
