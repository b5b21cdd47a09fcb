"""Two runs, or two conditions, against each other: what differs on each metric, paired by picture and by seed."""

import math
from dataclasses import replace
from pathlib import Path

from errors import UserError
from reports.analysis.blocks import stamps
from reports.analysis.decision import compare_pairs
from reports.analysis.figures import figures
from reports.analysis.layout import ConditionGroup, Layout, layouts
from reports.analysis.model import Comparison, Estimate, MetricInfo
from reports.analysis.pairing import Seeds
from reports.analysis.scores import metric_facts
from reports.records.scan import Records, scan
from reports.records.select import runs_named
from reports.statistics.spread import FEWEST
from reports.tables.scores import comparison_cells, verdict
from reports.tables.table import Cell, Table, columns_of, number
from reports.wording.numbers import NOTHING, decimals
from reports.wording.wording import adjusted, left_out, plain, titled, units

HEADER = ("metric", "A", "B", "A − B", "A wins", "p", "p adjusted", "paired over", "seeds", "A is")


def compare(root: Path, first: str, second: str) -> list[Table]:
    """A table for each data set and task that both have: on every metric the means over what both have, the paired
    difference A − B with its 95% interval, the share of pictures on which A is better, p, and the verdict.

    B is the baseline: p is adjusted over all conditions on the same inputs against B, so that a verdict is that of a
    report of the same records with this baseline. ``first`` and ``second`` are keys of runs, their beginnings, or
    conditions (`reports.records.select`). Raises `UserError` where they name no runs or the same ones, share neither
    inputs nor a metric under one protocol, or where nothing that they share can be compared; what alone
    can't be has a row with the reason.
    """
    records = scan(root)
    sides = [runs_named(records.heads, words) for words in (first, second)]
    named = [set(side["run"]) for side in sides]
    if named[0] & named[1]:
        raise UserError(f"{first} and {second} name the same runs: there is nothing to compare")
    shared = set(sides[0]["inputs"]) & set(sides[1]["inputs"])
    if not shared:
        raise UserError(f"{first} and {second} share no inputs: they restored different pictures and can't be paired")
    found = [
        _table(records, made, ends, (first, second))
        for made in layouts(records.heads, {})
        if (ends := _ends(made, named)) is not None and shared.intersection(made.inputs)
    ]
    reasons = [why for _, whys in found for why in whys]
    if not reasons:
        raise UserError(f"{first} and {second} share no metric under one protocol")
    if all(reasons):
        raise UserError(f"{first} and {second} can't be compared: {reasons[0]}")
    return [table for table, whys in found if whys]


def _ends(layout: Layout, sides: list[set[str]]) -> tuple[ConditionGroup, ConditionGroup] | None:
    """Both sides as conditions of a block, of the runs named alone; None where it lacks one of them."""
    found = []
    for place, named in enumerate(sides):
        groups = [group for group in layout.groups if not named.isdisjoint(layout.runs_of(group))]
        if not groups:
            return None
        mine = tuple(run for group in groups for run in group.runs if layout.runs[run] in named)
        found.append(replace(groups[0], key="AB"[place], runs=mine))
    return found[0], found[1]


def _table(
    records: Records, layout: Layout, ends: tuple[ConditionGroup, ConditionGroup], names: tuple[str, str]
) -> tuple[Table, list[str]]:
    """The metrics that both have, and for each why it was not compared, else nothing; the other conditions are of the
    family, whole."""
    taken = {run for end in ends for run in end.runs}
    others = tuple(group for group in layout.groups if taken.isdisjoint(group.runs))
    whole = _only(layout, (*ends, *others))
    seeds, trained = Seeds(whole), any(end.trained for end in ends)
    rows, reasons, least = [], [], FEWEST
    for code in stamps(records, layout.places[sorted(taken)]):
        one = figures(records, whole, seeds, code)
        facts, pairs = metric_facts(one, records.stamps[code]), [(k, 1) for k in range(len(whole.groups)) if k != 1]
        if against := compare_pairs(one, pairs, facts.sign)[0]:  # A with B, of all conditions' comparisons with B
            rows.append(_row(facts, against))
            reasons.append(against.why)
            least = least if against.why else min(least, against.seeds)
    head = layout.heads.iloc[0]
    caption = f"{plain(head['dataset'])} {plain(head['task'])}: A = {plain(names[0])}, B = {plain(names[1])}"
    caption += "; conditional on these trainings" if trained and least < FEWEST else ""
    return Table("compare", "", "compare", caption, columns_of(HEADER, rows)), reasons


def _only(layout: Layout, groups: tuple[ConditionGroup, ...]) -> Layout:
    """The block with the runs of these conditions alone: one run of a condition is compared without its others."""
    kept = sorted(run for group in groups for run in group.runs)
    place = {run: number for number, run in enumerate(kept)}
    moved = tuple(replace(group, runs=tuple(place[run] for run in group.runs)) for group in groups)
    return Layout(layout.name, layout.heads.iloc[kept].reset_index(drop=True), layout.places[kept], moved)


def _row(facts: MetricInfo, against: Comparison) -> list[Cell]:
    if against.why:
        return [Cell(titled(facts)), *[Cell(NOTHING)] * (len(HEADER) - 2), verdict(against, 0)]
    means = [Estimate(mean, math.nan, math.nan) for mean in against.means]
    digits, fine = decimals(means), decimals([against.difference])
    seeds = f"{against.seeds} and {against.others}" if against.others else f"{against.seeds}{left_out(against)}"
    difference, wins, p, _, word = comparison_cells(against, fine)
    texts = [Cell(text) for text in (adjusted(against), units(against, facts), seeds)]
    return [Cell(titled(facts)), *(number(mean, digits) for mean in against.means), difference, wins, p, *texts, word]
