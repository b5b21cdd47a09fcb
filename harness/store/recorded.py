"""Records on the disk: a Parquet file, and beside it a note with its sha256, which whoever reads the record checks.

While a record is replaced, its note names the one "before" as well, so that a reader, or whoever comes after a writer
that was killed, finds a whole record at any moment.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.store.files import write_atomic
from harness.store.sealed import Damaged, Each, Shape, fits, seal, unsealed

WRITTEN: dict[str, Shape] = {"bytes": int, "sha256": str, "scores": Each(str)}
NOTE: dict[str, Shape] = {"run": str, **WRITTEN}
NOTHING: Mapping[str, Any] = {}
READERS = 8  # threads: on a network file system a small file is mostly waiting


def path_of(root: Path, run: str) -> Path:
    """Where the record of a run lies."""
    return root / "records" / f"{run}.parquet"


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


def whole(paths: Iterable[Path]) -> list[Path]:
    """The records among some that are what was written; the others are named, each in a line, and left out."""
    from harness.progress import say_once

    asked = list(paths)
    with ThreadPoolExecutor(READERS) as pool:
        found = list(zip(asked, pool.map(_damage, asked), strict=True))
    for _, damage in found:
        if damage:
            say_once(f"left out, for it is damaged: {damage}; run its sweep again")
    return [path for path, damage in found if not damage]


def _damage(path: Path) -> str:
    try:
        check(path)
    except Damaged as damage:
        return str(damage)
    return ""


def has(root: Path, run: str, scores: Mapping[str, str]) -> bool:
    """Whether the record of a run is there, whole, and holds these scores (their keys by metric)."""
    try:
        return scores.items() <= check(path_of(root, run))["scores"].items()
    except Damaged:
        return False


def write_record(path: Path, data: bytes, scores: Mapping[str, str]) -> None:
    """Write a record and its note; ``scores`` are the keys, by metric, of all that it holds."""
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
