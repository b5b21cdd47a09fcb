"""The one model of a table. It knows of no format: whoever makes tables fills it, every writer reads it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from reports.analysis.model import Estimate
from reports.wording.numbers import NOTHING, amount, fixed, interval, worded


class IntervalBar(NamedTuple):
    """A difference with its interval and zero on a scale from 0 to 1000; ``beyond`` names the end that it is past,
    "below" or "above"."""

    low: int
    middle: int
    high: int
    zero: int
    beyond: str


class Cell(NamedTuple):
    """A cell: its text, and ``value``, the number or word itself, which data files have and numbers are sorted by.

    ``interval`` and ``note`` stand beside the text, the note in brackets; ``more`` is a line of its own, for pages.
    ``strong``: the best. ``verdict`` is the word of a comparison, which decides the colour. ``bar`` is a small plot,
    ``shade`` how good the figure is within its table, 0 to 1.
    """

    text: str
    value: Any = None
    interval: str = ""
    note: str = ""
    strong: bool = False
    more: str = ""
    verdict: str = ""
    bar: IntervalBar | None = None
    shade: float | None = None

    @property
    def words(self) -> str:
        """All of it on one line: ``12.72 [11.90, 13.41] (2 infinite)``."""
        note = f" ({self.note})" if self.note else ""
        return f"{self.text} {self.interval}".rstrip() + note


class Column(NamedTuple):
    """A column. To the left stand a "label", an "option" (rows are searched and chosen by it), a "choice" (chosen by
    it alone), "code" and "command"; to the right a "word", a "number", and a "cost", which goes first where there is
    little room.

    ``about`` explains the heading; ``metric`` is that of a table with several; ``detail``: not shown beside others'.
    """

    head: str
    cells: Sequence[Cell]
    kind: Literal["label", "option", "choice", "code", "command", "word", "number", "cost"] = "number"
    about: str = ""
    metric: str = ""
    detail: bool = False

    @property
    def left(self) -> bool:
        """Whether it stands to the left, as words do."""
        return self.kind not in ("word", "number", "cost")


@dataclass(frozen=True)
class Table:
    """``kind`` is "main", "compare", "ablation", "interaction", "costs", "protocols", "data" or "runs"; ``subject`` the
    metric or axis that it is about; ``name`` is unique in a report; ``notes`` stand below."""

    kind: str
    subject: str
    name: str
    caption: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The headings."""
        return tuple(column.head for column in self.columns)

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The cells row by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))

    def first(self, count: int) -> Table:
        """The table with its first rows alone."""
        columns = tuple(column._replace(cells=column.cells[:count]) for column in self.columns)
        return replace(self, columns=columns)


MISSING, ABSENT = Cell(NOTHING, math.nan), Cell(NOTHING)  # of a number, of a word
NONE = Estimate(math.nan, math.nan, math.nan)


def word(value: object) -> Cell:
    """An option or a count as it is."""
    return Cell(worded(value), value)


def number(value: float, places: int, sign: str = "") -> Cell:
    """A number with that many decimals."""
    return Cell(fixed(value, places, sign), value)


def figure(estimate: Estimate, places: int, sign: str = "") -> Cell:
    """A figure with its interval."""
    return Cell(fixed(estimate.value, places, sign), estimate.value, interval(estimate, places, sign))


def cost(value: float) -> Cell:
    """A cost in three digits."""
    return Cell(amount(value), value)


def columns_of(heads: Iterable[str], rows: Sequence[Sequence[Cell]]) -> tuple[Column, ...]:
    """Columns from rows: the first of labels, the others of numbers."""
    return tuple(
        Column(head, [row[place] for row in rows], "number" if place else "label") for place, head in enumerate(heads)
    )
