"""One factor varied with all others equal, and two varied together."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np

from reports.analysis.decision import estimate
from reports.analysis.differences import differences, means
from reports.analysis.figures import Figures
from reports.analysis.layout import ConditionGroup
from reports.analysis.model import Ablation, Estimate, FactorLevel, Interaction
from reports.analysis.pairing import Pair, Rows
from reports.analysis.scores import MetricScores
from reports.statistics.spread import patterns
from reports.wording.numbers import worded

METHOD = "method"
APART = "no training seed in common, so that there are no paired differences"
MOST = 40  # levels: an axis with more was sampled rather than swept
Values = tuple[Any, ...]  # one by axis
Context = tuple[tuple[str, Any], ...]  # what is equal: (option, value) pairs


@dataclass(frozen=True)
class AblationDesign:
    """Conditions that differ in ``axes`` alone, over all contexts that have the same levels: by level one condition a
    context. ``within`` is what the design was restricted to."""

    axes: tuple[str, ...]
    within: str
    contexts: int
    levels: dict[Values, list[int]]


def designs(groups: Sequence[ConditionGroup], count: int) -> Iterator[AblationDesign]:
    """The designs of ``count`` axes: each option within each method, and the methods where their options agree."""
    methods: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        methods.setdefault(group.method, []).append(place)
    wanted = [
        (members, axes, f"{METHOD}={name}")
        for name, members in methods.items()
        for axes in combinations(_axes(groups, members), count)
    ]
    if len(methods) > 1:
        everyone = list(range(len(groups)))
        wanted += [(everyone, (METHOD, *rest), "") for rest in combinations(_axes(groups, everyone), count - 1)]
    for members, axes, within in wanted:
        design = _design(groups, members, axes, within)
        if design is not None:
            yield design


def _axes(groups: Sequence[ConditionGroup], members: Iterable[int]) -> list[str]:
    """The options that have 2 to 40 values among these conditions."""
    values: dict[str, set[Any]] = {}
    for place in members:
        for name, value in groups[place].options.items():
            values.setdefault(name, set()).add(value)
    return [name for name, different in values.items() if 2 <= len(different) <= MOST]


def _design(
    groups: Sequence[ConditionGroup], members: Iterable[int], axes: tuple[str, ...], within: str
) -> AblationDesign | None:
    """The contexts that have the most levels, with exactly the same ones; None where none has two."""
    contexts: dict[Context, dict[Values, int]] = {}
    for place in members:
        options = {METHOD: groups[place].method, **groups[place].options}
        if all(axis in options for axis in axes):
            rest = tuple((name, value) for name, value in options.items() if name not in axes)
            contexts.setdefault(rest, {})[tuple(options[axis] for axis in axes)] = place
    fullest = max(contexts.values(), key=len, default={})
    if len(fullest) < 2:
        return None
    kept = {context: levels for context, levels in contexts.items() if levels.keys() == fullest.keys()}
    if len(kept) == 1:  # all of what is held equal
        within = ", ".join(f"{name}={worded(value)}" for name, value in next(iter(kept)))
    levels = {level: [one[level] for one in kept.values()] for level in fullest}
    return AblationDesign(axes, within, len(kept), levels)


def ablation(one: MetricScores, design: AblationDesign) -> Ablation | None:
    """The means at each level over the contexts, and the paired differences to the first level that has figures, all
    over the trainings and pictures that every level has.

    Without a training seed that all have there are means alone: their differences would pass over what trainings add.
    """
    figures, levels = one.figures, list(design.levels.values())
    if np.isnan(one.means[list(chain(*levels))]).any():
        return None
    kept, rows = _shared(figures, figures.seeds.blends(levels))
    own, values = means(kept, rows), [value[0] for value in design.levels]
    facts = (design.axes[0], one.facts.name, design.within, design.contexts)
    if figures.seeds.common(levels) == []:
        bare = [Estimate(mean, math.nan, math.nan) for mean in own.mean.tolist()]
        alone = tuple(FactorLevel(value, mean, None) for value, mean in zip(values, bare, strict=True))
        return Ablation(*facts, alone, APART)
    gaps = differences(kept, [Pair("paired", other, rows[0]) for other in rows[1:]])
    factors = (
        FactorLevel(value, estimate(own, k), estimate(gaps, k - 1) if k else None) for k, value in enumerate(values)
    )
    return Ablation(*facts, tuple(factors))


def interaction(one: MetricScores, design: AblationDesign) -> Interaction | None:
    """The means over the contexts at each pair of levels that has figures, all over the trainings and pictures that
    these have in common. Without a training seed that all have there are none: they would compare trainings too."""
    rows, columns = (_ordered(level[side] for level in design.levels) for side in (0, 1))
    if min(len(rows), len(columns)) < 2:
        return None
    levels = {level: members for level, members in design.levels.items() if not np.isnan(one.means[members]).any()}
    seeds, sets = one.figures.seeds, list(levels.values())
    if not levels or seeds.common(sets) == []:
        return None
    kept, blended = _shared(one.figures, seeds.blends(sets))
    cells = dict(zip(levels, means(kept, blended, 0).mean.tolist(), strict=True))
    values = tuple(tuple(cells.get((row, column), math.nan) for column in columns) for row in rows)
    return Interaction(design.axes[0], design.axes[1], one.facts.name, design.within, rows, columns, values)


def _shared(figures: Figures, rows: Sequence[Rows]) -> tuple[Figures, list[Rows]]:
    """The figures of the pictures that all have at the trainings used; and these trainings' rows."""
    cells = figures.cells(np.array(rows))
    joint = np.where(np.isnan(cells).any(0), np.nan, np.where(np.isinf(cells).any(0), np.inf, 0.0))
    for one in patterns((joint[None],)):
        if not one.columns.all() and one.columns.any():
            figures = figures.only(one.columns)
        return figures, [tuple(np.array(row)[one.rows[0]].tolist()) for row in rows]
    return figures, list(rows)


def _ordered(values: Iterable[Any]) -> tuple[Any, ...]:
    """Numbers by size, anything else as it comes."""
    different = tuple(dict.fromkeys(values))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in different)
    return tuple(sorted(different)) if numbers else different
