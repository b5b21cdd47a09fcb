"""One factor varied: the mean at each of its values, with its interval; a panel for each metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reports.analysis.model import Ablation, Block, Report
from reports.plots.common import arms, heading, is_number, same_units, scale_x
from reports.plots.style import Look, better, label, look, remark, sheet, wrapped
from reports.wording.wording import counted, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 4  # metrics
GROUPS = 6  # lines in a panel
SHORT = 8  # letters of a value up to which many stand side by side
APART = 0.035  # of the axis, between two groups at the same value, so that intervals don't cover each other


def draw(report: Report, block: Block, axis: str) -> Figure:
    """The ablation of one axis: its values on x, ordered where they are numbers, a line for each group held equal."""
    found = [ablation for ablation in block.ablations if ablation.axis == axis and ablation.metric in block.metrics]
    names = list(dict.fromkeys(ablation.metric for ablation in found))
    facts, note = same_units([block.metrics[name] for name in names], PANELS)
    groups = list(dict.fromkeys(ablation.within for ablation in found))
    styles = _styles(report, groups[:GROUPS])
    if len(groups) > GROUPS:
        note = f"{note} {GROUPS} of {len(groups)} groups; the tables have all.".strip()
    figure, panels = sheet([2.1] * len(facts), 0 if groups == [""] else len(styles))
    heading(figure, f"{block.name}: {axis}")
    for axes, metric in zip(panels, facts, strict=True):
        parts = [part for part in found if part.metric == metric.name and part.within in styles]
        _panel(axes, parts, styles)
        axes.set_ylabel(f"{wrapped(label(metric), 22, 2)}\n{better(metric, 'y')}")
        axes.tick_params(labelbottom=axes is panels[-1])
    panels[-1].set_xlabel(wrapped(axis, 48, 2))
    intervals = any(math.isfinite(level.mean.low) for part in found for level in part.levels)
    told = f"Means with 95% intervals over {counted(facts)}." if intervals else "Means; there are no intervals."
    remark(figure, f"{told} {note}".strip(), panels[0] if groups != [""] else None)
    return figure


def _styles(report: Report, groups: Sequence[str]) -> dict[str, Look]:
    """A group that is a method looks as that method does elsewhere."""
    methods = list(dict.fromkeys(report.methods))
    owners = [next((m for m in methods if f"method={m}" in group.replace(",", " ").split()), None) for group in groups]
    if None in owners or len(set(owners)) < len(owners):
        return {group: look(number) for number, group in enumerate(groups)}
    return {group: look(methods.index(str(owner))) for group, owner in zip(groups, owners, strict=True)}


def _panel(axes: Axes, parts: Sequence[Ablation], styles: dict[str, Look]) -> None:
    values = list(dict.fromkeys(level.value for part in parts for level in part.levels))
    numbers = all(is_number(value) for value in values)
    if numbers:
        values.sort()
        places = {value: float(value) for value in values}
        scale_x(axes, list(places.values()))
    else:
        places = {value: float(number) for number, value in enumerate(values)}
    for number, part in enumerate(parts):
        style = styles[part.within]
        levels = sorted(part.levels, key=lambda level: places[level.value])
        shift = _dodge(axes, number - (len(parts) - 1) / 2, list(places.values()))
        axes.errorbar(
            [shift(places[level.value]) for level in levels],
            [level.mean.value for level in levels],
            yerr=arms(level.mean for level in levels),
            color=style.colour,
            marker=style.marker,
            linestyle=style.line if numbers else "none",
            capsize=3,
            label=wrapped(part.within or "all", 60, 2),
        )
    axes.set_xticks(list(places.values()), [_tick(value, len(values)) for value in values])
    axes.minorticks_off()
    axes.margins(x=0.12)


def _tick(value: Any, count: int) -> str:
    return wrapped(plain(value), 14 if count <= 4 else SHORT, 3)


def _dodge(axes: Axes, steps: float, places: Sequence[float]) -> Any:
    """How a place moves on the axis by some steps; on a logarithmic one it is multiplied."""
    if axes.get_xscale() == "log":
        ratio = (max(places) / min(places)) ** (APART * steps)
        return lambda place: place * ratio
    if axes.get_xscale() == "symlog":
        return lambda place: place * 10 ** (APART * steps)
    width = (max(places) - min(places)) or 1.0
    return lambda place: place + APART * steps * width
