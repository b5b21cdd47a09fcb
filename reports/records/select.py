"""Runs by what a user types: a key or its beginning, or a condition such as ``method=rddm,sampler.eta=0``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from errors import UserError
from registry import nearest
from reports.records.columns import SEEDS, equals, plain, varying

if TYPE_CHECKING:
    import pandas as pd


def located(target: str, results: str) -> tuple[Path, str | None]:
    """The folder of results and the sweep that a word names: RESULTS/sweeps/NAME, RESULTS, or NAME in ``results``.

    A folder of results means all its records. Raises `UserError` where there is neither.
    """
    path = Path(target)
    if (path / "points.json").is_file() and path.absolute().parent.name == "sweeps":
        return path.absolute().parent.parent, path.absolute().name
    if (path / "records").is_dir():
        return path, None
    folder = Path(results) / "sweeps"
    if Path(target).name == target and (folder / target / "points.json").is_file():
        return Path(results), target
    known = [found.parent.name for found in folder.glob("*/points.json")]
    hint = nearest(target, known) if known else "name a folder with records/ in it, or a sweep of --results"
    raise UserError(f"{target}: no folder of results and no sweep in {folder}; {hint}")


def chosen(records: pd.DataFrame, words: str) -> pd.DataFrame:
    """The records of the runs that ``words`` name. Raises `UserError` where they name none, or several at once."""
    rows = _condition(records, words) if "=" in words else _run(records, words)
    for _, same in rows.groupby("inputs"):
        heads = same.drop_duplicates("run")
        differing = [name for name in varying(heads) if name not in SEEDS]
        if heads["method"].nunique() > 1:
            differing.insert(0, "method")
        if differing:
            values = ", ".join(sorted({str(value) for value in heads[differing[0]]}))
            raise UserError(f"{words}: names runs that differ in {differing[0]} ({values}); say which one")
    return rows


def _run(records: pd.DataFrame, words: str) -> pd.DataFrame:
    runs = [run for run in records["run"].unique() if run.startswith(words)]
    if words in runs:
        runs = [words]
    if not runs:
        raise UserError(f"{words}: no run's key begins so; name a key, or a condition such as method=rddm")
    if len(runs) > 1:
        raise UserError(f"{words}: {len(runs)} runs' keys begin so, {runs[0]} and {runs[1]} for two; write more of it")
    return records[records["run"] == runs[0]]


def _condition(records: pd.DataFrame, words: str) -> pd.DataFrame:
    rows = records
    for word in words.split(","):
        name, sign, value = (part.strip() for part in word.partition("="))
        if not sign or name not in records.columns:
            raise UserError(f"{word}: no such option among the records; {nearest(name, map(str, records.columns))}")
        matching = rows[[equals(cell, value) for cell in rows[name]]]
        if matching.empty:
            values = ", ".join(sorted({"null" if plain(cell) is None else str(cell) for cell in rows[name]})[:12])
            raise UserError(f"{word}: no run of {words} has that; there are: {values}")
        rows = matching
    return rows
