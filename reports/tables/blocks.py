"""The tables of a block that texts show: what Markdown and LaTeX write, so that their figures are the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from reports.analysis.model import Block, Report
from reports.tables.factors import ablation_tables, interaction_tables
from reports.tables.scores import comparison_table, label, means
from reports.tables.table import Cell, Column, Table, cost, word
from reports.wording.wording import COSTS, Names, counted, plain, titled

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
    caption = f"{plain(block.name)}: means with 95% intervals over {counted(block.metrics.values())}; "
    caption += "bold: no other condition is better beyond the 95% interval of their difference, which is not adjusted"
    return Table("main", "", key, caption, (*columns, *costs(block, BESIDE)))


def _labels(block: Block) -> Column:
    return Column("condition", [label(block, one) for one in block.conditions], "label")


def costs(block: Block, names: Iterable[str] = COSTS) -> list[Column]:
    """Columns of costs."""
    return [
        Column(COSTS[name], [cost(float(one.costs.get(name, math.nan))) for one in block.conditions], "cost")
        for name in names
    ]


def _costs(block: Block, name: str) -> Table:
    columns = [_labels(block), Column("runs", [word(len(one.runs)) for one in block.conditions])]
    caption = f"{plain(block.name)}: costs, means over the runs"
    return Table("costs", "", name, caption, (*columns, *costs(block)))


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
