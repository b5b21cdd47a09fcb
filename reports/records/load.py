"""Records from the disk, as one tidy table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from errors import UserError
from harness.store.listed import read_points
from harness.store.recorded import READERS, whole
from reports.records.columns import FIXED, REQUIRED, arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def load(results_dir: str | Path, runs: Sequence[str] | None = None, sweep: str | None = None) -> pd.DataFrame:
    """The records below ``results_dir``: one row per (run, image, metric), and one per run that no metric applies to.

    ``runs`` keeps those keys. ``sweep``, the name of a folder in RESULTS/sweeps, keeps the runs of that sweep and
    fills the column ``sweep``. A run without a record (failed, or not yet done) has no rows. The columns are
    `columns.FIXED` and the options of all the runs, missing values NA; without records there are no rows.
    A record that is not what was written is named in a line and left out. Raises `UserError` for one that was not
    written by a run or has two figures of a picture, and for a sweep that is not there, naming the file.
    """
    root = Path(results_dir)
    wanted = None if runs is None else set(runs)
    if sweep is not None:
        members = _runs_of(root / "sweeps" / sweep / "points.json")
        wanted = members if wanted is None else wanted & members
    paths = sorted((root / "records").glob("*.parquet"))
    paths = whole(path for path in paths if wanted is None or path.stem in wanted)
    with ThreadPoolExecutor(READERS) as pool:
        tables = list(pool.map(_read, paths))
    frame = _frame(_alike(paths, tables), sweep or "")
    double = frame[frame.duplicated(["run", "metric", "protocol", "image"])]
    if len(double):
        raise twice(root / "records", *double.iloc[0][["run", "metric", "image"]])
    return frame


def _runs_of(path: Path) -> set[str]:
    if not path.exists():
        known = sorted(file.parent.name for file in path.parent.parent.glob("*/points.json"))
        there = f"there are: {', '.join(known)}" if known else "there are none yet"
        raise UserError(f"sweep {path.parent.name!r}: no such sweep in {path.parent.parent}; {there}")
    return {point["run"] for point in read_points(path.parent)}


def damaged(path: Path, error: Exception) -> UserError:
    """The one line about a file that can't be read."""
    reason = str(error).partition("\n")[0]
    return UserError(f"{path}: is damaged or of another kind ({reason}); delete it and run again")


def twice(folder: Path, run: str, metric: str, image: str) -> UserError:
    """The one line about a record that has two figures where there is one."""
    of = f"picture {image}" if image else "the set"
    return damaged(folder / f"{run}.parquet", ValueError(f"it has two figures of {metric} for {of}"))


def _read(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            table = file.read(use_threads=False).replace_schema_metadata(None)
        missing = [name for name in REQUIRED if name not in table.column_names]
        if missing:
            raise ValueError(f"it has no column {missing[0]}")
    except (OSError, ValueError, pa.ArrowException) as error:
        raise damaged(path, error) from error
    return table


def _alike(paths: Iterable[Path], tables: Iterable[pa.Table]) -> list[pa.Table]:
    """The tables joined where their columns are the same: a sweep has thousands of files and few kinds of them."""
    import pyarrow as pa

    kinds: dict[pa.Schema, list[pa.Table]] = {}
    first: dict[pa.Schema, Path] = {}
    for path, table in zip(paths, tables, strict=True):
        kinds.setdefault(table.schema, []).append(table)
        first.setdefault(table.schema, path)
    joined = []
    for schema, parts in kinds.items():
        try:
            joined.append(pa.concat_tables(parts).cast(pa.schema([_typed(column) for column in schema])))
        except (ValueError, pa.ArrowException) as error:
            raise damaged(first[schema], error) from error
    return joined


def _typed(column: pa.Field) -> pa.Field:
    """The column as it is read: a fixed one in its type, and one kind of text for all texts."""
    import pyarrow as pa

    if column.name in FIXED:
        return pa.field(column.name, arrow(FIXED[column.name]))
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
    return pa.field(column.name, pa.string()) if any(test(column.type) for test in texts) else column


def _frame(tables: Sequence[pa.Table], sweep: str) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    empty = pa.schema([(name, arrow(kind)) for name, kind in FIXED.items()]).empty_table()
    clashing = _clashing(tables)
    plain = [table.cast(pa.schema([_told(column, clashing) for column in table.schema])) for table in tables]
    whole = pa.concat_tables([empty, *plain], promote_options="permissive")
    kinds = {pa.string(): pd.StringDtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame = whole.to_pandas(types_mapper=kinds.get)
    frame["sweep"] = pd.Series(sweep, index=frame.index, dtype="string")
    return frame.sort_values("run", kind="stable", ignore_index=True)


def _clashing(tables: Iterable[pa.Table]) -> set[str]:
    """Options that are text in one run and a number or a truth value in another: they become text in all."""
    import pyarrow as pa

    seen: dict[str, set[str]] = {}
    for table in tables:
        for column in table.schema:
            number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
            seen.setdefault(column.name, set()).add("number" if number else str(column.type))
    return {name for name, kinds in seen.items() if len(kinds - {"null"}) > 1}


def _told(column: pa.Field, clashing: set[str]) -> pa.Field:
    import pyarrow as pa

    return pa.field(column.name, pa.string()) if column.name in clashing else column
