"""A block of the report: its conditions with scores and costs, ablations, interactions and verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from errors import UserError
from reports.analysis.ablations import AblationDesign, ablation, designs, interaction
from reports.analysis.baselines import baselines
from reports.analysis.cells import Seeds
from reports.analysis.gathered import figures
from reports.analysis.layout import ConditionGroup, Layout
from reports.analysis.leads import lead
from reports.analysis.measured import Measured, fronts, measured, table
from reports.analysis.model import Ablation, Block, Condition, Interaction
from reports.analysis.verdicts import against, alone, verdict
from reports.records.scan import Records

COSTS = ("nfe", "seconds_per_image", "gflops_per_image", "parameters", "peak_memory_mb", "train_seconds")


@dataclass(frozen=True)
class Asked:
    """What a block is made for: the runs asked for, the baseline's columns, a command by run."""

    runs: Collection[str]
    baseline: Mapping[str, str]
    commands: Mapping[str, str]


def block(records: Records, layout: Layout, asked: Asked) -> Block:
    """Everything that is told of a block. Raises `UserError` for a metric under two protocols, and for a baseline
    that is not there."""
    to = baselines(layout, asked.runs, asked.baseline)
    base = next(place for place, other in enumerate(to) if place == other)
    seeds, costs = Seeds(layout), _costs(layout)
    found = [
        measured(figures(records, layout, seeds, code), layout, records.stamps[code], to, costs)
        for code in stamps(records, layout.places)
    ]
    conditions = _conditions(layout, found, costs, asked.commands)
    place = layout.heads.iloc[0]
    return Block(
        name=layout.name,
        dataset=str(place["dataset"]),
        task=str(place["task"]),
        inputs=layout.inputs,
        baseline=layout.groups[base].key,
        metrics={one.facts.name: one.facts for one in found},
        conditions=conditions,
        verdicts=_verdicts(found, layout, conditions, conditions[base]),
        ablations=_ablations(found, list(designs(layout.groups, 1))),
        interactions=_interactions(found, list(designs(layout.groups, 2))),
        images={one.facts.name: table(one, layout) for one in found if one.facts.kind == "image"},
        fronts={one.facts.name: fronts(one, layout, costs) for one in found},
    )


def stamps(records: Records, runs: np.ndarray) -> list[int]:
    """The stamps of runs, by place, one by metric. Raises `UserError` where a metric has two."""
    mine = np.zeros(len(records.heads), bool)
    mine[runs] = True
    codes = [int(code) for code in np.unique(records.stamp[mine[records.run]]) if records.stamps[code][0]]
    seen: dict[str, str] = {}
    for code in codes:
        metric, protocol = records.stamps[code][:2]
        if seen.get(metric) == protocol:
            raise UserError(
                f"metric {metric}: of {protocol} some runs say that higher is better and some that lower is"
            )
        if metric in seen:
            both = f"{seen[metric]} and {protocol}"
            raise UserError(f"metric {metric}: the runs have two protocols, {both}; score them anew or tell them apart")
        seen[metric] = protocol
    return codes


def _costs(layout: Layout) -> dict[str, np.ndarray]:
    """Means over the runs of each condition (C,), of those that know it."""
    place = np.empty(len(layout.heads), np.int64)
    for number, group in enumerate(layout.groups):
        place[list(group.runs)] = number
    found = {}
    for name in COSTS:
        values = layout.heads[name].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        known = np.isfinite(values)
        total = np.bincount(place[known], values[known], len(layout.groups))
        with np.errstate(invalid="ignore"):
            found[name] = total / np.bincount(place[known], minlength=len(layout.groups))
    return found


def _conditions(
    layout: Layout, found: Sequence[Measured], costs: Mapping[str, np.ndarray], commands: Mapping[str, str]
) -> tuple[Condition, ...]:
    runs, seeds = layout.heads["run"].tolist(), layout.heads["seed"].fillna(0).astype(int).tolist()

    def condition(place: int, group: ConditionGroup) -> Condition:
        mine = tuple(runs[run] for run in group.runs)
        return Condition(
            key=group.key,
            label=group.label,
            method=group.method,
            options=group.options,
            runs=mine,
            seeds=tuple(sorted({seeds[run] for run in group.runs})),
            scores={one.facts.name: one.scores[place] for one in found if place in one.scores},
            costs={name: float(values[place]) for name, values in costs.items()},
            command=next((commands[run] for run in mine if commands.get(run)), ""),
        )

    return tuple(condition(place, group) for place, group in enumerate(layout.groups))


def _verdicts(
    found: Sequence[Measured], layout: Layout, conditions: Sequence[Condition], base: Condition
) -> tuple[str, ...]:
    """Who wins on each metric, then how many differ from the baseline."""
    winners, others = [], []
    for one in found:
        ahead = lead(one, layout)
        winners.append(alone(one.facts, conditions) if ahead is None else verdict(one.facts, conditions, ahead))
        others.append(against(one.facts, conditions, base))
    return tuple(said for said in [*winners, *others] if said) or (
        "No metric was measured: there is nothing to compare.",
    )


def _ablations(found: Sequence[Measured], made: Sequence[AblationDesign]) -> tuple[Ablation, ...]:
    told = [ablation(one.figures, design, one.facts.name) for design in made for one in found]
    return tuple(one for one in told if one is not None)


def _interactions(found: Sequence[Measured], made: Sequence[AblationDesign]) -> tuple[Interaction, ...]:
    told = [interaction(one.figures, design, one.facts.name) for design in made for one in found]
    return tuple(one for one in told if one is not None)
