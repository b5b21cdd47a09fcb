"""Records on the disk: a Parquet file, and beside it a note with its sha256, which whoever reads the record checks."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.files import write_atomic
from harness.sealed import Damaged, Each, Shape, seal, unsealed

NOTE: dict[str, Shape] = {"run": str, "bytes": int, "sha256": str, "scores": Each(str)}
READERS = 8  # threads: on a network file system a small file is mostly waiting


def path_of(root: Path, run: str) -> Path:
    """Where the record of a run lies."""
    return root / "records" / f"{run}.parquet"


def check(path: Path) -> dict[str, Any]:
    """What the note beside a record says of it, once the record is known to be, byte for byte, what was written.

    Raises `Damaged` for a record that was altered, cut off, that is another run's, or that has no note: its writer
    was killed between the two.
    """
    note = unsealed(path.with_suffix(".json"), NOTE)
    if note["run"] != path.stem:
        raise Damaged(f"{path}: belongs to another run ({note['run']})")
    try:
        state = path.stat()
        altered = state.st_size != note["bytes"] or _digest(path, state.st_mtime_ns) != note["sha256"]
    except OSError as error:
        raise Damaged(f"{path}: cannot be read ({error.strerror})") from error
    if altered:
        raise Damaged(f"{path}: not what was written ({state.st_size} bytes, {note['bytes']} expected)")
    return note


@functools.lru_cache(maxsize=100_000)
def _digest(path: Path, changed: int) -> str:
    """The sha256 of a record, read once for each time that it was ``changed``: status asks again and again."""
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


def write_note(path: Path, data: bytes, scores: Mapping[str, str]) -> None:
    """Write the note beside a record of these bytes: their sha256, whose it is and, by metric, the scores it holds."""
    facts = {"run": path.stem, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "scores": dict(scores)}
    write_atomic(path.with_suffix(".json"), seal(facts))
