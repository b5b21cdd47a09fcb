"""Against the baseline: every picture's figure, and the mean difference of every condition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports.analysis.model import Block, Comparison, Condition, MetricInfo, Report
from reports.plots.common import against, colour_of, counterpart, heading, shown
from reports.plots.style import INK, PALE, WIDTH, better, label, remark, sheet, wrapped
from reports.wording.numbers import share
from reports.wording.wording import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 2  # panels side by side
DOTS = 2000  # pictures drawn in a panel
MARKS = {"better": "o", "worse": "s", "leads": "o", "trails": "s"}
FILLED = ("better", "worse")  # the verdicts that outlast the adjustment


def compared(block: Block, metric: str) -> tuple[list[Condition], str]:
    """The conditions with a comparison on a metric, and a remark on those left out."""
    conditions, note = shown(block, metric)
    found = [(condition, condition.scores[metric].comparison) for condition in conditions]
    return [condition for condition, one in found if one is not None and one.verdict != "refused"], note


def forest(report: Report, block: Block, metric: str) -> Figure:
    """The paired difference of each condition to the baseline with its interval; filled where it decides."""
    facts = block.metrics[metric]
    conditions, note = compared(block, metric)
    labels = [wrapped(condition.label, 26, 3) for condition in conditions]
    places, height = _rows(labels)
    figure, (axes,) = sheet([0.9 + height])
    heading(figure, f"{block.name}: against {against(block, conditions, metric)}")
    axes.axvline(0, color=INK, linewidth=1)
    for place, condition in zip(places, conditions, strict=True):
        comparison = condition.scores[metric].comparison
        if comparison is not None:
            _difference(axes, place, comparison, colour_of(report, condition.method))
    axes.set_yticks(places, labels)
    axes.set_ylim(height + 0.05, -0.05)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"{label(facts, ' difference')}\n{better(facts, 'x')}")
    told = f"Paired differences with 95% intervals over {facts.counted}s; hollow: not after the adjustment."
    remark(figure, f"{told} {note}")
    return figure


def _rows(labels: list[str]) -> tuple[list[float], float]:
    """Where the rows stand, in inches from the top, each as tall as its label, and how tall they are together."""
    places, top = [], 0.0
    for text in labels:
        tall = 0.17 + 0.15 * (text.count("\n") + 1)
        places.append(top + tall / 2)
        top += tall
    return places, top


def _difference(axes: Axes, place: float, comparison: Any, colour: str) -> None:
    estimate = comparison.difference
    if not (math.isnan(estimate.low) or math.isnan(estimate.high)):
        axes.plot([estimate.low, estimate.high], [place, place], "|-", color=colour, linewidth=1.6)
    filled = colour if comparison.verdict in FILLED else "white"
    mark: dict[str, Any] = {"color": colour, "markerfacecolor": filled, "markersize": 5}
    axes.plot(estimate.value, place, MARKS.get(comparison.verdict, "D"), **mark)


def has_images(block: Block, metric: str) -> bool:
    """Whether there is a figure of every picture for the baseline and for another condition."""
    return metric in block.images and bool(_others(block, metric))


def _others(block: Block, metric: str) -> list[Condition]:
    conditions, _ = shown(block, metric)
    columns = block.images[metric].columns
    return [
        condition
        for condition in conditions
        if condition.key in columns and counterpart(block, condition, metric) in columns.drop(condition.key)
    ]


def scatter(report: Report, block: Block, metric: str) -> Figure:
    """Each picture's figure against the baseline's, a panel for each condition, all on the same equal axes."""
    import numpy as np
    from matplotlib.figure import Figure

    facts, table = block.metrics[metric], block.images[metric]
    conditions = _others(block, metric)
    across = min(ACROSS, len(conditions))
    down = math.ceil(len(conditions) / across)
    figure = Figure(figsize=(WIDTH, 1.3 + down * (2.3 if across > 1 else 3.6)), layout="constrained")
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    heading(figure, f"{block.name}: picture by picture")
    bases = [counterpart(block, condition, metric) for condition in conditions]
    limits = _limits(table[[*bases, *(condition.key for condition in conditions)]].to_numpy(float))
    for axes, condition, base in zip(panels, conditions, bases, strict=False):
        pairs = table[[base, condition.key]].to_numpy(float)
        pairs = pairs[np.isfinite(pairs).all(1)]
        _cloud(axes, pairs, colour_of(report, condition.method))
        axes.set(xlim=limits, ylim=limits, aspect="equal")
        _wins(axes, pairs, condition.scores[metric].comparison, facts)
        axes.set_title(wrapped(condition.label, 30 if across > 1 else 56, 3), fontsize=9)
    for axes in panels[len(conditions) :]:
        axes.set_visible(False)
        panels[len(conditions) - 1].tick_params(labelbottom=True)
        panels[len(conditions) - across].tick_params(labelbottom=True)
    figure.supylabel(f"{label(facts)} of the condition  {better(facts, 'x')}", fontsize=10)
    side = "Above" if facts.higher_is_better else "Below"
    note = shown(block, metric)[1]
    foot = f"{label(facts)} of {against(block, conditions, metric)}"
    figure.supxlabel(
        f"{wrapped(foot, 60, 2)}\n{wrapped(f'{side} the line the condition is better. {note}', 72, 3)}",
        fontsize=9,
        color=PALE if note else INK,
    )
    return figure


def _limits(values: Any) -> tuple[float, float]:
    import numpy as np

    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _cloud(axes: Axes, pairs: Any, colour: str) -> None:
    import seaborn

    step = math.ceil(len(pairs) / DOTS) or 1
    axes.axline((0, 0), slope=1, color=INK, linewidth=1, zorder=1)
    seaborn.scatterplot(x=pairs[::step, 0], y=pairs[::step, 1], ax=axes, color=colour, s=18, alpha=0.6, legend=False)


def _wins(axes: Axes, pairs: Any, found: Comparison | None, facts: MetricInfo) -> None:
    """The win rate of the table, in the corner off the diagonal with the fewest points."""
    if found is None or found.verdict == "refused":
        return
    low, high = axes.get_xlim()
    x, y = (pairs.T - low) / (high - low)
    upper, lower = ((x < 0.6) & (y > 0.75)).sum(), ((x > 0.4) & (y < 0.25)).sum()
    (at, across, down) = ((0.04, 0.96), "left", "top") if upper <= lower else ((0.96, 0.04), "right", "bottom")
    told = f"better on {share(found.win_rate.value)} of\n{units(found, facts)}"
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axes.text(*at, told, transform=axes.transAxes, ha=across, va=down, fontsize=8.5, zorder=0.9, bbox=box)
