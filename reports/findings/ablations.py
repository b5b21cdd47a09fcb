"""One factor varied with all others equal, and two varied together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from reports.findings.comparisons import estimates
from reports.findings.gathered import Figures
from reports.findings.layout import Group
from reports.html.numbers import worded
from reports.model import Ablation, Estimate, Interaction, Level
from reports.stats.spread import Spread

METHOD = "method"
MOST = 40  # levels: an axis with more was sampled rather than swept
Context = tuple[tuple[str, Any], ...]  # what is equal: (option, value) pairs


@dataclass(frozen=True)
class Design:
    """Conditions that differ in ``axes`` alone, over all contexts that have the same levels: by level one condition a
    context. ``within`` is what the design was restricted to."""

    axes: tuple[str, ...]
    within: str
    contexts: int
    levels: dict[tuple[Any, ...], list[int]]


def designs(groups: Sequence[Group], count: int) -> Iterator[Design]:
    """The designs of ``count`` axes: each option within each method, and the methods where their options agree."""
    methods = dict.fromkeys(group.method for group in groups)
    for method in methods:
        members = [place for place, group in enumerate(groups) if group.method == method]
        for axes in combinations(_axes(groups, members), count):
            design = _design(groups, members, axes, f"{METHOD}={method}")
            if design is not None:
                yield design
    everyone = range(len(groups))
    if len(methods) > 1:
        for rest in combinations(_axes(groups, everyone), count - 1):
            design = _design(groups, everyone, (METHOD, *rest), "")
            if design is not None:
                yield design


def ablation(figures: Figures, design: Design, metric: str) -> Ablation | None:
    """The means at each level over the contexts, and the paired differences to the first level that has figures."""
    scored = np.isfinite(estimates(figures, [figures.seeds.own(k) for k in _members(design)], None, 0).mean)
    if not scored.all():
        return None
    blended = figures.seeds.blends(list(design.levels.values()))
    means = estimates(figures, blended, None)
    gaps = estimates(figures, blended[1:], [blended[0]] * (len(blended) - 1))
    levels = [
        Level(value[0], estimate(means, place), estimate(gaps, place - 1) if place else None)
        for place, value in enumerate(design.levels)
    ]
    return Ablation(design.axes[0], metric, design.within, design.contexts, tuple(levels))


def interaction(means: np.ndarray, design: Design, metric: str) -> Interaction | None:
    """The means over the contexts at each pair of levels; ``means`` by condition."""
    rows, columns = (_ordered(level[side] for level in design.levels) for side in (0, 1))
    if min(len(rows), len(columns)) < 2:
        return None
    cells = {level: float(np.mean(means[members])) for level, members in design.levels.items()}
    values = tuple(tuple(cells.get((row, column), math.nan) for column in columns) for row in rows)
    return Interaction(design.axes[0], design.axes[1], metric, design.within, rows, columns, values)


def estimate(found: Spread, place: int) -> Estimate:
    """One of many, as the model has it."""
    return Estimate(float(found.mean[place]), float(found.low[place]), float(found.high[place]))


def _ordered(values: Iterable[Any]) -> tuple[Any, ...]:
    """Numbers by size, anything else as it comes."""
    found = tuple(dict.fromkeys(values))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
    return tuple(sorted(found)) if numbers else found


def _members(design: Design) -> list[int]:
    return [place for members in design.levels.values() for place in members]


def _axes(groups: Sequence[Group], members: Iterable[int]) -> list[str]:
    """The options that have 2 to 40 values among these conditions."""
    values: dict[str, dict[Any, None]] = {}
    for place in members:
        for name, value in groups[place].options.items():
            values.setdefault(name, {})[value] = None
    return [name for name, found in values.items() if 2 <= len(found) <= MOST]


def _design(groups: Sequence[Group], members: Iterable[int], axes: tuple[str, ...], within: str) -> Design | None:
    """The contexts that have the most levels, with exactly the same ones; None where none has two."""
    contexts: dict[Context, dict[tuple[Any, ...], int]] = {}
    for place in members:
        whole = {METHOD: groups[place].method, **groups[place].options}
        if all(axis in whole for axis in axes):
            rest = tuple((name, value) for name, value in whole.items() if name not in axes)
            contexts.setdefault(rest, {})[tuple(whole[axis] for axis in axes)] = place
    if not contexts:
        return None
    fullest = max(contexts.values(), key=len)
    kept = {context: levels for context, levels in contexts.items() if levels.keys() == fullest.keys()}
    if len(fullest) < 2:
        return None
    return Design(
        axes, _said(within, kept), len(kept), {level: [one[level] for one in kept.values()] for level in fullest}
    )


def _said(within: str, contexts: Iterable[Context]) -> str:
    """What is held equal: where a single context is left, all of it."""
    held = list(contexts)
    if len(held) > 1:
        return within
    return ", ".join(f"{name}={worded(value)}" for name, value in held[0])
