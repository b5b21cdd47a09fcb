"""Against the baseline: every picture's figure, and the mean difference of every condition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reports.analysis.model import Block, Comparison, Condition, MetricInfo, Report
from reports.plots.common import against, counterpart, look_of, shown
from reports.plots.style import INK, PALE, WIDTH, Axes, Figure, better, head, remark, sheet, wrapped
from reports.tables.scores import share
from reports.wording.wording import named, units

ROW, LINE = 0.17, 0.15  # inches of a row, and of each line of its label
ACROSS = 2  # panels side by side
DOTS = 2000  # pictures drawn in a panel
MARKS = {"better": "o", "worse": "s", "leads": "o", "trails": "s"}
FILLED = ("better", "worse")  # the verdicts that outlast the adjustment


def compared(block: Block, metric: str) -> tuple[list[tuple[Condition, Comparison]], str]:
    """The conditions with their comparisons on a metric, where there is one, and a remark on those left out."""
    conditions, note = shown(block, metric)
    found = [(condition, condition.scores[metric].comparison) for condition in conditions]
    return [(condition, one) for condition, one in found if one is not None and one.verdict != "refused"], note


def forest(report: Report, block: Block, metric: str) -> Figure:
    """The paired difference of each condition to the baseline with its interval; filled where it decides."""
    facts = block.metrics[metric]
    found, note = compared(block, metric)
    conditions = [condition for condition, _ in found]
    labels = [wrapped(condition.label, 26, 3) for condition in conditions]
    heights = np.array([ROW + LINE * (label.count("\n") + 1) for label in labels])
    places, height = np.cumsum(heights) - heights / 2, float(heights.sum())
    figure, (axes,) = sheet(f"{block.name}: against {against(block, conditions, metric)}", [0.9 + height])
    axes.axvline(0, color=INK, linewidth=1)
    for place, (condition, comparison) in zip(places, found, strict=True):
        _difference(axes, place, comparison, look_of(report, condition.method).colour)
    axes.set_yticks(places, labels)
    axes.set_ylim(height + 0.05, -0.05)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"{named(facts, ' difference')}\n{better(facts, 'x')}")
    about = f"Paired differences with 95% intervals over {facts.counted}s; hollow: not after the adjustment."
    remark(figure, f"{about} {note}")
    return figure


def _difference(axes: Axes, place: float, comparison: Comparison, colour: str) -> None:
    estimate = comparison.difference
    if not (math.isnan(estimate.low) or math.isnan(estimate.high)):
        axes.plot([estimate.low, estimate.high], [place, place], "|-", color=colour, linewidth=1.6)
    mark: dict[str, Any] = {"markerfacecolor": colour if comparison.verdict in FILLED else "white", "markersize": 5}
    axes.plot(estimate.value, place, MARKS.get(comparison.verdict, "D"), color=colour, **mark)


def pairs(block: Block, metric: str) -> list[tuple[Condition, str]]:
    """The conditions with a figure of every picture, each with the key of what it is compared with, which has them too;
    none where there are no figures of pictures."""
    if metric not in block.images:
        return []
    columns = block.images[metric].columns
    found = [(condition, counterpart(block, condition, metric)) for condition in shown(block, metric)[0]]
    return [(one, base) for one, base in found if one.key in columns and base in columns.drop(one.key)]


def scatter(report: Report, block: Block, metric: str) -> Figure:
    """Each picture's figure against the baseline's, a panel for each condition, all on the same equal axes."""
    from matplotlib.figure import Figure

    facts, table, found = block.metrics[metric], block.images[metric], pairs(block, metric)
    across = min(ACROSS, len(found))
    down = math.ceil(len(found) / across)
    figure = Figure(figsize=(WIDTH, 1.3 + down * (2.3 if across > 1 else 3.6)), layout="constrained")
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    head(figure, f"{block.name}: picture by picture")
    every = table[[key for one, base in found for key in (base, one.key)]].to_numpy(float)
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.25, 0.75)
    margin = 0.06 * (high - low) or 0.5
    for axes, (condition, base) in zip(panels, found, strict=False):
        axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin), aspect="equal")
        _cloud(axes, table[[base, condition.key]].to_numpy(float), look_of(report, condition.method).colour)
        _wins(axes, table[[base, condition.key]].to_numpy(float), condition.scores[metric].comparison, facts)
        axes.set_title(wrapped(condition.label, 30 if across > 1 else 56, 3), fontsize=9)
    for axes in panels[len(found) :]:
        axes.set_visible(False)
        for place in (1, across):
            panels[len(found) - place].tick_params(labelbottom=True)
    figure.supylabel(f"{named(facts)} of the condition  {better(facts, 'x')}", fontsize=10)
    side, note = "Above" if facts.higher_is_better else "Below", shown(block, metric)[1]
    below = wrapped(f"{named(facts)} of {against(block, [one for one, _ in found], metric)}", 60, 2)
    below += "\n" + wrapped(f"{side} the line the condition is better. {note}", 72, 3)
    figure.supxlabel(below, fontsize=9, color=PALE if note else INK)
    return figure


def _cloud(axes: Axes, figures: np.ndarray, colour: str) -> None:
    import seaborn

    known = figures[np.isfinite(figures).all(1)]
    x, y = known[:: math.ceil(len(known) / DOTS) or 1].T
    axes.axline((0, 0), slope=1, color=INK, linewidth=1, zorder=1)
    seaborn.scatterplot(x=x, y=y, ax=axes, color=colour, s=18, alpha=0.6, legend=False)


def _wins(axes: Axes, figures: np.ndarray, found: Comparison | None, facts: MetricInfo) -> None:
    """The win rate of the table, in the corner off the diagonal with the fewest points."""
    if found is None or found.verdict == "refused":
        return
    low, high = axes.get_xlim()
    x, y = (figures.T - low) / (high - low)
    upper, lower = ((x < 0.6) & (y > 0.75)).sum(), ((x > 0.4) & (y < 0.25)).sum()
    (at, across, down) = ((0.04, 0.96), "left", "top") if upper <= lower else ((0.96, 0.04), "right", "bottom")
    words = f"better on {share(found.win_rate).text} of\n{units(found, facts)}"
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axes.text(*at, words, transform=axes.transAxes, ha=across, va=down, fontsize=8.5, zorder=0.9, bbox=box)
