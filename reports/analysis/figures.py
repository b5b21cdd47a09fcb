"""A metric's figures in a block, as arrays: rows of pictures, or sets with their bootstrap replicates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import pandas as pd

from errors import UserError
from reports.analysis.layout import Layout
from reports.analysis.pairing import Seeds
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
        """The means of rows by recipe; those of recipes that are new since the last time are added."""
        means = self._means.get(key, np.zeros((0, rows.shape[1])))
        if len(self.seeds.recipes) > len(means):
            fresh = [rows[list(recipe)].mean(0) for recipe in islice(self.seeds.recipes, len(means), None)]
            self._means[key] = means = np.concatenate([means, fresh])
        return means


def figures(records: Records, layout: Layout, seeds: Seeds, stamp: int) -> Figures:
    """The figures under a stamp, pictures in the order of their names; missing ones are NaN.

    Raises `UserError` for two runs of one condition with the same seeds and inputs.
    """
    local = np.full(len(records.heads), -1, np.int64)
    local[layout.places] = np.arange(len(layout.places))
    table = records.figures
    table = table[(table["stamp"] == stamp) & (local[table["place"]] >= 0)]
    runs = local[table["place"]]
    inputs, codes = np.unique(layout.heads["inputs"].to_numpy(str), return_inverse=True)
    _check(layout, codes[runs] * seeds.count + seeds.row[runs], runs)
    images = table["image"].cat.categories.tolist()
    pictures, column = np.unique(codes[runs] * len(images) + table["image"].cat.codes, return_inverse=True)
    names = np.array([_name(inputs, images, code) for code in pictures.tolist()])
    order = np.argsort(names, kind="stable")
    column = np.argsort(order)[column.reshape(-1)]
    rows = np.full((seeds.count, len(names)), np.nan)
    rows[seeds.row[runs], column] = table["value"]
    if (table["image"] != "").any():
        return Figures(seeds, rows, names[order].tolist(), None, math.nan, photographs=_photographs(table, column))
    items = int(layout.heads["n"].max()) if layout.heads["n"].notna().any() else 0
    units = table["units"].min()
    return Figures(
        seeds,
        rows.mean(1, keepdims=True),  # over several data seeds; NaN where one is missing
        names[order].tolist(),
        _replicates(table["replicates"], seeds, seeds.row[runs]),
        float(table["floor"].mean()),
        items,
        int(min(items, units)) if np.isfinite(units) else items,
    )


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


def _name(inputs: np.ndarray, images: Sequence[str], code: int) -> str:
    """A picture's name; where there are several inputs, behind the beginning of their key."""
    image = images[code % len(images)]
    return image if len(inputs) == 1 else f"{inputs[code // len(images)][:8]}/{image}"


def _photographs(table: pd.DataFrame, column: np.ndarray) -> np.ndarray | None:
    """The photograph of each picture by number: the source that a record names, or else the picture itself, by its
    name in all inputs; None where no two pictures share one."""
    names = np.empty(column.max() + 1, object)
    names[column] = table["image"]
    known = (table["source"] != "").to_numpy()
    names[column[known]] = table["source"][known]
    different, numbers = np.unique(names.astype(str), return_inverse=True)
    return numbers.reshape(-1) if len(different) < len(names) else None


def _replicates(lists: pd.Series, seeds: Seeds, rows: np.ndarray) -> np.ndarray:
    """Replicates (R, B) of sets: B the least number that a run has, NaN (R, 2) where there are none."""
    count = min((len(values) for values in lists.dropna()), default=0)
    if count < 2:
        return np.full((seeds.count, 2), np.nan)
    total, times = np.zeros((seeds.count, count)), np.zeros((seeds.count, 1))
    for row, values in zip(rows, lists, strict=True):
        total[row] += np.nan if values is None else values[:count]
        times[row] += 1
    with np.errstate(invalid="ignore"):
        return total / times
