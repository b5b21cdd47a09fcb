"""How the trainings went: every step's loss, pale, and its running mean."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.store.entries import Store, read_npz
from harness.store.sealed import Damaged
from reports.analysis.model import Block, Condition
from reports.plots.common import heading
from reports.plots.style import look, remark, sheet, wrapped
from reports.wording.wording import plain

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 6  # methods
LINES = 6  # trainings in a panel
POINTS = 600  # of a line; longer curves are averaged in runs of steps
TRIES = 48  # runs of a method that are asked for their training: very many may share one
SPAN = 0.05  # of a training: the reach of the running mean
KEY = 0.45  # inches from the axis to the key below it
NAME = "curve.npz"


@dataclass(frozen=True)
class Curve:
    """The losses of one training by name; ``label`` says whose."""

    label: str
    losses: Mapping[str, np.ndarray]


def curves(block: Block, root: Path) -> dict[str, list[Curve]]:
    """The curves of a block's trainings by method, at most `PANELS` methods with `LINES` each; those that are lost,
    or were never kept, are left out."""
    found: dict[str, list[Curve]] = {}
    seen: set[str] = set()
    tries: Counter[str] = Counter()
    for condition in block.conditions:
        method = condition.method
        for run, seed in zip(condition.runs, _seeds(condition), strict=True):
            full = len(found.get(method, ())) == LINES or (method not in found and len(found) == PANELS)
            tries[method] += 1
            key = "" if full or tries[method] > TRIES else _training(root, run)
            losses = _losses(root, key) if key and key not in seen else {}
            seen.add(key)
            if losses:
                found.setdefault(method, []).append(Curve(f"{condition.label}{seed}", losses))
    return found


def _seeds(condition: Condition) -> list[str]:
    """What tells the runs of a condition apart, where there is more than one."""
    if len(condition.runs) == 1 or len(condition.seeds) != len(condition.runs):
        return [""] * len(condition.runs)
    return [f", seed {seed}" for seed in condition.seeds]


def _training(root: Path, run: str) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(root / "records" / f"{run}.parquet") as file:
            return str(next(file.iter_batches(1, columns=["training"])).column(0)[0].as_py() or "")
    except (OSError, KeyError, IndexError, StopIteration, pa.ArrowException):
        return ""  # the tables told of a record that is damaged


def _losses(root: Path, key: str) -> dict[str, np.ndarray]:
    import numpy as np

    try:
        arrays = read_npz(Store(root).entry("trainings", key), NAME)
    except (Damaged, ValueError):
        return {}
    return {
        name.removeprefix("curve."): values
        for name, values in arrays.items()
        if values.ndim == 1 and np.isfinite(values).any()
    }


def draw(block: Block, found: Mapping[str, Sequence[Curve]]) -> Figure:
    """A panel for each method: losses of different methods are different quantities and share no axis."""
    from matplotlib.transforms import ScaledTranslation

    figure, panels = sheet([2.1 + 0.17 * min(LINES, len(lines)) for lines in found.values()])
    heading(figure, f"{block.name}: training")
    for axes, (method, lines) in zip(panels, found.items(), strict=True):
        _panel(axes, lines)
        axes.set_title(plain(method))
        axes.set_ylabel("loss\n↓ better")
        below = axes.transAxes + ScaledTranslation(0, -KEY, figure.dpi_scale_trans)
        axes.legend(loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, fontsize=8.5, borderaxespad=0)
    remark(figure, "Pale: every step. Line: mean of 5% of the steps around. Losses of two methods don't compare.")
    return figure


def _panel(axes: Axes, lines: Sequence[Curve]) -> None:
    import numpy as np
    import seaborn
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    number = 0
    for curve in lines:
        for name, values in curve.losses.items():
            style = look(number)
            number += 1
            steps, means = _thinned(values)
            words = curve.label if len(curve.losses) == 1 else f"{curve.label}: {name}"
            axes.plot(steps, means, color=style.colour, alpha=0.25, linewidth=1)
            smooth = {"color": style.colour, "linestyle": style.line, "label": wrapped(words, 56, 2)}
            seaborn.lineplot(x=steps, y=_smooth(means), ax=axes, errorbar=None, legend=False, **smooth)
    every = np.concatenate([values for curve in lines for values in curve.losses.values()])
    if np.nanmin(every) > 0 and np.nanmax(every) > 10 * np.nanmin(every):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("training step")


def _thinned(values: Any) -> tuple[Any, Any]:
    """At most `POINTS` points: means over runs of the steps that had this loss (NaN: a critic's turn, say)."""
    import numpy as np

    steps = np.flatnonzero(np.isfinite(values))
    run = math.ceil(len(steps) / POINTS)
    starts = np.arange(0, len(steps), run)
    lengths = np.diff([*starts, len(steps)])
    return np.add.reduceat(steps + 1, starts) / lengths, np.add.reduceat(values[steps], starts) / lengths


def _smooth(values: Any) -> Any:
    """The running mean over `SPAN` of the points to each side, over fewer at the ends."""
    import numpy as np

    reach = max(1, round(SPAN * len(values) / 2))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    here = np.arange(len(values))
    low, high = np.maximum(here - reach, 0), np.minimum(here + reach + 1, len(values))
    return (sums[high] - sums[low]) / (high - low)
