"""Records on the disk: a Parquet file, and beside it a note with its sha256, which whoever reads the record checks.

What is the same for all figures of a run (options, costs, where it came from) is the file's *head*, JSON in Parquet's
own metadata; the rows are the figures (`FIGURES`). While a record is replaced, its note names the one "before" as well,
so that a reader, or whoever comes after a writer that was killed, finds a whole record at any moment.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.store.files import plainly, write_atomic
from harness.store.sealed import Damaged, Each, Shape, fits, seal, unsealed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

# The columns of a record's rows, by Arrow type; everything else is in its head.
FIGURES = {
    "image": "string",  # id of the picture; empty in a row of the whole run
    "source": "string",  # the photograph that the picture was cut from, or the picture itself; empty as ``image`` is
    "metric": "string",  # empty in the row of a run that no metric applies to
    "value": "float64",
    "unit": "string",
    "protocol": "string",  # stamp of all that decides the value
    "higher_is_better": "bool",
    "floor": "float64",  # a set metric's figure of real items against real ones, as many
    "replicates": "list<double>",  # a set metric's bootstrap replicates; of the same items for runs on equal inputs
    "units": "float64",  # of a set metric: how many photographs, or samples of their own, its replicates draw
}
HEAD = b"head"  # in the file's metadata
WRITTEN: dict[str, Shape] = {"bytes": int, "sha256": str, "scores": Each(str)}
NOTE: dict[str, Shape] = {"run": str, **WRITTEN}
NOTHING: Mapping[str, Any] = {}
READERS = 8  # threads: on a network file system a small file is mostly waiting


def path_of(root: Path, run: str) -> Path:
    """Where the record of a run lies."""
    return root / "records" / f"{run}.parquet"


def pack(head: Mapping[str, Any], rows: pd.DataFrame) -> bytes:
    """A record's bytes. NaN in the head is null; so are columns of `FIGURES` that the rows lack."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = {name: value for name, value in head.items() if value == value}  # NaN equals nothing
    facts = {name: known.get(name) for name in head}
    columns = [
        pa.array(rows[name], kind, from_pandas=True) if name in rows else pa.nulls(len(rows), kind)
        for name, kind in arrow_types().items()
    ]
    table, buffer = pa.table(columns, list(FIGURES)), io.BytesIO()
    with pq.ParquetWriter(buffer, table.schema, store_schema=False, write_statistics=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({HEAD: json.dumps(facts, default=lambda number: number.item())})  # NumPy's
    return buffer.getvalue()


def arrow_types() -> dict[str, pa.DataType]:
    """The types of the columns of `FIGURES`."""
    import pyarrow as pa

    lists = pa.list_(pa.float64())
    return {name: lists if kind == "list<double>" else pa.type_for_alias(kind) for name, kind in FIGURES.items()}


def head_of(path: Path) -> dict[str, Any]:
    """The head of a record. Raises `ValueError` or `OSError` for a file without one."""
    import pyarrow.parquet as pq

    return _head(pq.read_metadata(path))


def read(path: Path) -> tuple[dict[str, Any], pa.Table]:
    """The head and the figures of a record, texts as codes of a dictionary. Raises as `head_of` does."""
    import pyarrow.parquet as pq

    texts = [name for name, kind in FIGURES.items() if kind == "string"]
    try:
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            return _head(file.metadata), file.read(use_threads=False)
    except KeyError as error:
        raise ValueError("it has not the columns of a record") from error


def _head(metadata: pq.FileMetaData) -> dict[str, Any]:
    try:
        return dict(json.loads(metadata.metadata[HEAD]))
    except (KeyError, TypeError) as error:
        raise ValueError("it has no head") from error


def check(path: Path) -> dict[str, Any]:
    """What the note beside a record says of it, once the record is known to be, byte for byte, what was written.

    Raises `Damaged` for a record that was altered, cut off, that is another run's, or that has no note.
    """
    note, last = _note(path), None
    while note != last:  # or else a writer was between the two, and the new note tells of the record
        size, digest = _content(path)
        for written in (note, note.get("before")):
            if written and written["sha256"] == digest:
                return dict(written)
        note, last = _note(path), note
    raise Damaged(f"{path}: not what was written ({size} bytes, {note['bytes']} expected)")


def _note(path: Path) -> dict[str, Any]:
    place = path.with_suffix(".json")
    note = unsealed(place, NOTE)
    if "before" in note and not fits(note["before"], WRITTEN):
        raise Damaged(f"{place}: not what was written (it lacks what it must hold)")
    if note["run"] != path.stem:
        raise Damaged(f"{path}: belongs to another run ({note['run']})")
    return note


def _content(path: Path) -> tuple[int, str]:
    try:
        state = path.stat()
        return state.st_size, _digest(path, state.st_ino, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise Damaged(f"{path}: cannot be read ({error.strerror})") from error


@functools.lru_cache(maxsize=100_000)
def _digest(path: Path, file: int, size: int, changed: int) -> str:
    """The sha256 of a record, read once for each file that had its name: status asks again and again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def has(root: Path, run: str, scores: Mapping[str, str]) -> bool:
    """Whether the record of a run is there, whole, and holds these scores (their keys by metric)."""
    try:
        return scores.items() <= check(path_of(root, run))["scores"].items()
    except Damaged:
        return False


def write_record(path: Path, data: bytes, scores: Mapping[str, str]) -> None:
    """Write a record and its note; ``scores`` are the keys, by metric, of all that it holds."""
    with plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    before = {}
    with suppress(Damaged):
        before = {"before": {name: value for name, value in check(path).items() if name in WRITTEN}}
    write_note(path, data, scores, before)
    write_atomic(path, data)
    write_note(path, data, scores)


def write_note(path: Path, data: bytes, scores: Mapping[str, str], more: Mapping[str, Any] = NOTHING) -> None:
    """Write the note beside a record of these bytes: their sha256, whose it is and, by metric, the scores it holds."""
    facts = {"run": path.stem, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "scores": dict(scores)}
    write_atomic(path.with_suffix(".json"), seal({**facts, **more}))
