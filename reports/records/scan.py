"""Records from the disk: what a run is (a row of heads) apart from its figures (a narrow table), so that 10,000 fit."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from errors import UserError
from harness.progress import say_once
from harness.store.recorded import READERS, arrow_types, check, path_of, read
from harness.store.sealed import Damaged
from reports.records.columns import HEAD, REQUIRED

KINDS: Mapping[str, tuple[type, ...]] = {"string": (str,), "int64": (int,), "float64": (int, float)}
Stamp = tuple[str, str, str, bool]  # metric, protocol, unit, whether higher is better


@dataclass(frozen=True)
class Records:
    """Runs and figures. ``heads`` has a row per run, by key; ``figures`` a row per figure: the columns of a record
    (texts as categories), the ``place`` of its run in ``heads`` and the number of its ``stamp`` in ``stamps``."""

    heads: pd.DataFrame
    figures: pd.DataFrame
    stamps: Sequence[Stamp]


def scan(root: Path, runs: Iterable[str] | None = None) -> Records:
    """The records below ``root``, of all runs or of those that have one among ``runs``.

    A record that is not what was written is named in a line and left out. Raises `UserError` for a file that no run
    wrote, or that has two figures for one picture, naming it.
    """
    paths = (root / "records").glob("*.parquet") if runs is None else (path_of(root, run) for run in set(runs))
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(_read, sorted(path for path in paths if runs is None or path.is_file())))
    for damage in found:
        if isinstance(damage, Damaged):
            say_once(f"left out, for it is damaged: {damage}; run its sweep again")
    whole = sorted((one for one in found if not isinstance(one, Damaged)), key=lambda one: str(one[0]["run"]))
    records = _records([head for head, _ in whole], [table for _, table in whole])
    double = records.figures[["place", "stamp", "image"]].duplicated()
    if double.any():
        figure = records.figures[double].iloc[0]
        what = f"picture {figure['image']}" if figure["image"] else "the set"
        error = ValueError(f"it has two figures of {figure['metric']} for {what}")
        raise _damaged(path_of(root, records.heads["run"].iloc[figure["place"]]), error)
    return records


def _read(path: Path) -> tuple[dict[str, Any], pa.Table] | Damaged:
    """The head of a record, and its figures in the types that all records share."""
    try:
        check(path)
        head, table = read(path)
        missing = [name for name in REQUIRED if name not in head and name not in table.column_names]
        if missing:
            raise ValueError(f"it has no column {missing[0]}")
        wrong = [name for name, kind in HEAD.items() if not isinstance(head.get(name), (*KINDS[kind], type(None)))]
        if wrong or not len(table):
            raise ValueError(f"{head[wrong[0]]!r} is no {wrong[0]}" if wrong else "it has no rows")
        return head, _typed(table)
    except Damaged as damage:
        return damage
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UserError:
    """The one line about a file that can't be read."""
    reason = str(error).partition("\n")[0]
    return UserError(f"{path}: is damaged or of another kind ({reason}); delete it and run again")


def _typed(table: pa.Table) -> pa.Table:
    """The figures, texts as codes of a dictionary; missing columns are null."""
    columns = {}
    for name, kind in arrow_types().items():
        coded = pa.dictionary(pa.int32(), kind) if kind == pa.string() else kind
        column = table.column(name) if name in table.column_names else pa.nulls(len(table), kind)
        columns[name] = column if column.type == coded else column.cast(kind).cast(coded)
    return pa.table(columns)


def _records(heads: Sequence[Mapping[str, Any]], tables: Sequence[pa.Table]) -> Records:
    names = dict.fromkeys([*(name for name in HEAD if name != "sweep"), *(name for head in heads for name in head)])
    figures = pa.concat_tables(tables or [_typed(pa.table({}))]).unify_dictionaries().to_pandas()
    for name in ("image", "source", "metric", "protocol", "unit"):
        column = figures[name].cat.set_categories(list(dict.fromkeys([*figures[name].cat.categories, ""])))
        figures[name] = column.fillna("")
    figures["higher_is_better"] = figures["higher_is_better"].eq(True)  # nor where it is missing
    figures["place"] = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    by = figures.groupby(["metric", "protocol", "higher_is_better"], observed=True)
    figures["stamp"] = by.ngroup()
    stamps = by["unit"].first().reset_index()[["metric", "protocol", "unit", "higher_is_better"]]
    columns = {name: _column(name, [head.get(name) for head in heads]) for name in names}
    return Records(pd.DataFrame(columns), figures, list(stamps.itertuples(index=False, name=None)))


def _column(name: str, values: list[Any]) -> pd.Series:
    """A column in its fixed type, or in the one that holds every value: text, where some are text."""
    kinds = {type(value) for value in values if value is not None}
    if HEAD.get(name) == "float64" or (float in kinds and kinds <= {int, float}):
        return pd.Series(np.array([np.nan if value is None else value for value in values], np.float64))
    if HEAD.get(name) == "int64" or kinds == {int}:
        return pd.Series(values, dtype="Int64")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    return pd.Series([None if value is None else _text(value) for value in values], dtype="string")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
