"""How the trainings went: every step's loss, pale, and its running mean."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.store.entries import Store, read_npz
from harness.store.sealed import Damaged
from reports.analysis.model import Block
from reports.plots.style import Axes, Figure, look, remark, sheet, wrapped
from reports.records.load import load
from reports.wording.wording import plain

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
    asked: dict[str, tuple[str, str]] = {}
    tries: Counter[str] = Counter()
    for condition in block.conditions:
        several = len(condition.runs) == len(condition.seeds) > 1
        for place, run in enumerate(condition.runs):
            tries[condition.method] += 1
            if tries[condition.method] <= TRIES and len(asked) < PANELS * TRIES:
                label = f"{condition.label}, seed {condition.seeds[place]}" if several else condition.label
                asked[run] = (condition.method, label)
    trainings = load(root, runs=list(asked)).drop_duplicates("run").set_index("run")["training"].fillna("")
    found: dict[str, list[Curve]] = {}
    seen = {""}
    for run, (method, label) in asked.items():
        key = str(trainings.get(run, ""))
        full = len(found.get(method, ())) == LINES or (method not in found and len(found) == PANELS)
        losses = {} if full or key in seen else _losses(root, key)
        seen.add(key)
        if losses:
            found.setdefault(method, []).append(Curve(label, losses))
    return found


def _losses(root: Path, key: str) -> dict[str, np.ndarray]:
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

    figure, panels = sheet(f"{block.name}: training", [2.1 + 0.17 * min(LINES, len(lines)) for lines in found.values()])
    for axes, (method, lines) in zip(panels, found.items(), strict=True):
        _panel(axes, lines)
        axes.set_title(plain(method))
        axes.set_ylabel("loss\n↓ better")
        below = axes.transAxes + ScaledTranslation(0, -KEY, figure.dpi_scale_trans)
        axes.legend(loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, fontsize=8.5, borderaxespad=0)
    remark(figure, "Pale: every step. Line: mean of 5% of the steps around. Losses of two methods don't compare.")
    return figure


def _panel(axes: Axes, lines: Sequence[Curve]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    found = [(curve, name, values) for curve in lines for name, values in curve.losses.items()]
    for number, (curve, name, values) in enumerate(found):
        style, (steps, means) = look(number), _thinned(values)
        words = curve.label if len(curve.losses) == 1 else f"{curve.label}: {name}"
        axes.plot(steps, means, color=style.colour, alpha=0.25, linewidth=1)
        axes.plot(steps, _smooth(means), color=style.colour, linestyle=style.line, label=wrapped(words, 56, 2))
    every = np.concatenate([values for _, _, values in found])
    if np.nanmin(every) > 0 and np.nanmax(every) > 10 * np.nanmin(every):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("training step")


def _thinned(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most `POINTS` points: means over runs of the steps that had this loss (NaN: a critic's turn, say)."""
    steps = np.flatnonzero(np.isfinite(values))
    runs = np.arange(len(steps)) // math.ceil(len(steps) / POINTS)
    means = pd.DataFrame({"step": steps + 1.0, "loss": values[steps]}).groupby(runs).mean()
    return means["step"].to_numpy(), means["loss"].to_numpy()


def _smooth(values: np.ndarray) -> np.ndarray:
    """The running mean over `SPAN` of the points around, over fewer at the ends."""
    reach = max(1, round(SPAN * len(values) / 2))
    return pd.Series(values).rolling(2 * reach + 1, center=True, min_periods=1).mean().to_numpy()
