"""The tables of ablations (one factor varied) and interactions (two)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from reports.analysis.model import Ablation, Block, Estimate, Interaction
from reports.tables.table import MISSING, NONE, Cell, Column, Table, columns_of, figure
from reports.wording.numbers import NOTHING, decimals
from reports.wording.wording import Names, count, plain, titled


def ablation_tables(block: Block, names: Names) -> Iterator[Table]:
    """A table for each axis and setting of the others, axis by axis, with the metrics side by side."""
    found: dict[str, dict[str, list[Ablation]]] = {}
    for part in block.ablations:
        axis = found.setdefault(part.axis, {})
        if part.metric in block.metrics:
            axis.setdefault(part.within, []).append(part)
    for axis in found.values():
        for parts in axis.values():
            yield _ablation(block, parts, names)


def _ablation(block: Block, parts: Sequence[Ablation], names: Names) -> Table:
    first = parts[0]
    values = list(dict.fromkeys(plain(level.value) for part in parts for level in part.levels))
    columns = [Column(plain(first.axis), [Cell(value) for value in values], "label")]
    for part in parts:
        levels = {plain(level.value): level for level in part.levels}
        mean = {value: level.mean for value, level in levels.items()}
        change = {value: level.difference or NONE for value, level in levels.items()}
        start = next(iter(levels), NOTHING)
        columns.append(_levels(titled(block.metrics[part.metric]), mean, values, ""))
        columns.append(_levels(f"against {start}", change, values, "+"))
    held = f", within {plain(first.within)}" if first.within else ""
    note = f"; {first.note}" if first.note else ""
    caption = f"{plain(block.name)}: {plain(first.axis)}; {count(first.conditions, 'condition')} at each value"
    about = [text for text in (first.axis, first.within) if text]
    name = names.take("ablation", block.name, *about)
    return Table("ablation", first.axis, name, f"{caption}{held}{note}", tuple(columns))


def _levels(head: str, estimates: dict[str, Estimate], values: Sequence[str], sign: str) -> Column:
    digits = decimals(estimates.values())
    return Column(head, [figure(estimates[value], digits, sign) if value in estimates else MISSING for value in values])


def interaction_tables(block: Block, names: Names) -> Iterator[Table]:
    """A table for each pair of axes and metric, its figures shaded: the darker, the better."""
    for part in block.interactions:
        if part.metric in block.metrics:
            yield _interaction(block, part, names)


def _interaction(block: Block, part: Interaction, names: Names) -> Table:
    facts = block.metrics[part.metric]
    known = [value for row in part.values for value in row if math.isfinite(value)]
    digits = decimals(Estimate(value, math.nan, math.nan) for value in known)
    worst, best = (min(known, default=0.0), max(known, default=0.0))[:: 1 if facts.higher_is_better else -1]
    rows = []
    for value, line in zip(part.row_values, part.values, strict=True):
        cells = [figure(Estimate(one, math.nan, math.nan), digits) for one in line]
        rows.append([Cell(plain(value)), *(cell._replace(shade=_share(cell.value, worst, best)) for cell in cells)])
    heads = [f"{plain(part.rows)} / {plain(part.columns)}", *(plain(value) for value in part.column_values)]
    held = f", within {plain(part.within)}" if part.within else ""
    name = names.take("interaction", block.name, f"{part.rows} {part.columns} {part.metric}")
    return Table(
        "interaction", part.metric, name, f"{plain(block.name)}: {titled(facts)}{held}", columns_of(heads, rows)
    )


def _share(value: Any, worst: float, best: float) -> float | None:
    """How far a value is from the worst to the best, 0 to 1."""
    return (value - worst) / ((best - worst) or 1.0) if math.isfinite(value) else None
