"""From the records and points of a sweep to everything that a report says."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from reports.analysis.blocks import block
from reports.analysis.layout import BESIDES, IDENTITY, Layout, layouts
from reports.analysis.model import Block, Failure, Report
from reports.analysis.verdicts import conditional, question, title
from reports.records.columns import FIXED, plain
from reports.records.points import PlannedRun, failures, points_of
from reports.records.scan import Records, Stamp, scan
from reports.records.select import parse_condition
from reports.wording.numbers import worded

LINES = {
    "seed": "training seeds",
    "sampling_seed": "sampling seeds",
    "data_seed": "data seeds",
    "n": "pictures a run",
    "scale": "scale",
    "precision": "precision",
    "hardware.device": "device",
    "hardware.name": "hardware",
    "hardware.threads": "threads",
    "train_threads": "threads of training",
    "code_hash": "code hash",
    "git_commit": "git commit",
}
MOST = 12  # values of a line


def analyse(root: Path, sweep: str | None = None, baseline: Mapping[str, str] | str | None = None) -> Report:
    """The report of a sweep, the name of a folder in ROOT/sweeps, or of all records below ``root``.

    ``baseline`` is a condition by columns, ``{"method": "ddim"}`` or ``"method=ddim"``; in each block it picks the
    condition that has these values. Without one, identity is the baseline where it was asked for, else the first
    condition asked for. Raises `UserError` for a sweep or a baseline that is not there, for a damaged record, and
    for a metric that has two protocols in a block.
    """
    root, wanted = Path(root), parse_condition(baseline) if isinstance(baseline, str) else dict(baseline or {})
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
        provenance=_provenance(heads, records.stamps),
        methods=methods,
        settings=_settings(heads),
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
    conditions = [condition for one in blocks for condition in one.conditions]
    return _by_name((name, worded(value)) for one in conditions for name, value in one.options.items())


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The different values of each name, as they come."""
    found: dict[str, dict[str, None]] = {}
    for name, value in pairs:
        found.setdefault(name, {})[value] = None
    return {name: list(values) for name, values in found.items()}


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


def _provenance(heads: pd.DataFrame, stamps: Iterable[Stamp]) -> list[tuple[str, str]]:
    """Seeds, versions, hardware and code as (what, values); values that differ between runs stand side by side."""
    lines = [(what, _values(heads[name])) for name, what in LINES.items() if name in heads.columns]
    versions: list[tuple[str, str]] = []
    for text in heads["packages"].dropna().unique():
        with suppress(ValueError, TypeError):  # a record of another kind says nothing of packages
            versions += [(str(package), str(version)) for package, version in dict(json.loads(text)).items()]
    lines += [(package, ", ".join(different)) for package, different in sorted(_by_name(versions).items())]
    protocols = _by_name((metric, protocol) for metric, protocol, *_ in stamps if metric)
    lines += [(f"protocol {metric}", "; ".join(different)) for metric, different in protocols.items()]
    return [(what, values) for what, values in lines if values]


def _settings(heads: pd.DataFrame) -> dict[str, Any]:
    """The options that are the same in all runs that have them, by column."""
    options = [name for name in heads.columns if name not in FIXED and ("." in name or name in BESIDES)]
    values = {name: heads[name].dropna().unique() for name in options}
    return {name: plain(known[0]) for name, known in values.items() if len(known) == 1}


def _values(column: pd.Series) -> str:
    values = sorted(column.dropna().unique().tolist())
    texts = [worded(value) for value in values if worded(value)]
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more
