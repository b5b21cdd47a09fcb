"""What each condition costs, as bars; and the quality that comes of it, with what nothing beats in both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from reports.analysis.model import Block, Estimate, Report
from reports.plots.common import MOST, arms, first, look_of, looks, scale_x, shown
from reports.plots.style import LETTERS, PALE, Axes, Figure, Look, beside, remark, sheet, wrapped
from reports.tables.blocks import BESIDE
from reports.wording.numbers import amount
from reports.wording.wording import COSTS

BAR = 0.27  # inches


def known(block: Block) -> list[str]:
    """The costs that some condition has, beyond nothing."""
    return [name for name in COSTS if any(condition.costs[name] > 0 for condition in block.conditions)]


def bars(report: Report, block: Block) -> Figure:
    """A panel for each cost in which the conditions differ, or for each; a bar for each condition, the first ones and
    the baseline."""
    order = sorted(block.conditions, key=lambda condition: condition.key != block.baseline)
    conditions, note = first(order if len(order) > MOST else block.conditions, MOST, "conditions")
    labels = [wrapped(condition.label, 26, 2) for condition in conditions]
    colours = [look_of(report, condition.method).colour for condition in conditions]
    values = {name: [condition.costs[name] for condition in conditions] for name in known(block)}
    names = [name for name in values if len({value for value in values[name] if value > 0}) > 1] or list(values)
    tall = BAR * sum(1 + 0.45 * text.count("\n") for text in labels)
    figure, panels = sheet(f"{block.name}: costs", [0.7 + tall] * len(names))
    for axes, name in zip(panels, names, strict=True):
        _bars(axes, values[name], colours)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel(f"{COSTS[name]}  ← better")
    remark(figure, note)
    return figure


def _bars(axes: Axes, values: Sequence[float], colours: Sequence[str]) -> None:
    from matplotlib.ticker import FuncFormatter

    lengths = [0.0 if math.isnan(value) else value for value in values]
    words = ["not known" if math.isnan(value) else amount(value) for value in values]
    axes.bar_label(axes.barh(range(len(values)), lengths, 0.7, color=colours), words, padding=2, fontsize=LETTERS - 2)
    axes.set(xlim=(0, 1.16 * (max(lengths) or 1.0)), ylim=(len(values) - 0.5, -0.5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value < 1e4 else amount(value)))
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def axes_of(block: Block, metric: str) -> list[str]:
    """The costs worth a panel beside a metric: known for two conditions at least, and not the same for all."""
    scored = [condition for condition in block.conditions if metric in condition.scores]
    values = {name: {cost for one in scored if not math.isnan(cost := one.costs[name])} for name in BESIDE}
    return [name for name in BESIDE if len(values[name]) > 1]


def pareto(report: Report, block: Block, metric: str) -> Figure:
    """Quality against each cost, means with their intervals; filled marks are on the Pareto front."""
    facts, fronts, names = block.metrics[metric], block.fronts.get(metric, {}), axes_of(block, metric)
    conditions, note = shown(block, metric, [key for keys in fronts.values() for key in keys])
    figure, panels = sheet(f"{block.name}: {facts.name} against cost", [2.0] * len(names), len(conditions))
    styles = looks(report, conditions)
    for axes, name in zip(panels, names, strict=True):
        there = [one for one in conditions if not math.isnan(one.costs[name])]
        points = {one.key: (one.costs[name], one.scores[metric].mean) for one in there}
        scale_x(axes, [cost for cost, _ in points.values()])
        for key, point in points.items():
            _mark(axes, point, styles[key], key in fronts.get(name, ()))
        _staircase(axes, [(cost, mean.value) for cost, mean in points.values()], facts.sign)
        axes.set(xlabel=f"{COSTS[name]}  ← better", ylabel=beside(facts))
        axes.margins(0.08, 0.12)
    for condition in conditions:  # for the legend: every condition, also one that a panel lacks
        style = styles[condition.key]
        panels[0].plot([], [], style.marker, color=style.colour, label=wrapped(condition.label, 58, 2))
    about = "Filled, the Pareto front: nothing that costs no more beats it (95% interval, not adjusted). "
    remark(figure, f"{about}Dotted: best mean so far. {note}", panels[0])
    return figure


def _mark(axes: Axes, point: tuple[float, Estimate], style: Look, leads: bool) -> None:
    cost, mean = point
    fill, order = (style.colour, 3) if leads else ("white", 2)
    mark: dict[str, Any] = {"marker": style.marker, "markerfacecolor": fill, "markersize": 7, "zorder": order}
    axes.errorbar([cost], [mean.value], yerr=arms([mean]), color=style.colour, elinewidth=1, capsize=2, **mark)


def _staircase(axes: Axes, points: Sequence[tuple[float, float]], sign: float) -> None:
    """From the best mean to the next better one, by growing cost."""
    steps: list[tuple[float, float]] = []
    for cost, value in sorted(points, key=lambda point: (point[0], -sign * point[1])):
        if not math.isnan(value) and (not steps or sign * value > sign * steps[-1][1]):
            steps.append((cost, value))
    if len(steps) > 1:
        axes.step(*zip(*steps, strict=True), where="post", color=PALE, linestyle=":", linewidth=1.2, zorder=1)
