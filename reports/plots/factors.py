"""Ablations, one factor varied, as lines with intervals; interactions, two factors, as maps brighter for better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from reports.analysis.model import Ablation, Block, Estimate, Interaction, Report
from reports.plots.common import arms, first, look_of, scale_x
from reports.plots.style import INK, WIDTH, Axes, Figure, Look, beside, better, look, remark, sheet, wrapped
from reports.wording.numbers import decimals
from reports.wording.wording import counted, named, plain

PANELS = 4  # metrics of an ablation
GROUPS = 6  # lines in a panel
SHORT = 8  # letters of a value up to which many stand side by side
APART = 0.035  # of the axis, between two groups at the same value, so that intervals don't cover each other
MOST = 12  # rows of a map, and columns
CELL = 0.42  # inches of height


def ablation(report: Report, block: Block, axis: str) -> Figure:
    """The ablation of one axis: its values on x, ordered where they are numbers, a line for each group held equal."""
    found = [part for part in block.ablations if part.axis == axis]
    names = list(dict.fromkeys(part.metric for part in found))
    facts, note = first([block.metrics[name] for name in names], PANELS, "metrics")
    groups = list(dict.fromkeys(part.within for part in found))
    styles = _styles(report, groups[:GROUPS])
    if len(groups) > GROUPS:
        note = f"{note} {GROUPS} of {len(groups)} groups; the tables have all.".strip()
    keyed = groups != [""]
    figure, panels = sheet(f"{block.name}: {axis}", [2.1] * len(facts), len(styles) if keyed else 0)
    for axes, metric in zip(panels, facts, strict=True):
        _lines(axes, [part for part in found if part.metric == metric.name and part.within in styles], styles)
        axes.set_ylabel(beside(metric))
        axes.tick_params(labelbottom=axes is panels[-1])
    panels[-1].set_xlabel(wrapped(axis, 48, 2))
    intervals = any(math.isfinite(level.mean.low) for part in found for level in part.levels)
    about = f"Means with 95% intervals over {counted(facts)}." if intervals else "Means; there are no intervals."
    remark(figure, f"{about} {note}".strip(), panels[0] if keyed else None)
    return figure


def _styles(report: Report, groups: Sequence[str]) -> dict[str, Look]:
    """A group that is a method looks as that method does elsewhere."""
    words = [group.replace(",", " ").split() for group in groups]
    owners = [next((method for method in report.methods if f"method={method}" in group), None) for group in words]
    if None in owners or len(set(owners)) < len(owners):
        return {group: look(number) for number, group in enumerate(groups)}
    return {group: look_of(report, str(owner)) for group, owner in zip(groups, owners, strict=True)}


def _lines(axes: Axes, parts: Sequence[Ablation], styles: dict[str, Look]) -> None:
    values = list(dict.fromkeys(level.value for part in parts for level in part.levels))
    real = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in values]
    numbers = all(real) and all(map(math.isfinite, values))
    values = sorted(values) if numbers else values
    places = {value: float(value if numbers else number) for number, value in enumerate(values)}
    if numbers:
        scale_x(axes, list(places.values()))
    for number, part in enumerate(parts):
        style = styles[part.within]
        levels = sorted(part.levels, key=lambda level: places[level.value])
        axes.errorbar(
            _beside(axes, [places[level.value] for level in levels], number - (len(parts) - 1) / 2),
            [level.mean.value for level in levels],
            yerr=arms(level.mean for level in levels),
            color=style.colour,
            marker=style.marker,
            linestyle=style.line if numbers else "none",
            capsize=3,
            label=wrapped(part.within or "all", 60, 2),
        )
    width = 14 if len(values) <= 4 else SHORT
    axes.set_xticks(list(places.values()), [wrapped(plain(value), width, 3) for value in values])
    axes.minorticks_off()
    axes.margins(x=0.12)


def _beside(axes: Axes, places: Sequence[float], steps: float) -> list[float]:
    """Places moved on their axis by some steps; on a logarithmic one they are multiplied."""
    low, high = min(places), max(places)
    if axes.get_xscale() == "linear":
        return [place + APART * steps * ((high - low) or 1.0) for place in places]
    ratio = high / low if axes.get_xscale() == "log" else 10.0
    return [place * ratio ** (APART * steps) for place in places]


def interaction(block: Block, part: Interaction) -> Figure:
    """The map of one interaction with its figures written in; what was not run is hatched."""
    facts = block.metrics[part.metric]
    values = np.array(part.values, float)[:MOST, :MOST]
    rows, columns = part.row_values[:MOST], part.column_values[:MOST]
    width = max(WIDTH, 2.2 + 0.62 * len(columns))
    figure, (axes,) = sheet(f"{block.name}: {part.rows} by {part.columns}", [0.85 + CELL * len(rows)], width=width)
    _map(axes, values, facts.higher_is_better, f"{named(facts)}  {better(facts, 'y')}")
    ticks = [[wrapped(plain(value), 12, 2) for value in side] for side in (columns, rows)]
    axes.set_xticks(np.arange(len(columns)) + 0.5, ticks[0], rotation=0 if len(columns) <= 6 else 45)
    axes.set_yticks(np.arange(len(rows)) + 0.5, ticks[1], rotation=0)
    axes.set(xlabel=plain(part.columns), ylabel=plain(part.rows))
    axes.grid(visible=False)
    notes = [f"Within {plain(part.within)}."] if part.within else []
    notes += ["Hatched: not run."] if np.isnan(values).any() else []
    if values.shape != (len(part.row_values), len(part.column_values)):
        notes.append(f"The first {values.shape[0]} by {values.shape[1]} values.")
    remark(figure, " ".join(notes))
    return figure


def _map(axes: Axes, values: np.ndarray, up: bool, label: str) -> None:
    """A heat map in cividis, which every eye can order."""
    import seaborn
    from matplotlib.patches import Rectangle

    missing = np.isnan(values)
    digits = decimals(Estimate(value, math.nan, math.nan) for value in values[~missing].tolist())
    axes.set_facecolor("white")
    axes.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0))
    if not missing.all():
        letters, bar = {"fontsize": 9 if values.shape[1] <= 8 else 7.5}, {"label": label, "shrink": 0.9}
        looks: dict[str, Any] = {"cmap": "cividis" if up else "cividis_r", "annot_kws": letters, "cbar_kws": bar}
        seaborn.heatmap(values, mask=missing, annot=True, fmt=f".{digits}f", ax=axes, **looks)
    for row, column in np.argwhere(missing):
        axes.add_patch(Rectangle((column, row), 1, 1, fill=False, hatch="////", edgecolor="#AAAAAA", linewidth=0))
    axes.spines[:].set(visible=True, color=INK)
