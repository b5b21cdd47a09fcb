"""The main table for the eye: few columns, aligned figures, never a cut number."""

from __future__ import annotations

import functools
import io
import math
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errors import visible

if TYPE_CHECKING:
    import pandas as pd

# Header by cost; where the terminal is narrow they go, the last one first.
COSTS = {
    "nfe": "NFE",
    "n": "images",
    "seconds_per_image": "s per\nimage",
    "train_seconds": "train\ns",
    "parameters": "para-\nmeters",
}
PLACES = ("method", "dataset", "task")
ARROWS = {True: " ↑", False: " ↓", None: ""}
NOTHING = "–"
LONGEST, SHORTEST = 32, 8  # characters of a text column: beyond the first its words break, down to the second
GAP = 2
PLAIN = str.maketrans("↑↓–─", "^v--")  # where the output can't show them


@dataclass(frozen=True)
class _Column:
    """A column as text: figures stand to the right and never break."""

    header: str
    cells: list[str]
    figures: bool = True

    @functools.cached_property
    def widest(self) -> int:
        """Characters that it takes without a break, but no more than a text may have."""
        from rich.cells import cell_len

        width = max(map(cell_len, [*self.header.splitlines(), *self.cells]))
        return width if self.figures else min(width, LONGEST)

    @property
    def least(self) -> int:
        """Characters below which it can't go."""
        return self.widest if self.figures else min(self.widest, SHORTEST)


def show(table: pd.DataFrame, width: int | None = None) -> str:
    """The main table as text for a terminal, ``width`` characters wide (default: that of the terminal, 80 in a pipe).

    A metric stands as ``24.31 (9.87)``: the mean, and in brackets that of the input. Options that the method alone
    decides are left out, and costs for which there is no room; the foot says so. Where even that is too wide, texts
    break and then the lines run over, but no figure is ever cut.
    """
    width = shutil.get_terminal_size().columns if width is None else width
    told = [_text(name, table[name]) for name in _names(table)]
    told += [_metric(table, name) for name in _metrics(table)]
    costs = {name: _cost(name, table[name]) for name in COSTS if _worth(table, name)}
    kept = list(costs)
    while kept and sum(column.widest + GAP for column in [*told, *(costs[name] for name in kept)]) - GAP > width:
        kept.pop()
    text = _render([*told, *(costs[name] for name in kept)], width)
    return _encodable("\n".join([text, *_foot(table, [name for name in costs if name not in kept])]))


def _names(table: pd.DataFrame) -> list[str]:
    """Method, data set, task, and the options that differ within one of them: what these decide alone is left out."""
    metrics = _metrics(table)
    figures = {*COSTS, "run", *metrics, *(f"{name}_input" for name in metrics)}
    names = [name for name in table.columns if name not in figures]
    return [name for name in names if name in PLACES or _differs_within(table, name)]


def _differs_within(table: pd.DataFrame, name: str) -> bool:
    places = [place for place in PLACES if place in table.columns]
    return any(values.nunique(dropna=False) > 1 for _, values in table.groupby(places, dropna=False)[name])


def _metrics(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns if f"{name}_input" in table.columns]


def _worth(table: pd.DataFrame, name: str) -> bool:
    """Whether a cost has a column: not where nothing is known, nor for the one number of images, which the foot has."""
    return bool(table[name].notna().any()) and (name != "n" or table[name].nunique() > 1)


def _text(name: str, values: pd.Series) -> _Column:
    cells = [NOTHING if missing else _line(value) for value, missing in zip(values, values.isna(), strict=True)]
    return _Column(_line(name).replace(".", ".\n", 1), cells, False)


def _line(value: Any) -> str:
    """A value on one line: what would move the cursor or colour the terminal is shown as its escape."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return visible(text)


def _metric(table: pd.DataFrame, name: str) -> _Column:
    facts: Mapping[str, Any] = table.attrs.get("metrics", {}).get(name, {})
    ours, inputs = table[name].astype(float), table[f"{name}_input"].astype(float)
    digits = _digits([*ours, *inputs], 4)
    cells = [_figure(value, digits) for value in ours]
    if inputs.notna().any():
        cells = [f"{cell} ({_figure(value, digits)})" for cell, value in zip(cells, inputs, strict=True)]
    arrow = ARROWS[facts.get("higher_is_better")]
    return _Column(f"{_line(name).upper()}{arrow}\n{_line(facts.get('unit', ''))}".strip(), cells)


def _cost(name: str, values: pd.Series) -> _Column:
    numbers = values.astype(float)
    if name == "parameters":
        return _Column(COSTS[name], [_count(value) for value in numbers])
    whole = bool((numbers.dropna() % 1 == 0).all())
    return _Column(COSTS[name], [_figure(value, 0 if whole else _digits([value], 3)) for value in numbers])


def _digits(values: Sequence[float], significant: int) -> int:
    """Decimals that give the median of the values that many significant digits: one outlier takes none away."""
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    return max(0, significant - 1 - math.floor(math.log10(statistics.median(sizes)))) if sizes else 0


def _figure(value: float, digits: int) -> str:
    return NOTHING if math.isnan(value) else f"{value:.{digits}f}"


def _count(value: float) -> str:
    if math.isnan(value):
        return NOTHING
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.0f}"


def _foot(table: pd.DataFrame, dropped: Sequence[str]) -> list[str]:
    notes = []
    if table["n"].nunique() == 1:
        notes.append(f"images per run: {table['n'].iloc[0]}")
    if table.attrs.get("photographs"):
        notes.append("means by photograph first")
    if any(table[f"{name}_input"].notna().any() for name in _metrics(table)):
        notes.append("in brackets: the degraded input")
    lines = ["; ".join(notes)] if notes else []
    return [*lines, f"no room for: {', '.join(name.replace('_', ' ') for name in dropped)}"] if dropped else lines


def _render(columns: Sequence[_Column], width: int) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False, header_style="")
    for column in columns:
        table.add_column(
            Text(column.header),
            justify="right" if column.figures else "left",
            overflow="fold",
            no_wrap=column.figures,
            max_width=column.widest,
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, row))
    room = max(width, sum(column.least + GAP for column in columns) - GAP)
    console = Console(file=io.StringIO(), width=room, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _encodable(text: str) -> str:
    """The text with plain letters for arrows and dashes where standard output could not write them."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    return text
