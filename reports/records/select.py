"""Runs by what a user types: a key or its beginning, or a condition such as ``method=rddm,sampler.eta=0``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import UserError
from registry import nearest
from reports.records.columns import SEEDS, plain, varying

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 12  # values that an error lists


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


def runs_named(heads: pd.DataFrame, words: str) -> pd.DataFrame:
    """The rows of the runs that ``words`` name. Raises `UserError` where they name none, or several at once."""
    rows = matching(heads, parse_condition(words), "run") if "=" in words else _run(heads, words)
    for _, same in rows.groupby("inputs"):
        runs = same.drop_duplicates("run")
        differing = [name for name in varying(runs) if name not in SEEDS]
        if runs["method"].nunique() > 1:
            differing.insert(0, "method")
        if differing:
            values = ", ".join(sorted({str(value) for value in runs[differing[0]]}))
            raise UserError(f"{words}: names runs that differ in {differing[0]} ({values}); say which one")
    return rows


def _run(heads: pd.DataFrame, words: str) -> pd.DataFrame:
    runs = [run for run in heads["run"].unique() if run.startswith(words)]
    if words in runs:
        runs = [words]
    if not runs:
        raise UserError(f"{words}: no run's key begins so; name a key, or a condition such as method=rddm")
    if len(runs) > 1:
        raise UserError(f"{words}: {len(runs)} runs' keys begin so, {runs[0]} and {runs[1]} for two; write more of it")
    return heads[heads["run"] == runs[0]]


def parse_condition(words: str) -> dict[str, str]:
    """``method=ddim,sampler.eta=0`` as a mapping. Raises `UserError` for a word without ``=``."""
    pairs = {}
    for word in words.split(",") if words.strip() else []:
        name, sign, value = (part.strip() for part in word.partition("="))
        if not sign or not name:
            raise UserError(f"{word.strip()!r}: write it as column=value, such as method=ddim")
        pairs[name] = value
    return pairs


def matching(rows: pd.DataFrame, wanted: Mapping[str, str], what: str) -> pd.DataFrame:
    """The rows that have the values wanted, by column. Raises `UserError` where no row, a ``what``, has them."""
    for name, value in wanted.items():
        if name not in rows.columns:
            raise UserError(
                f"{name}={value}: no such option among the records; {nearest(name, map(str, rows.columns))}"
            )
        cells = [plain(cell) for cell in rows[name]]
        rows = rows[[_equal(cell, value) for cell in cells]]
        if rows.empty:
            there = ", ".join(sorted({"null" if cell is None else str(cell) for cell in cells})[:SHOWN])
            raise UserError(f"{name}={value}: no {what} has that; there are: {there}")
    return rows


def _equal(value: Any, text: str) -> bool:
    """Whether an option's value is the one that was written: 0.5 for 0.50, none for null, true for True."""
    if value is None:
        return text.lower() in ("", "null", "none")
    try:
        return float(value) == float(text)
    except (TypeError, ValueError):
        return str(value).lower() == text.lower()
