"""Two factors varied together: a map of the means, brighter for better; what was not run is hatched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reports.analysis.model import Block, Estimate, Interaction
from reports.plots.common import heading
from reports.plots.style import INK, WIDTH, better, label, remark, sheet, wrapped
from reports.wording.numbers import decimals
from reports.wording.wording import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12  # rows, and columns
CELL = 0.42  # inches of height


def draw(block: Block, interaction: Interaction) -> Figure:
    """The heat map of one interaction with its figures written in; cividis, which every eye can order."""
    import numpy as np

    facts = block.metrics[interaction.metric]
    values = np.array(interaction.values, float)[:MOST, :MOST]
    rows, columns = interaction.row_values[:MOST], interaction.column_values[:MOST]
    figure, (axes,) = sheet([0.85 + CELL * len(rows)], width=max(WIDTH, 2.2 + 0.62 * len(columns)))
    heading(figure, f"{block.name}: {interaction.rows} by {interaction.columns}")
    _map(axes, values, "cividis" if facts.higher_is_better else "cividis_r", f"{label(facts)}  {better(facts, 'y')}")
    axes.set_xticks(np.arange(len(columns)) + 0.5, _ticks(columns), rotation=0 if len(columns) <= 6 else 45)
    axes.set_yticks(np.arange(len(rows)) + 0.5, _ticks(rows), rotation=0)
    axes.set(xlabel=plain(interaction.columns), ylabel=plain(interaction.rows))
    axes.grid(visible=False)
    notes = [f"Within {plain(interaction.within)}." if interaction.within else ""]
    notes.append("Hatched: not run." if np.isnan(values).any() else "")
    if values.shape != (len(interaction.row_values), len(interaction.column_values)):
        notes.append(f"The first {values.shape[0]} by {values.shape[1]} values.")
    remark(figure, " ".join(filter(None, notes)))
    return figure


def _map(axes: Axes, values: Any, colours: str, told: str) -> None:
    import numpy as np
    import seaborn
    from matplotlib.patches import Rectangle

    missing = np.isnan(values)
    digits = decimals(Estimate(value, math.nan, math.nan) for value in values[~missing].tolist())
    letters = {"fontsize": 9 if values.shape[1] <= 8 else 7.5}
    bar = {"label": told, "shrink": 0.9}
    axes.set_facecolor("white")
    if missing.all():
        axes.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0))
    else:
        seaborn.heatmap(
            values, mask=missing, annot=True, fmt=f".{digits}f", cmap=colours, ax=axes, annot_kws=letters, cbar_kws=bar
        )
    for row, column in np.argwhere(missing):
        axes.add_patch(Rectangle((column, row), 1, 1, fill=False, hatch="////", edgecolor="#AAAAAA", linewidth=0))
    axes.spines[:].set(visible=True, color=INK)


def _ticks(values: Sequence[Any]) -> list[str]:
    return [wrapped(plain(value), 12, 2) for value in values]
