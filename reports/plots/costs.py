"""What each condition costs, as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.analysis.model import Block, Condition, Report
from reports.plots.common import MOST, colour_of, heading
from reports.plots.style import LETTERS, remark, sheet, wrapped
from reports.wording.numbers import amount
from reports.wording.wording import COSTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.27  # inches


def known(block: Block) -> list[str]:
    """The costs that some condition has, beyond nothing."""
    values = {name: [condition.costs.get(name, math.nan) for condition in block.conditions] for name in COSTS}
    return [name for name in COSTS if any(math.isfinite(value) and value > 0 for value in values[name])]


def draw(report: Report, block: Block) -> Figure:
    """A panel for each cost, a bar for each condition; shorter is better."""
    conditions, note = _chosen(block)
    labels = [wrapped(condition.label, 26, 2) for condition in conditions]
    tall = BAR * sum(1 + 0.45 * text.count("\n") for text in labels)
    names = _telling(known(block), conditions)
    figure, panels = sheet([0.7 + tall] * len(names))
    heading(figure, f"{block.name}: costs")
    for axes, name in zip(panels, names, strict=True):
        values = [condition.costs.get(name, math.nan) for condition in conditions]
        _bars(axes, values, [colour_of(report, condition.method) for condition in conditions])
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel(f"{COSTS[name]}  ← better")
    remark(figure, note)
    return figure


def _telling(names: Sequence[str], conditions: Sequence[Condition]) -> Sequence[str]:
    """The costs in which the conditions differ, or all where they differ in none."""
    values = {name: {c.costs.get(name, math.nan) for c in conditions} for name in names}
    told = [name for name in names if len({value for value in values[name] if value > 0}) > 1]
    return told or names


def _chosen(block: Block) -> tuple[Sequence[Condition], str]:
    """All conditions, or the baseline and the first ones."""
    if len(block.conditions) <= MOST:
        return block.conditions, ""
    first = sorted(block.conditions, key=lambda condition: condition.key != block.baseline)[:MOST]
    return first, f"{MOST} of {len(block.conditions)} conditions; the table has all."


def _bars(axes: Axes, values: Sequence[float], colours: Sequence[str]) -> None:
    import seaborn
    from matplotlib.ticker import FuncFormatter

    places = list(range(len(values)))
    seaborn.barplot(
        x=[0.0 if math.isnan(value) else value for value in values],
        y=places,
        hue=places,
        palette=list(colours),
        orient="h",
        legend=False,
        saturation=1,
        width=0.7,
        ax=axes,
    )
    top = max((value for value in values if math.isfinite(value)), default=0.0)
    for place, value in zip(places, values, strict=True):
        told = "not known" if math.isnan(value) else amount(value)
        at = 0.0 if math.isnan(value) else value
        axes.text(at + 0.012 * top, place, told, va="center", fontsize=LETTERS - 2)
    axes.set_xlim(0, 1.16 * (top or 1.0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value < 1e4 else amount(value)))
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("")
