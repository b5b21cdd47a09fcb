"""Records for comparison: what a run is (one row) apart from its figures (arrays), so that 10,000 runs fit.

`reports.records.load` gives the same as one tidy table. A record says the options of its run in every row; here the
constant columns are taken from the statistics that Parquet keeps of them, and only the others are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.store.recorded import READERS, whole
from reports.records.columns import FIXED, OWN, REQUIRED
from reports.records.load import damaged, twice

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_Read = tuple[dict[str, Any], "pa.Table"]


@dataclass(frozen=True)
class Records:
    """Runs and figures. ``heads`` has a row per run, by key; the arrays have a place per figure (N,): codes of run,
    image, source (-1 for none) and stamp, and values; ``stamps`` are (metric, protocol, unit, higher is better)."""

    heads: pd.DataFrame
    run: np.ndarray
    image: np.ndarray
    images: Sequence[str]
    source: np.ndarray
    sources: Sequence[str]
    stamp: np.ndarray
    stamps: Sequence[tuple[str, str, str, bool]]
    value: np.ndarray
    floor: np.ndarray
    units: np.ndarray
    replicates: Mapping[int, np.ndarray]  # by place, where there are any


def scan(root: Path, runs: Iterable[str] | None = None) -> Records:
    """The records below ``root``, of all runs or of those that have one among ``runs``.

    A record that is not what was written is named in a line and left out. Raises `UserError` for a file that no run
    wrote, or that has two figures for one picture, naming it.
    """
    folder = Path(root) / "records"
    paths = folder.glob("*.parquet") if runs is None else (folder / f"{run}.parquet" for run in set(runs))
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(_read, whole(sorted(path for path in paths if runs is None or path.is_file()))))
    found.sort(key=lambda one: str(one[0]["run"]))
    records = _records(_heads([head for head, _ in found]), [table for _, table in found])
    _check(records, folder)
    return records


def _check(records: Records, folder: Path) -> None:
    """Raises `UserError` where a record has two rows for one picture under one stamp."""
    codes = (records.run.astype(np.int64) * len(records.stamps) + records.stamp) * len(records.images) + records.image
    order = np.argsort(codes, kind="stable")
    double = order[1:][codes[order[1:]] == codes[order[:-1]]]
    if len(double):
        place = int(double.min())
        run, image = records.heads["run"].iloc[int(records.run[place])], records.images[records.image[place]]
        raise twice(folder, run, records.stamps[records.stamp[place]][0], image)


def _read(path: Path) -> _Read:
    """The head of a record and its figures."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            group = file.metadata.row_group(0)
            columns = {_name(path): group.column(place) for place, path in enumerate(_paths(group))}
            missing = [name for name in REQUIRED if name not in columns]
            if missing:
                raise ValueError(f"it has no column {missing[0]}")
            head = _constants(columns, file.metadata)
            table = file.read(columns=[name for name in columns if name not in head], use_threads=False)
        unknown = [name for name in columns if name not in head and name not in OWN]
        head |= {name: table.column(name)[0].as_py() for name in unknown}
        return head, _figures(table)
    except (OSError, ValueError, IndexError, pa.ArrowException) as error:
        raise damaged(path, error) from error


def _paths(group: pq.RowGroupMetaData) -> list[str]:
    return [group.column(place).path_in_schema for place in range(group.num_columns)]


def _name(path: str) -> str:
    """The column of a path in the file: a list has its elements below it."""
    return path.partition(".")[0] if path.startswith("replicates.") else path


def _constants(columns: Mapping[str, pq.ColumnChunkMetaData], file: pq.FileMetaData) -> dict[str, Any]:
    """The columns that Parquet's statistics say to be constant, with their values."""
    head: dict[str, Any] = {}
    for name, column in columns.items() if file.num_row_groups == 1 else ():
        facts = None if name in OWN else column.statistics
        if facts is not None and facts.null_count == file.num_rows:
            head[name] = None
        elif facts is not None and facts.null_count == 0 and facts.has_min_max and facts.min == facts.max:
            head[name] = facts.max
    return head


