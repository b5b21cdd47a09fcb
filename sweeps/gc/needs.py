"""What has to stay in a store: what its records need, and what sweeps that are not finished want. Nothing is changed.

An entry says in facts.json what it was made from, which is needed with it. Where something can't be read it might
need anything: then everything stays.
"""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from errors import UserError
from harness.store.entries import FACTS, Store
from harness.store.files import DAY
from harness.store.recorded import check, head_of
from harness.store.sealed import Damaged
from harness.store.sealed import read as read_json
from sweeps.folder import submission, submission_folders
from sweeps.gc.leftovers import LEVELS
from sweeps.progress.attempts import driver
from sweeps.progress.state import Sweep

COLUMNS = {"training": "trainings", "samples": "samples", "inputs": "inputs"}  # of a record: the level of each
Name = tuple[str, str]  # of an entry: its level and its key


@dataclass(frozen=True)
class Requirements:
    """``entries`` and folders of frozen ``code`` that have to stay; ``doubts``: what can't be read, a line each."""

    entries: frozenset[Name]
    code: frozenset[str]
    doubts: tuple[str, ...]

    def entry(self, level: str, key: str, facts: Mapping[str, Any] | None = None) -> bool:
        """Whether an entry has to stay; features do as long as what they were taken from."""
        names = {(level, key)}
        if facts and level == "features":
            names.add((str(facts.get("level")), str(facts.get("source"))))
        return bool(self.doubts) or not names.isdisjoint(self.entries)

    def frozen(self, name: str) -> bool:
        """Whether a folder of frozen code has to stay."""
        return bool(self.doubts) or name in self.code


def read(root: Path) -> Requirements:
    """The needs of the store at ``root`` as it stands. Raises `UserError` where a part of it can't be listed."""
    entries: set[Name] = set()
    code: set[str] = set()
    doubts: list[str] = []
    # Sweeps come first: what is recorded meanwhile is then found among the records.
    for folder in filter(_started, _inside(root / "sweeps", "*")):
        try:
            wanted, run = _sweep(root, folder)
            entries |= wanted
            code |= run
        except (UserError, Damaged, OSError, ValueError):
            doubts.append(f"{folder}: doesn't say what it needs; start it again, or delete the folder")
    for path in _inside(root / "records", "*.parquet"):
        try:
            entries |= _record(path)
        except (Damaged, OSError, ValueError, KeyError, TypeError, AttributeError):
            doubts.append(
                f"{path}: can't be read, or {path.stem}.json is not its own; run its sweep again, or delete it"
            )
    for level in LEVELS:
        _inside(root / level, "")  # its disk may not be there, and nobody would know what lies on it
    closed, unknown = _closed(Store(root), entries)
    return Requirements(frozenset(closed), frozenset(code), (*doubts, *unknown))


def stamp(root: Path) -> frozenset[tuple[str, int]]:
    """Changes when a sweep is started, taken up again, driven to its end, or deleted."""
    found = set()
    for folder in (root / "sweeps").glob("*"):
        with suppress(OSError):  # deleted meanwhile, or a link to nothing
            found.add((folder.name, folder.stat().st_mtime_ns))
    return frozenset(found)


def facts_of(path: Path) -> dict[str, Any] | None:
    """What an entry was made from, as it says; None where it says nothing."""
    with suppress(Damaged):
        return dict(read_json(path / FACTS, dict))
    return None


def references(facts: Mapping[str, Any] | None) -> Iterator[Name]:
    """The entries that one with these facts was made from. Raises `ValueError` for no facts or no key."""
    if facts is None:
        raise ValueError(f"there is no whole {FACTS}")
    for name in ("after", "trainings"):
        given = facts.get(name) or ()
        yield from (("trainings", _key(key)) for key in (given.values() if isinstance(given, Mapping) else given))
    yield from ((level, _key(facts[level])) for level in ("samples", "inputs", "references") if level in facts)
    if "source" in facts:
        yield _key(facts["level"]), _key(facts["source"])


def _key(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no key")
    return value


def _inside(folder: Path, pattern: str) -> list[Path]:
    """The names in a folder that match; none where it is missing, and not when it is out of reach."""
    if not os.path.lexists(folder):
        return []
    try:
        return sorted(folder / name for name in fnmatch.filter(os.listdir(folder), pattern))
    except OSError as error:
        raise UserError(f"{folder}: can't be read ({error.strerror}), so nobody knows what is needed") from error


def _started(folder: Path) -> bool:
    """Whether a folder has, or may have where it is out of reach, the points of a sweep."""
    try:
        (folder / "points.json").stat()
    except (FileNotFoundError, NotADirectoryError):
        return folder.is_symlink()
    except OSError:
        return True
    return True


def _sweep(root: Path, folder: Path) -> tuple[set[Name], set[str]]:
    """What a sweep wants of the store, nothing once all is recorded, and which code its jobs run."""
    sweep = Sweep(root, folder)
    if not sweep.rows:
        raise ValueError("no sweep is without points")
    unfinished = not all(sweep.recorded(row) for row in sweep.rows)
    code = set()
    for each in map(submission, submission_folders(folder)):
        # A job that collects and reports may still wait where all is recorded.
        young = time.time() - (each.folder / "submission.json").stat().st_mtime < DAY
        code |= {Path(each.facts["code"]).name} if unfinished or young else set()
    if unfinished and driver(folder):  # about to hand its jobs over, perhaps: nobody knows yet which code
        code |= {path.name for path in (root / "code").glob("*")}
    return ({name for row in sweep.rows for name in _wanted(row)} if unfinished else set()), code


def _wanted(row: Mapping[str, Any]) -> Iterator[Name]:
    yield from (("trainings", key) for key in row["trainings"].values())
    yield from ((level, row[level]) for level in ("inputs", "samples", "references"))
    yield from (("scores", key) for key in row["scores"].values())
    yield "failures", row["run"]  # why it failed


def _record(path: Path) -> set[Name]:
    """What a record was made from; raises what reading it raises."""
    note = check(path)
    named = {(COLUMNS[name], _key(key)) for name, key in _columns(path, path.stat().st_mtime_ns) if key}
    return named | {("scores", key) for key in note["scores"].values()}


@lru_cache(maxsize=100_000)
def _columns(path: Path, changed: int) -> tuple[tuple[str, Any], ...]:
    """What the head of a record says of entries; ``changed`` tells versions apart."""
    head = head_of(path)
    return tuple((name, head[name]) for name in COLUMNS)


def _closed(store: Store, names: Iterable[Name]) -> tuple[set[Name], list[str]]:
    """The entries with all that they were made from; and what could not be told."""
    found: set[Name] = set()
    doubts: list[str] = []
    rest = list(names)
    while rest:
        name = rest.pop()
        if name in found:
            continue
        found.add(name)
        try:
            entry = store.entry(*name)
            facts = facts_of(entry.path)
            rest += references({} if facts is None and entry.status != "done" else facts)
        except (ValueError, KeyError, TypeError):
            doubts.append(f"{'/'.join(name)}: doesn't say what it was made from; delete it to have it made again")
    return found, doubts
