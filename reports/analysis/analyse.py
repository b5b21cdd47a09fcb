"""From the records and points of a sweep to everything that a report says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.analysis.blocks import block
from reports.analysis.layout import IDENTITY, Layout, layouts
from reports.analysis.model import Block, Failure, Report
from reports.analysis.provenance import provenance, settings
from reports.analysis.verdicts import conditional, question, title
from reports.records.points import PlannedRun, failures, points_of
from reports.records.scan import Records, scan
from reports.records.select import parsed
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
    root, wanted = Path(root), parsed(baseline) if isinstance(baseline, str) else dict(baseline or {})
    points = points_of(root, sweep)
    records = scan(root, None if sweep is None else [point.run for point in points])
    heads, done = records.heads, set(records.heads["run"])
    order = {point.run: place for place, point in reversed(list(enumerate(points))) if point.asked}
    asked = done if sweep is None else set(order)
    blocks = [block(records, one, asked, wanted, _commands(one, points)) for one in layouts(heads, order)]
    lost = [Failure(*one) for one in failures(root, points, done)]
    waiting = len({point.run for point in points if point.asked and point.waiting} - done)
    methods = tuple(dict.fromkeys(condition.method for one in blocks for condition in one.conditions))
    names = [one.name for one in blocks]
    return Report(
        title=title([one for one in methods if one != IDENTITY] or methods, names),
        question=question(methods, names, _axes(blocks)),
        root=root,
        done=len(done & asked),
        asked=len(done & asked) + len(lost) + waiting,
        blocks=tuple(blocks),
        failures=tuple(lost),
        conditional=conditional(_trainings(blocks, heads), _crops(records)),
        provenance=provenance(heads, records.stamps),
        methods=methods,
        settings=settings(heads),
        waiting=waiting,
    )


def _crops(records: Records) -> list[tuple[int, int, bool]]:
    """Test pictures and the photographs that they were cut from, of the runs that say so, and whether they say which
    from which."""
    counts = records.heads[["n", "sources"]].assign(which=False)
    counts.loc[records.figures.loc[records.figures["source"] != "", "place"].unique(), "which"] = True
    rows = counts.dropna().drop_duplicates().itertuples(index=False)
    return [(int(images), int(photographs), bool(which)) for images, photographs, which in rows]


def _commands(layout: Layout, points: Sequence[PlannedRun]) -> dict[str, str]:
    """The command that repeats each run; that of doing nothing is another run's on the same pictures."""
    known = {point.run: point for point in reversed(points) if point.asked}
    commands: dict[str, str] = {}
    rows = list(zip(*(layout.heads[name] for name in ("run", "inputs", "method")), strict=True))
    first = {inputs: known[run] for run, inputs, _ in reversed(rows) if run in known}
    for run, inputs, method in rows:
        if run in known:
            commands[run] = known[run].command
        elif method == IDENTITY and inputs in first:
            commands[run] = first[inputs].identity
    return commands


def _axes(blocks: Sequence[Block]) -> dict[str, list[str]]:
    """The options that vary, each with its values in the order of the conditions."""
    axes: dict[str, dict[str, None]] = {}
    for condition in (condition for one in blocks for condition in one.conditions):
        for name, value in condition.options.items():
            axes.setdefault(name, {})[worded(value)] = None
    return {name: list(values) for name, values in axes.items()}


def _trainings(blocks: Sequence[Block], heads: pd.DataFrame) -> list[tuple[int, int]]:
    """Training seeds and trainings of each comparison with a training, or of the conditions where none was made."""
    trained = heads[heads["training"].fillna("") != ""].set_index("run")["training"]
    counts: list[tuple[int, int]] = []
    for condition in (condition for one in blocks for condition in one.conditions):
        keys = trained.reindex(condition.runs).dropna()
        against = [score.comparison for score in condition.scores.values() if score.comparison]
        if len(keys) and not against:
            counts.append((len(condition.seeds), keys.nunique()))
        elif len(keys):
            tested = [one for one in against if one.verdict != "refused"]
            counts += [(min(one.seeds, one.others or one.seeds), one.trainings) for one in tested]
    return counts