def _figures(table: pa.Table) -> pa.Table:
    """The rows in the types that all records share; missing columns are null."""
    import pyarrow as pa

    columns = []
    kinds = {"value": pa.float64(), "higher_is_better": pa.bool_(), "floor": pa.float64()}
    kinds["units"] = pa.float64()
    kinds["replicates"] = pa.list_(pa.float64())
    for name in OWN:
        kind = kinds.get(name, pa.string())
        column = table.column(name) if name in table.column_names else pa.nulls(len(table), kind)
        columns.append(column if column.type == kind else column.cast(kind))
    return pa.table(columns, names=list(OWN))


def _heads(heads: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    fixed = [name for name in FIXED if name not in (*OWN, "sweep")]
    names = dict.fromkeys([*fixed, *(name for head in heads for name in head)])
    columns = {name: _column(name, [head.get(name) for head in heads]) for name in names}
    return pd.DataFrame(columns)


def _column(name: str, values: list[Any]) -> pd.Series:
    """A column in its fixed type, or in the one that holds every value: text, where some are text."""
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    missing = values.count(None)
    if FIXED.get(name) == "float64" or (float in kinds and kinds <= {int, float}):
        return pd.Series(np.array([np.nan if value is None else value for value in values], np.float64))
    if kinds == {int} and (name in FIXED or missing < len(values)):
        return pd.Series(values, dtype="Int64")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    return pd.Series([None if value is None else _text(value) for value in values], dtype="string")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _records(heads: pd.DataFrame, tables: Sequence[pa.Table]) -> Records:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pa.concat_tables(tables) if tables else _figures(pa.table({}))
    image = pc.fill_null(whole["image"], "").combine_chunks().dictionary_encode()
    source = pc.if_else(pc.equal(whole["source"], ""), None, whole["source"]).combine_chunks().dictionary_encode()
    stamp, stamps = _stamps(whole)
    replicates = whole["replicates"].combine_chunks()
    places = np.flatnonzero(replicates.is_valid().to_numpy(zero_copy_only=False))
    return Records(
        heads,
        np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables]),
        image.indices.to_numpy(),
        image.dictionary.to_pylist(),
        source.indices.fill_null(-1).to_numpy(),
        source.dictionary.to_pylist(),
        stamp,
        stamps,
        _floats(whole["value"]),
        _floats(whole["floor"]),
        _floats(whole["units"]),
        {int(place): np.asarray(replicates[place].as_py(), np.float64) for place in places},
    )


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    return np.array(column.to_numpy(), np.float64)


def _stamps(whole: pa.Table) -> tuple[np.ndarray, list[tuple[str, str, str, bool]]]:
    """Codes (N,) of the stamps, and the stamps: metric, protocol and direction tell them apart, the unit is that of a
    stamp's first row."""
    import pyarrow.compute as pc

    metric, protocol = (whole[name].combine_chunks().dictionary_encode() for name in ("metric", "protocol"))
    names, protocols = metric.dictionary.to_pylist(), [*protocol.dictionary.to_pylist(), ""]
    if not len(whole):
        return np.zeros(0, np.int32), []
    higher = pc.fill_null(whole["higher_is_better"], False).combine_chunks().to_numpy(zero_copy_only=False)
    codes = 2 * (_indices(metric) * len(protocols) + _indices(protocol)) + higher
    kept, first, stamp = np.unique(codes, return_index=True, return_inverse=True)
    units = whole["unit"].take(first).to_pylist()
    told = [
        (names[code // 2 // len(protocols)], protocols[code // 2 % len(protocols)], unit or "", bool(code % 2))
        for code, unit in zip(kept, units, strict=True)
    ]
    return stamp.reshape(-1), told


def _indices(column: pa.DictionaryArray) -> np.ndarray:
    """Codes (N,) as whole numbers; a missing text has the code after the last."""
    return column.indices.fill_null(len(column.dictionary)).to_numpy().astype(np.int64)
