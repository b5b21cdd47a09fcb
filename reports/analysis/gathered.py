"""A metric's figures in a block, as arrays: rows of pictures, or sets with their bootstrap replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from errors import UserError
from reports.analysis.cells import Seeds
from reports.analysis.layout import Layout
from reports.records.scan import Records


@dataclass
class Figures:
    """A metric's figures in a block: ``rows`` (R, I) by picture, or (R, 1) of sets with ``replicates`` (R, B).

    ``photographs`` (I,) numbers the photograph that each picture was cut from; None where each picture is its own. Of
    the ``items`` of a set, replicates draw ``units``: whole photographs, or items.
    """

    seeds: Seeds
    rows: np.ndarray
    images: list[str]
    replicates: np.ndarray | None  # None where there is a figure per picture
    floor: float
    items: int = 0
    units: int = 0
    photographs: np.ndarray | None = None
    _means: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def counted(self) -> str:
        """What its intervals count."""
        if self.replicates is not None:
            return "sample" if self.units == self.items else "photograph"
        return "picture" if self.photographs is None else "photograph"

    def only(self, columns: np.ndarray) -> Figures:
        """The figures of some of the pictures."""
        images = [name for name, kept in zip(self.images, columns, strict=True) if kept]
        cut = None if self.photographs is None else self.photographs[columns]
        return replace(self, rows=self.rows[:, columns], images=images, photographs=cut, _means={})

    def cells(self, wanted: np.ndarray) -> np.ndarray:
        """Figures (M, S, I) at the means of rows that ``wanted`` (M, S) names."""
        return self._averaged(0, self.rows)[wanted]

    def resampled(self, wanted: np.ndarray) -> np.ndarray:
        """Replicates (M, S, B) likewise."""
        assert self.replicates is not None
        return self._averaged(1, self.replicates)[wanted]

    def _averaged(self, key: int, rows: np.ndarray) -> np.ndarray:
        """The means of rows by recipe: those that were added since the last time are made."""
        made = self._means.get(key, np.zeros((0, rows.shape[1])))
        fresh = self.seeds.recipes[len(made) :]
        if fresh:
            more = np.empty((len(fresh), rows.shape[1]))
            lengths = np.array([len(recipe) for recipe in fresh])
            for length in np.unique(lengths):
                places = np.flatnonzero(lengths == length)
                more[places] = rows[np.array([fresh[place] for place in places])].mean(1)
            self._means[key] = made = np.concatenate([made, more])
        return made


def figures(records: Records, layout: Layout, seeds: Seeds, stamp: int) -> Figures:
    """The figures under a stamp, pictures in the order of their names; missing ones are NaN.

    Raises `UserError` for two runs of one condition with the same seeds and inputs.
    """
    local = np.full(len(records.heads), -1, np.int64)
    local[layout.places] = np.arange(len(layout.places))
    places = np.flatnonzero((records.stamp == stamp) & (local[records.run] >= 0))
    runs = local[records.run[places]]
    inputs, codes = np.unique(layout.heads["inputs"].to_numpy(str), return_inverse=True)
    _check(layout, codes[runs] * seeds.count + seeds.row[runs], runs)
    flat = codes[runs].astype(np.int64) * len(records.images) + records.image[places]
    kept, column = np.unique(flat, return_inverse=True)
    names = [_name(inputs, records.images, int(code)) for code in kept]
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    column = rank[column.reshape(-1)]
    rows = np.full((seeds.count, len(names)), np.nan)
    rows[seeds.row[runs], column] = records.value[places]
    images = [names[place] for place in order]
    if {records.images[code % len(records.images)] for code in kept} != {""}:
        cut = _photographs(records, places, column, len(names))
        return Figures(seeds, rows, images, None, float("nan"), photographs=cut)
    floors = records.floor[places]
    items = int(layout.heads["n"].max()) if layout.heads["n"].notna().any() else 0
    told = records.units[places]
    units = int(told[np.isfinite(told)].min(initial=items))
    return Figures(seeds, _one(rows), images, _replicates(records, seeds, places, runs), _mean(floors), items, units)


def _check(layout: Layout, cells: np.ndarray, runs: np.ndarray) -> None:
    """``cells`` number the condition, seeds and inputs of each figure: each belongs to one run."""
    pairs = np.unique(np.stack([cells, runs], 1), axis=0)
    double = np.flatnonzero(pairs[1:, 0] == pairs[:-1, 0])
    if len(double):
        first, second = (layout.heads["run"].iloc[int(pairs[place, 1])] for place in (double[0], double[0] + 1))
        raise UserError(
            f"runs {first} and {second} are of one condition, with the same seeds and pictures: delete the record of "
            "the one that no longer holds, or name a sweep that has only one of them"
        )


def _photographs(records: Records, places: np.ndarray, column: np.ndarray, count: int) -> np.ndarray | None:
    """The photograph of each picture by number: the source that a record names, or else the picture itself, by its
    name in all inputs; None where no two pictures share one."""
    source, image = (np.zeros(count, np.int64) for _ in range(2))
    image[column] = records.image[places]
    known = records.source[places] >= 0
    source[column[known]] = 1 + records.source[places[known]]
    both = zip(source.tolist(), image.tolist(), strict=True)
    names = np.array([records.sources[cut - 1] if cut else records.images[own] for cut, own in both])
    found, numbers = np.unique(names, return_inverse=True)
    return numbers.reshape(-1) if len(found) < count else None


def _name(inputs: np.ndarray, images: Sequence[str], code: int) -> str:
    """A picture's name; where there are several inputs, behind the beginning of their key."""
    image = images[code % len(images)]
    return image if len(inputs) == 1 else f"{inputs[code // len(images)][:8]}/{image}"


def _one(rows: np.ndarray) -> np.ndarray:
    """Figures of sets: over several data seeds their mean, NaN where one is missing."""
    return rows.mean(1, keepdims=True)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _replicates(records: Records, seeds: Seeds, places: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Replicates (R, B) of sets: B the least number that a run has, NaN (R, 2) where there are none."""
    known = {place: records.replicates[int(place)] for place in places if int(place) in records.replicates}
    count = min((len(values) for values in known.values()), default=0)
    if count < 2:
        return np.full((seeds.count, 2), np.nan)
    total, times = np.zeros((seeds.count, count)), np.zeros((seeds.count, 1))
    for place, run in zip(places, runs, strict=True):
        total[seeds.row[run]] += known[place][:count] if place in known else np.nan
        times[seeds.row[run]] += 1
    with np.errstate(invalid="ignore"):
        return total / times
