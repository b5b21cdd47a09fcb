"""From the records and points of a sweep to everything that a report says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reports.analysis.baselines import parsed
from reports.analysis.basis import conditional
from reports.analysis.blocks import Asked, block
from reports.analysis.layout import IDENTITY, Layout, layouts
from reports.analysis.model import Block, Report
from reports.analysis.points import PlannedRun, failures, nothing_at, points_of, waiting
from reports.analysis.provenance import provenance, settings
from reports.analysis.titles import question, titled
from reports.records.scan import Records, scan
from reports.wording.numbers import worded

if TYPE_CHECKING:
    import pandas as pd


def analyse(root: Path, sweep: str | None = None, baseline: Mapping[str, str] | str | None = None) -> Report:
    """The report of a sweep, the name of a folder in ROOT/sweeps, or of all records below ``root``.

    ``baseline`` is a condition by columns, ``{"method": "ddim"}`` or ``"method=ddim"``; in each block it picks the
    condition that has these values. Without one, identity is the baseline where it was asked for, else the first
    condition asked for. Raises `UserError` for a sweep or a baseline that is not there, for a damaged record, and
    for a metric that has two protocols in a block.
    """
    root, wanted = Path(root), parsed(baseline)
    points = points_of(root, sweep)
    records = scan(root, None if sweep is None else [point.run for point in points])
    heads, done = records.heads, set(records.heads["run"])
    order = {point.run: place for place, point in reversed(list(enumerate(points))) if point.asked}
    asked = done if sweep is None else set(order)
    made = layouts(heads, order)
    blocks = [block(records, one, Asked(asked, wanted, _commands(one, points))) for one in made]
    lost, unfinished = failures(root, points, done), waiting(points, done)
    methods = tuple(dict.fromkeys(condition.method for one in blocks for condition in one.conditions))
    names = [one.name for one in blocks]
    return Report(
        title=titled([one for one in methods if one != IDENTITY] or methods, names),
        question=question(methods, names, _axes(blocks)),
        root=root,
        done=len(done & asked),
        asked=len(done & asked) + len(lost) + unfinished,
        blocks=tuple(blocks),
        failures=lost,
        conditional=conditional(_trainings(blocks, heads), _cut(records)),
        provenance=provenance(heads, records.stamps),
        methods=methods,
        settings=settings(heads),
        waiting=unfinished,
    )


def _cut(records: Records) -> list[tuple[int, int, bool]]:
    """Test pictures and the photographs that they were cut from, of the runs that say so, and whether they say which
    from which."""
    told = records.heads[["n", "sources"]].assign(which=False)
    told.loc[np.unique(records.run[records.source >= 0]), "which"] = True
    rows = told.dropna().drop_duplicates().itertuples(index=False)
    return [(int(images), int(photographs), bool(which)) for images, photographs, which in rows]


def _commands(layout: Layout, points: Sequence[PlannedRun]) -> dict[str, str]:
    """The command that repeats each run; that of doing nothing is another run's on the same pictures."""
    known = {point.run: point for point in reversed(points) if point.asked}
    found: dict[str, str] = {}
    first: dict[str, PlannedRun] = {}
    for run, inputs in zip(layout.heads["run"], layout.heads["inputs"], strict=True):
        if run in known:
            found[run] = known[run].command
            first.setdefault(inputs, known[run])
    for run, inputs, method in zip(*(layout.heads[name] for name in ("run", "inputs", "method")), strict=True):
        if run not in found and method == IDENTITY and inputs in first:
            found[run] = nothing_at(first[inputs], run).command
    return found


def _axes(blocks: Sequence[Block]) -> dict[str, list[str]]:
    """The options that vary, each with its values in the order of the conditions."""
    found: dict[str, dict[str, None]] = {}
    for one in blocks:
        for condition in one.conditions:
            for name, value in condition.options.items():
                found.setdefault(name, {})[worded(value)] = None
    return {name: list(values) for name, values in found.items()}


def _trainings(blocks: Sequence[Block], heads: pd.DataFrame) -> list[tuple[int, int]]:
    """Training seeds and trainings of each comparison with a training, or of the conditions where none was made."""
    trained = set(heads.loc[heads["training"].fillna("") != "", "run"])
    found: list[tuple[int, int]] = []
    for one in blocks:
        for condition in one.conditions:
            if not trained.isdisjoint(condition.runs):
                against = [score.comparison for score in condition.scores.values() if score.comparison]
                tested = [met for met in against if met.verdict != "refused"]
                found += [(min(met.seeds, met.others or met.seeds), met.trainings) for met in tested]
                own = heads.loc[heads["run"].isin(condition.runs), "training"].nunique()
                found += [] if against else [(len(condition.seeds), own)]
    return found
