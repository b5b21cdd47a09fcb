"""A block of the report: its conditions with scores and costs, ablations, interactions and verdicts."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from errors import UserError
from reports.analysis.ablations import ablation, designs, interaction
from reports.analysis.figures import figures
from reports.analysis.layout import Layout, baselines
from reports.analysis.model import Block, Condition
from reports.analysis.pairing import Seeds
from reports.analysis.scores import MetricScores, fronts, lead, metric_scores, table
from reports.analysis.verdicts import against, alone, verdict
from reports.records.scan import Records

COSTS = ("nfe", "seconds_per_image", "gflops_per_image", "parameters", "peak_memory_mb", "train_seconds")


def block(
    records: Records, layout: Layout, asked: Collection[str], baseline: Mapping[str, str], commands: Mapping[str, str]
) -> Block:
    """Everything that a report says of a block: for the runs ``asked`` for, the baseline's columns, a command by run.

    Raises `UserError` for a metric under two protocols, and for a baseline that is not there.
    """
    to = baselines(layout, asked, baseline)
    base = next(place for place, other in enumerate(to) if place == other)
    seeds, costs = Seeds(layout), _costs(layout)
    metrics = [
        metric_scores(figures(records, layout, seeds, code), layout, records.stamps[code], to, costs)
        for code in stamps(records, layout.places)
    ]
    conditions = _conditions(layout, metrics, costs, commands)
    first = layout.heads.iloc[0]
    ablations = [ablation(one, design) for design in designs(layout.groups, 1) for one in metrics]
    interactions = [interaction(one, design) for design in designs(layout.groups, 2) for one in metrics]
    return Block(
        name=layout.name,
        dataset=str(first["dataset"]),
        task=str(first["task"]),
        inputs=layout.inputs,
        baseline=layout.groups[base].key,
        metrics={one.facts.name: one.facts for one in metrics},
        conditions=conditions,
        verdicts=_verdicts(metrics, conditions, conditions[base]),
        ablations=tuple(one for one in ablations if one),
        interactions=tuple(one for one in interactions if one),
        images={one.facts.name: table(one) for one in metrics if one.facts.kind == "image"},
        fronts={one.facts.name: fronts(one, costs) for one in metrics},
    )


def stamps(records: Records, runs: np.ndarray) -> list[int]:
    """The stamps of runs, by place, one by metric. Raises `UserError` where a metric has two."""
    mine = np.isin(records.figures["place"], runs)
    codes = [int(code) for code in np.unique(records.figures["stamp"][mine]) if records.stamps[code][0]]
    seen: dict[str, str] = {}
    for metric, protocol, *_ in (records.stamps[code] for code in codes):
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
    means = layout.heads[list(COSTS)].astype("Float64").groupby(place).mean()
    return {name: means[name].to_numpy(np.float64, na_value=np.nan) for name in COSTS}


def _conditions(
    layout: Layout, metrics: Sequence[MetricScores], costs: Mapping[str, np.ndarray], commands: Mapping[str, str]
) -> tuple[Condition, ...]:
    seeds = layout.heads["seed"].fillna(0).astype(int).tolist()
    return tuple(
        Condition(
            key=group.key,
            label=group.label,
            method=group.method,
            options=group.options,
            runs=layout.runs_of(group),
            seeds=tuple(sorted({seeds[run] for run in group.runs})),
            scores={one.facts.name: one.scores[place] for one in metrics if place in one.scores},
            costs={name: float(values[place]) for name, values in costs.items()},
            command=next((commands[run] for run in layout.runs_of(group) if commands.get(run)), ""),
        )
        for place, group in enumerate(layout.groups)
    )


def _verdicts(metrics: Sequence[MetricScores], conditions: Sequence[Condition], base: Condition) -> tuple[str, ...]:
    """Who wins on each metric, then how many differ from the baseline."""
    if not metrics:
        return ("No metric was measured: there is nothing to compare.",)
    leads = [(one.facts, lead(one)) for one in metrics]
    winners = [verdict(facts, conditions, ahead) if ahead else alone(facts, conditions) for facts, ahead in leads]
    return tuple(said for said in [*winners, *(against(one.facts, conditions, base) for one in metrics)] if said)
