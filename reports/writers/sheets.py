"""The tables of a report as text, cell by cell: what Markdown and LaTeX write, so that their figures are the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reports.analysis.model import Ablation, Block, Estimate, FactorLevel, Interaction, Report
from reports.wording.compared import compare_sheet
from reports.wording.numbers import NOTHING, amount, decimals, fixed
from reports.wording.wording import COSTS, Names, counted, plain, spread, titled
from reports.writers.cells import Cell, Sheet, cells, digits_of, label, mean_cell

__all__ = ["TABLES", "Cell", "Sheet", "sheets"]

TABLES = 60  # of a kind in a block that a text shows
BESIDE = ("nfe", "seconds_per_image", "peak_memory_mb")  # the costs that stand beside the means
NONE = Estimate(math.nan, math.nan, math.nan)


def sheets(report: Report) -> list[list[Sheet]]:
    """The tables of each block, in the order of the report; their names are unique over all blocks."""
    names = Names()
    return [list(_of_block(block, names)) for block in report.blocks]


def _of_block(block: Block, names: Names) -> Iterator[Sheet]:
    yield _main(block, names.take("main", block.name))
    for metric in block.metrics:
        if any(condition.scores[metric].comparison for condition in block.conditions if metric in condition.scores):
            yield compare_sheet(block, metric, names.take("compare", block.name, metric))
    for parts in _grouped(block):
        about = [text for text in (parts[0].axis, parts[0].within) if text]
        yield _ablation(block, parts, names.take("ablation", block.name, *about))
    for part in block.interactions:
        if part.metric in block.metrics:
            yield _interaction(
                block, part, names.take("interaction", block.name, f"{part.rows} {part.columns} {part.metric}")
            )
    yield _costs(block, names.take("costs", block.name))
    yield _protocols(block, names.take("protocols", block.name))


def _main(block: Block, name: str) -> Sheet:
    digits = {metric: digits_of(block, metric) for metric in block.metrics}
    header = ["condition", "seeds", *(titled(facts) for facts in block.metrics.values()), *(COSTS[c] for c in BESIDE)]
    rows = []
    for condition in block.conditions:
        means = [mean_cell(condition.scores.get(metric), digits[metric]) for metric in block.metrics]
        costs = cells([amount(float(condition.costs.get(cost, math.nan))) for cost in BESIDE])
        rows.append((label(block, condition), Cell(str(len(condition.seeds))), *means, *costs))
    over = counted(block.metrics.values())
    caption = f"{plain(block.name)}: means with 95% intervals over {over}; bold: no other condition is better beyond "
    caption += "the 95% interval of their difference, which is not adjusted"
    return Sheet("main", "", name, caption, tuple(header), tuple(rows))


def _grouped(block: Block) -> list[list[Ablation]]:
    """The ablations that share axis and setting, a table each with the metrics side by side."""
    found: dict[tuple[str, str], list[Ablation]] = {}
    for part in block.ablations:
        if part.metric in block.metrics:
            found.setdefault((part.axis, part.within), []).append(part)
    order = {axis: place for place, axis in enumerate(dict.fromkeys(part.axis for part in block.ablations))}
    return sorted(found.values(), key=lambda parts: order[parts[0].axis])


def _ablation(block: Block, parts: Sequence[Ablation], name: str) -> Sheet:
    first = parts[0]
    values = list(dict.fromkeys(plain(level.value) for part in parts for level in part.levels))
    header = [plain(first.axis)]
    rows = [[Cell(value)] for value in values]
    for part in parts:
        start = plain(part.levels[0].value) if part.levels else NOTHING
        header += [titled(block.metrics[part.metric]), f"against {start}"]
        levels = {plain(level.value): level for level in part.levels}
        digits = decimals(level.mean for level in part.levels)
        fine = decimals(level.difference for level in part.levels if level.difference)
        for value, row in zip(values, rows, strict=True):
            row += _level(levels.get(value), digits, fine)
    plural = "" if first.conditions == 1 else "s"
    held = f", within {plain(first.within)}" if first.within else ""
    note = f"; {first.note}" if first.note else ""
    caption = (
        f"{plain(block.name)}: {plain(first.axis)}; {first.conditions} condition{plural} at each value{held}{note}"
    )
    return Sheet("ablation", first.axis, name, caption, tuple(header), tuple(tuple(row) for row in rows))


def _level(level: FactorLevel | None, digits: int, fine: int) -> list[Cell]:
    if level is None:
        return cells([NOTHING] * 2)
    return cells([spread(level.mean, digits), spread(level.difference or NONE, fine, "+")])


def _interaction(block: Block, part: Interaction, name: str) -> Sheet:
    known = [Estimate(value, math.nan, math.nan) for row in part.values for value in row]
    digits = decimals(known)
    header = (f"{plain(part.rows)} / {plain(part.columns)}", *(plain(value) for value in part.column_values))
    rows = [
        (Cell(plain(value)), *(Cell(fixed(figure, digits)) for figure in line))
        for value, line in zip(part.row_values, part.values, strict=True)
    ]
    held = f", within {plain(part.within)}" if part.within else ""
    caption = f"{plain(block.name)}: {titled(block.metrics[part.metric])}{held}"
    return Sheet("interaction", part.metric, name, caption, header, tuple(rows))


def _costs(block: Block, name: str) -> Sheet:
    header = ("condition", "runs", *COSTS.values())
    rows = [
        (
            label(block, condition),
            *cells([str(len(condition.runs))]),
            *cells([amount(float(condition.costs.get(name, math.nan))) for name in COSTS]),
        )
        for condition in block.conditions
    ]
    return Sheet("costs", "", name, f"{plain(block.name)}: costs, means over the runs", header, tuple(rows))


def _protocols(block: Block, name: str) -> Sheet:
    rows = [
        tuple(cells([titled(facts), plain(facts.protocol), _known(facts.degraded), _known(facts.floor)]))
        for facts in block.metrics.values()
    ]
    header = ("metric", "protocol", "degraded input", "real against real")
    return Sheet("protocols", "", name, f"{plain(block.name)}: how each figure is computed", header, tuple(rows), 2)


def _known(value: float) -> str:
    return NOTHING if math.isnan(value) else amount(value)
