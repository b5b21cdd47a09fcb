"""What the charts have in common: which conditions are shown, how each looks, how an axis is laid out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from reports.analysis.model import Block, Condition, Estimate, Report
from reports.plots.style import MARKERS, Axes, Look, look
from reports.wording.numbers import amount
from reports.wording.wording import plain

T = TypeVar("T")
MOST = 12  # conditions in a figure
TICKS = 6  # of a logarithmic axis
DECADE = 10.0  # an axis that spans more is logarithmic


def shown(block: Block, metric: str, first: Collection[str] = ()) -> tuple[list[Condition], str]:
    """The conditions that a figure of a metric shows, in the block's order, and a remark on those left out.

    All that have the metric; beyond `MOST` the baseline, those with keys in ``first``, and the best by their means.
    """
    scored = [condition for condition in block.conditions if metric in condition.scores]
    if len(scored) <= MOST:
        return scored, ""

    def rank(condition: Condition) -> tuple[bool, bool, float]:
        value = condition.scores[metric].mean.value
        place = math.inf if math.isnan(value) else -block.metrics[metric].sign * value
        return condition.key != block.baseline, condition.key not in first, place

    kept = {condition.key for condition in sorted(scored, key=rank)[:MOST]}
    leading = "the fronts and the best" if first else "the best"
    note = f"{MOST} of {len(scored)} conditions: the baseline, {leading}; the table has all."
    return [condition for condition in scored if condition.key in kept], note


def counterpart(block: Block, condition: Condition, metric: str) -> str:
    """The key of what a condition is compared with: the block's baseline, or the one of its kind."""
    compared = condition.scores[metric].comparison
    return compared.baseline if compared else block.baseline


def against(block: Block, conditions: Sequence[Condition], metric: str) -> str:
    """What these conditions are compared with, in a word: one label where it is the same for all."""
    keys = {counterpart(block, condition, metric) for condition in conditions}
    labels = [plain(condition.label) for condition in block.conditions if condition.key in keys]
    return labels[0] if len(labels) == 1 else "the baseline of equal options" if labels else "the baseline"


def looks(report: Report, conditions: Sequence[Condition]) -> dict[str, Look]:
    """By key the look of a condition: the method's, with a marker for each condition of the figure."""
    return {
        condition.key: replace(look_of(report, condition.method), marker=MARKERS[place % len(MARKERS)])
        for place, condition in enumerate(conditions)
    }


def look_of(report: Report, method: str) -> Look:
    """Colour and line of a method, the same all over a report."""
    methods = list(dict.fromkeys(report.methods))
    return look(methods.index(method) if method in methods else len(methods))


def arms(estimates: Iterable[Estimate]) -> list[list[float]]:
    """The lengths of error bars, below and above; none where there is no interval."""
    pairs = [(e.value - e.low, e.high - e.value) for e in estimates]
    return [[0.0 if math.isnan(pair[side]) else max(0.0, pair[side]) for pair in pairs] for side in (0, 1)]


def scale_x(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis where the positive values span more than a decade; with zeros it begins at zero."""
    sizes = [value for value in values if value > 0]
    if not sizes or max(sizes) <= DECADE * min(sizes) or min(values) < 0:
        return
    if min(values) == 0:
        axes.set_xscale("symlog", linthresh=min(sizes), linscale=0.4)
        axes.set_xlim(-0.2 * min(sizes), max(sizes) * 1.35)
    else:
        axes.set_xscale("log")
        axes.set_xlim(min(sizes) / 1.35, max(sizes) * 1.35)
    decades = range(math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes))) + 1)
    for leads in ((1, 2, 5), (1, 3), (1,)):  # the round numbers of each decade, fewer where they were many
        ticks = [lead * 10.0**decade for decade in decades for lead in leads]
        ticks = [tick for tick in ticks if min(sizes) <= tick <= max(sizes)]
        if len(ticks) <= TICKS:
            break
    ticks = [0.0, *ticks] if min(values) == 0 else ticks
    axes.set_xticks(ticks, [f"{tick:g}" if tick < 1e4 else amount(tick) for tick in ticks])
    axes.minorticks_off()


def first(things: Sequence[T], most: int, noun: str) -> tuple[Sequence[T], str]:
    """The first ``most`` things, and a remark on those left out."""
    left = len(things) > most
    return things[:most], f"{most} of {len(things)} {noun}; the table has all." if left else ""
