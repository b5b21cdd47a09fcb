"""Records from the disk: what a run is (a row) apart from its figures (arrays), so that 10,000 runs fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from errors import UserError
from harness.store.recorded import READERS, arrow_types, path_of, read, whole
from reports.records.columns import HEAD, REQUIRED

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

KINDS: Mapping[str, tuple[type, ...]] = {"string": (str,), "int64": (int,), "float64": (int, float)}
Stamp = tuple[str, str, str, bool]  # metric, protocol, unit, whether higher is better


@dataclass(frozen=True)
class Records:
    """Runs and figures. ``heads`` has a row per run, by key; the arrays have a place per figure (N,): codes of run,
    image, source (-1 for none) and stamp, and values; ``replicates`` are by place, where there are any."""

    heads: pd.DataFrame
    run: np.ndarray
    image: np.ndarray
    images: Sequence[str]
    source: np.ndarray
    sources: Sequence[str]
    stamp: np.ndarray
    stamps: Sequence[Stamp]
    value: np.ndarray
    floor: np.ndarray
    units: np.ndarray
    replicates: Mapping[int, np.ndarray]


def scan(root: Path, runs: Iterable[str] | None = None) -> Records:
    """The records below ``root``, of all runs or of those that have one among ``runs``.

    A record that is not what was written is named in a line and left out. Raises `UserError` for a file that no run
    wrote, or that has two figures for one picture, naming it.
    """
    paths = (root / "records").glob("*.parquet") if runs is None else (path_of(root, run) for run in set(runs))
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(_read, whole(sorted(path for path in paths if runs is None or path.is_file()))))
    found.sort(key=lambda one: str(one[0]["run"]))
    records = _records([head for head, _ in found], [table for _, table in found])
    _check(records, root)
    return records


def _read(path: Path) -> tuple[dict[str, Any], pa.Table]:
    """The head of a record, and its figures in the types that all records share."""
    import pyarrow as pa

    try:
        head, table = read(path)
        missing = [name for name in REQUIRED if name not in head and name not in table.column_names]
        if missing:
            raise ValueError(f"it has no column {missing[0]}")
        wrong = [name for name, kind in HEAD.items() if not isinstance(head.get(name), (*KINDS[kind], type(None)))]
        if wrong or not len(table):
            raise ValueError(f"{head[wrong[0]]!r} is no {wrong[0]}" if wrong else "it has no rows")
        return head, _typed(table)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UserError:
    """The one line about a file that can't be read."""
    reason = str(error).partition("\n")[0]
    return UserError(f"{path}: is damaged or of another kind ({reason}); delete it and run again")


def _typed(table: pa.Table) -> pa.Table:
    """The figures, texts as codes of a dictionary; missing columns are null."""
    import pyarrow as pa

    columns = {}
    for name, kind in arrow_types().items():
        coded = pa.dictionary(pa.int32(), kind) if kind == pa.string() else kind
        columns[name] = table.column(name) if name in table.column_names else pa.nulls(len(table), kind)
        if columns[name].type != coded:
            columns[name] = columns[name].cast(kind).cast(coded)
    return pa.table(columns)


def _check(records: Records, root: Path) -> None:
    """Raises `UserError` where a record has two rows for one picture under one stamp."""
    codes = (records.run.astype(np.int64) * len(records.stamps) + records.stamp) * len(records.images) + records.image
    order = np.argsort(codes, kind="stable")
    double = order[1:][codes[order[1:]] == codes[order[:-1]]]
    if len(double):
        place = int(double.min())
        run, image = records.heads["run"].iloc[int(records.run[place])], records.images[records.image[place]]
        what = f"picture {image}" if image else "the set"
        error = ValueError(f"it has two figures of {records.stamps[records.stamp[place]][0]} for {what}")
        raise _damaged(path_of(root, run), error)


def _records(heads: Sequence[Mapping[str, Any]], tables: Sequence[pa.Table]) -> Records:
    import pandas as pd
    import pyarrow as pa

    names = dict.fromkeys([*(name for name in HEAD if name != "sweep"), *(name for head in heads for name in head)])
    table = pa.concat_tables(tables or [_typed(pa.table({}))]).unify_dictionaries().combine_chunks()
    image, images = _coded(table, "image")
    source, sources = _coded(table, "source")
    stamp, stamps = _stamps(table)
    lists = table["replicates"].combine_chunks()
    places = np.flatnonzero(lists.is_valid().to_numpy(zero_copy_only=False))
    return Records(
        heads=pd.DataFrame({name: _column(name, [head.get(name) for head in heads]) for name in names}),
        run=np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables]),
        image=image,
        images=images,
        source=np.where(np.array([*sources, ""])[source] == "", -1, source),
        sources=sources,
        stamp=stamp,
        stamps=stamps,
        replicates={int(place): np.asarray(lists[place].as_py(), np.float64) for place in places},
        **{name: np.array(table[name].to_numpy(), np.float64) for name in ("value", "floor", "units")},
    )


def _column(name: str, values: list[Any]) -> pd.Series:
    """A column in its fixed type, or in the one that holds every value: text, where some are text."""
    import pandas as pd

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


def _coded(table: pa.Table, name: str) -> tuple[np.ndarray, list[str]]:
    """Codes (N,), -1 for a missing text, and the texts that they stand for."""
    import pyarrow as pa

    column = table[name].combine_chunks() if len(table) else pa.array([], pa.string()).dictionary_encode()
    return column.indices.fill_null(-1).to_numpy().astype(np.int64), column.dictionary.to_pylist()


def _stamps(table: pa.Table) -> tuple[np.ndarray, list[Stamp]]:
    """Codes (N,) of the stamps, and the stamps: metric, protocol and direction tell them apart, the unit is that of a
    stamp's first row."""
    (metric, metrics), (protocol, protocols), (unit, units) = (
        _coded(table, name) for name in ("metric", "protocol", "unit")
    )
    count = len(protocols) + 1  # with none
    codes = 2 * (metric * count + protocol % count) + table["higher_is_better"].fill_null(False).to_numpy()
    kept, first, stamp = np.unique(codes, return_index=True, return_inverse=True)
    stamps = [
        ([*metrics, ""][code // 2 // count], [*protocols, ""][code // 2 % count], [*units, ""][unit[row]], code % 2 > 0)
        for code, row in zip(kept.tolist(), first, strict=True)
    ]
    return stamp.reshape(-1), stamps
