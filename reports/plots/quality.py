"""What a figure of quality costs: network calls, seconds, memory; and which conditions nothing beats in both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.analysis.model import Block, Condition, Estimate, Report
from reports.plots.common import arms, heading, looks, scale_x, shown
from reports.plots.style import PALE, Look, better, label, remark, sheet, wrapped
from reports.wording.wording import COSTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXES = ("nfe", "seconds_per_image", "peak_memory_mb")


def axes_of(block: Block, metric: str) -> list[str]:
    """The costs worth a panel: known for two conditions at least, and not the same for all."""
    scored = [condition for condition in block.conditions if metric in condition.scores]
    known = {name: {_cost(condition, name) for condition in scored} - {None} for name in AXES}
    return [name for name in AXES if len(known[name]) > 1]


def draw(report: Report, block: Block, metric: str) -> Figure:
    """Quality against each cost, means with their intervals; filled marks are on the Pareto front."""
    facts = block.metrics[metric]
    fronts = block.fronts.get(metric, {})
    conditions, note = shown(block, metric, [key for keys in fronts.values() for key in keys])
    names = axes_of(block, metric)
    figure, panels = sheet([2.0] * len(names), len(conditions))
    heading(figure, f"{block.name}: {facts.name} against cost")
    styles = looks(report, conditions)
    for axes, name in zip(panels, names, strict=True):
        known = [condition for condition in conditions if _cost(condition, name) is not None]
        scale_x(axes, [_cost(condition, name) or 0.0 for condition in known])
        for condition in known:
            point = (_cost(condition, name) or 0.0, condition.scores[metric].mean)
            _mark(axes, point, styles[condition.key], condition.key in fronts.get(name, ()))
        _staircase(axes, [(_cost(c, name) or 0.0, c.scores[metric].mean.value) for c in known], facts.higher_is_better)
        axes.set(xlabel=f"{COSTS[name]}  ← better", ylabel=f"{wrapped(label(facts), 22, 2)}\n{better(facts, 'y')}")
        axes.margins(0.08, 0.12)
    for condition in conditions:  # for the legend: every condition, also one that a panel lacks
        style = styles[condition.key]
        panels[0].plot([], [], style.marker, color=style.colour, label=wrapped(condition.label, 58, 2))
    told = (
        "Filled, the Pareto front: nothing that costs no more beats it (95% interval, not adjusted). "
        "Dotted: best mean so far."
    )
    remark(figure, f"{told} {note}", panels[0])
    return figure


def _cost(condition: Condition, name: str) -> float | None:
    value = condition.costs.get(name, math.nan)
    return None if value is None or not math.isfinite(value) else float(value)


def _mark(axes: Axes, point: tuple[float, Estimate], style: Look, leads: bool) -> None:
    cost, mean = point
    axes.errorbar(
        [cost],
        [mean.value],
        yerr=arms([mean]),
        color=style.colour,
        marker=style.marker,
        markerfacecolor=style.colour if leads else "white",
        markersize=7,
        elinewidth=1,
        capsize=2,
        zorder=3 if leads else 2,
    )


def _staircase(axes: Axes, points: Sequence[tuple[float, float]], higher_is_better: bool) -> None:
    sign = 1.0 if higher_is_better else -1.0
    steps: list[tuple[float, float]] = []
    for cost, value in sorted(points, key=lambda point: (point[0], -sign * point[1])):
        if not math.isnan(value) and (not steps or sign * value > sign * steps[-1][1]):
            steps.append((cost, value))
    if len(steps) > 1:
        axes.step(*zip(*steps, strict=True), where="post", color=PALE, linestyle=":", linewidth=1.2, zorder=1)
