"""One factor varied with all others equal, and two varied together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from reports.analysis.cells import Pair, Rows
from reports.analysis.comparisons import differences, means
from reports.analysis.decision import estimate
from reports.analysis.gathered import Figures
from reports.analysis.layout import ConditionGroup
from reports.analysis.model import Ablation, Estimate, FactorLevel, Interaction
from reports.statistics.spread import patterns
from reports.wording.numbers import worded

METHOD = "method"
APART = "no training seed in common, so that there are no paired differences"
MOST = 40  # levels: an axis with more was sampled rather than swept
Context = tuple[tuple[str, Any], ...]  # what is equal: (option, value) pairs


@dataclass(frozen=True)
class AblationDesign:
    """Conditions that differ in ``axes`` alone, over all contexts that have the same levels: by level one condition a
    context. ``within`` is what the design was restricted to."""

    axes: tuple[str, ...]
    within: str
    contexts: int
    levels: dict[tuple[Any, ...], list[int]]


def designs(groups: Sequence[ConditionGroup], count: int) -> Iterator[AblationDesign]:
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


def ablation(figures: Figures, design: AblationDesign, metric: str) -> Ablation | None:
    """The means at each level over the contexts, and the paired differences to the first level that has figures, all
    over the trainings and pictures that every level has.

    Without a training seed that all have there are means alone: their differences would pass over what trainings add.
    """
    levels = list(design.levels.values())
    if np.isnan(means(figures, [figures.seeds.own(k) for k in _members(design)], 0).mean).any():
        return None
    kept, blended = _shared(figures, figures.seeds.blends(levels))
    own = means(kept, blended)
    if figures.seeds.common(levels) == []:
        values = [
            FactorLevel(value[0], Estimate(float(own.mean[k]), math.nan, math.nan), None)
            for k, value in enumerate(design.levels)
        ]
        return Ablation(design.axes[0], metric, design.within, design.contexts, tuple(values), APART)
    gaps = differences(kept, [Pair("paired", rows, blended[0]) for rows in blended[1:]])
    told = [
        FactorLevel(value[0], estimate(own, place), estimate(gaps, place - 1) if place else None)
        for place, value in enumerate(design.levels)
    ]
    return Ablation(design.axes[0], metric, design.within, design.contexts, tuple(told))


def _shared(figures: Figures, rows: Sequence[Rows]) -> tuple[Figures, list[Rows]]:
    """The figures of the pictures that all have at the trainings used; and these trainings' rows."""
    cells = figures.cells(np.array(rows))
    joint = np.where(np.isnan(cells).any(0), np.nan, np.where(np.isinf(cells).any(0), np.inf, 0.0))
    for one in patterns((joint[None],)):
        if not one.columns.all() and one.columns.any():
            figures = figures.only(one.columns)
        return figures, [tuple(np.array(row)[one.rows[0]].tolist()) for row in rows]
    return figures, list(rows)


def interaction(figures: Figures, design: AblationDesign, metric: str) -> Interaction | None:
    """The means over the contexts at each pair of levels that has figures, all over the trainings and pictures that
    these have in common. Without a training seed that all have there are none: they would compare trainings too."""
    rows, columns = (_ordered(level[side] for level in design.levels) for side in (0, 1))
    if min(len(rows), len(columns)) < 2:
        return None
    own = means(figures, [figures.seeds.own(place) for place in _members(design)], 0).mean
    known = {place for place, mean in zip(_members(design), own, strict=True) if not np.isnan(mean)}
    levels = {level: members for level, members in design.levels.items() if known.issuperset(members)}
    if not levels or figures.seeds.common(list(levels.values())) == []:
        return None
    kept, blended = _shared(figures, figures.seeds.blends(list(levels.values())))
    cells = dict(zip(levels, means(kept, blended, 0).mean.tolist(), strict=True))
    values = tuple(tuple(cells.get((row, column), math.nan) for column in columns) for row in rows)
    return Interaction(design.axes[0], design.axes[1], metric, design.within, rows, columns, values)


def _ordered(values: Iterable[Any]) -> tuple[Any, ...]:
    """Numbers by size, anything else as it comes."""
    found = tuple(dict.fromkeys(values))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
    return tuple(sorted(found)) if numbers else found


def _members(design: AblationDesign) -> list[int]:
    return [place for members in design.levels.values() for place in members]


def _axes(groups: Sequence[ConditionGroup], members: Iterable[int]) -> list[str]:
    """The options that have 2 to 40 values among these conditions."""
    values: dict[str, dict[Any, None]] = {}
    for place in members:
        for name, value in groups[place].options.items():
            values.setdefault(name, {})[value] = None
    return [name for name, found in values.items() if 2 <= len(found) <= MOST]


def _design(
    groups: Sequence[ConditionGroup], members: Iterable[int], axes: tuple[str, ...], within: str
) -> AblationDesign | None:
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
    return AblationDesign(
        axes, _said(within, kept), len(kept), {level: [one[level] for one in kept.values()] for level in fullest}
    )


def _said(within: str, contexts: Iterable[Context]) -> str:
    """What is held equal: where a single context is left, all of it."""
    held = list(contexts)
    if len(held) > 1:
        return within
    return ", ".join(f"{name}={worded(value)}" for name, value in held[0])
