"""The tables of a block that texts show, so that the figures of Markdown and LaTeX are the same; the page has most of
them too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from reports.analysis.model import Ablation, Block, Estimate, Interaction, Report
from reports.tables.scores import comparison_table, label, means
from reports.tables.table import MISSING, NONE, Cell, Column, Table, columns_of, cost, figure, number, word
from reports.wording.numbers import NOTHING, decimals
from reports.wording.wording import BOLD, COSTS, Names, count, counted, plain, titled

BESIDE = ("nfe", "seconds_per_image", "peak_memory_mb")  # the costs that stand beside the means


def tables_of(report: Report) -> list[list[Table]]:
    """The tables of each block, in the order of the report; their names are unique over all blocks."""
    names = Names()
    return [list(_of_block(block, names)) for block in report.blocks]


def _of_block(block: Block, names: Names) -> Iterator[Table]:
    yield _main(block, names.take("main", block.name))
    for metric in block.metrics:
        if any(condition.scores[metric].comparison for condition in block.conditions if metric in condition.scores):
            yield comparison_table(block, metric, names.take("compare", block.name, metric))
    yield from ablation_tables(block, names)
    yield from interaction_tables(block, names)
    yield _costs(block, names.take("costs", block.name))
    yield protocols(block, names.take("protocols", block.name))


def _main(block: Block, key: str) -> Table:
    seeds = Column("seeds", [word(len(one.seeds)) for one in block.conditions])
    columns = [_labels(block), seeds, *(means(block, metric) for metric in block.metrics)]
    caption = f"{plain(block.name)}: means with 95% intervals over {counted(block.metrics.values())}; {BOLD}"
    return Table("main", "", key, caption, (*columns, *costs(block, BESIDE)))


def _labels(block: Block) -> Column:
    return Column("condition", [label(block, one) for one in block.conditions], "label")


def costs(block: Block, names: Iterable[str] = COSTS) -> list[Column]:
    """Columns of costs."""
    return [Column(COSTS[name], [cost(one.costs[name]) for one in block.conditions], "cost") for name in names]


def _costs(block: Block, name: str) -> Table:
    columns = [_labels(block), Column("runs", [word(len(one.runs)) for one in block.conditions])]
    return Table("costs", "", name, f"{plain(block.name)}: costs, means over the runs", (*columns, *costs(block)))


def protocols(block: Block, name: str) -> Table:
    """The metrics with the stamps that decide their figures, and the figures to read them by."""
    facts = block.metrics.values()
    stamp = "all that decides the figure; different stamps are never mixed"
    floor = "a set metric of real pictures against real ones, with the same n"
    columns = (
        Column("metric", [Cell(titled(one)) for one in facts], "label"),
        Column("protocol", [Cell(plain(one.protocol)) for one in facts], "code", stamp),
        Column("degraded input", [cost(one.degraded) for one in facts], about="mean figure of the degraded input"),
        Column("real against real", [cost(one.floor) for one in facts], about=floor),
    )
    return Table("protocols", "", name, f"{plain(block.name)}: how each figure is computed", columns)


def ablation_tables(block: Block, names: Names) -> Iterator[Table]:
    """A table for each axis and setting of the others, axis by axis, with the metrics side by side."""
    found: dict[str, dict[str, list[Ablation]]] = {}
    for part in block.ablations:
        axis = found.setdefault(part.axis, {})
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
    name = names.take("ablation", block.name, *filter(None, (first.axis, first.within)))
    return Table("ablation", first.axis, name, f"{caption}{held}{note}", tuple(columns))


def _levels(head: str, estimates: dict[str, Estimate], values: Sequence[str], sign: str) -> Column:
    digits = decimals(estimates.values())
    return Column(head, [figure(estimates[value], digits, sign) if value in estimates else MISSING for value in values])


def interaction_tables(block: Block, names: Names) -> Iterator[Table]:
    """A table for each pair of axes and metric, its figures shaded: the darker, the better."""
    for part in block.interactions:
        yield _interaction(block, part, names)


def _interaction(block: Block, part: Interaction, names: Names) -> Table:
    facts = block.metrics[part.metric]
    known = [value for row in part.values for value in row if math.isfinite(value)]
    digits = decimals(Estimate(value, math.nan, math.nan) for value in known)
    worst, best = (min(known, default=0.0), max(known, default=0.0))[:: 1 if facts.higher_is_better else -1]
    rows: list[list[Cell]] = [[Cell(plain(value))] for value in part.row_values]
    for row, line in zip(rows, part.values, strict=True):
        shades = [(one - worst) / ((best - worst) or 1.0) if math.isfinite(one) else None for one in line]
        row += [number(one, digits)._replace(shade=shade) for one, shade in zip(line, shades, strict=True)]
    heads = [f"{plain(part.rows)} / {plain(part.columns)}", *(plain(value) for value in part.column_values)]
    held = f", within {plain(part.within)}" if part.within else ""
    name = names.take("interaction", block.name, f"{part.rows} {part.columns} {part.metric}")
    caption = f"{plain(block.name)}: {titled(facts)}{held}"
    return Table("interaction", part.metric, name, caption, columns_of(heads, rows))
