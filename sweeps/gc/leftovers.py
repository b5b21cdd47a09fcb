"""What killed processes left in a store: temporary files and folders, and locks whose holders are dead."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.store.files import DAY
from harness.store.holder import Holder, system
from harness.store.holder import read as read_holder
from harness.store.keys import DIGITS

LEVELS = ("scores", "features", "samples", "trainings", "inputs", "references")  # each before what it is made from
MARKS = ("failures",)  # levels that hold no results
SILENT = 3600.0  # seconds without a heartbeat after which a holder on another machine is dead beyond doubt
LEFTOVERS, LOCKS = "leftovers", "locks"
_UNIQUE = "[0-9a-f]{32}"
_TEMPORARY = re.compile(rf"\..+\.{_UNIQUE}\.(tmp|trash|new)|\.probe\.{_UNIQUE}")
_LOCK = re.compile(rf"\.([^.].*?)\.lock(\.({_UNIQUE}|unreadable-\d+))?")
_KEY = re.compile(f"[0-9a-f]{{{DIGITS}}}")


@dataclass(frozen=True)
class Garbage:
    """Something to remove: a file or folder, or a part of one as its kind tells; ``newest`` is when any of its files
    was written last (seconds since 1970)."""

    path: Path
    kind: str
    bytes: int
    newest: float
    why: str


def measure(path: Path) -> tuple[int, float]:
    """The bytes of the files at ``path`` and when the newest was written; links are not followed.

    A folder without files is as new as itself. Raises `FileNotFoundError`.
    """
    state = path.lstat()
    found = [(state.st_size, state.st_mtime)] if not real(path) else []
    for folder, _, names in os.walk(path) if real(path) else ():
        for name in names:
            with suppress(OSError):  # a temporary file that got its name meanwhile
                file = os.lstat(os.path.join(folder, name))
                found.append((file.st_size, file.st_mtime))
    return sum(size for size, _ in found), max((when for _, when in found), default=state.st_mtime)


def real(folder: Path) -> bool:
    """Whether a path is a folder itself, and no link to one."""
    return folder.is_dir() and not folder.is_symlink()


def garbage(path: Path, kind: str, why: str, files: Sequence[Path] = (), older: float = -math.inf) -> list[Garbage]:
    """What lies at ``path``, or the ``files`` that belong to it, as one piece of garbage.

    Nothing where somebody works on it or removed it meanwhile, or where the newest file is not ``older`` (seconds).
    """
    with suppress(OSError):
        sizes, times = zip(*map(measure, files or [path]), strict=True)
        if worker_of(path) is None and time.time() - max(times) > older:
            return [Garbage(path, kind, sum(sizes), max(times), why)]
    return []


def entries(root: Path) -> Iterator[tuple[str, Path]]:
    """The folders named by a key, each with its level."""
    for level in (*LEVELS, *MARKS):
        yield from ((level, path) for path in paths_in(root / level) if _KEY.fullmatch(path.name) and real(path))


def worker_of(entry: Path) -> Holder | None:
    """The living process that holds the lock of an entry, as far as can be told."""
    return _living_holder(entry.with_name(f".{entry.name}.lock"))


def leftovers(root: Path) -> list[Garbage]:
    """What writers left that were killed more than a day ago."""
    found: list[Garbage] = []
    for folder in _folders(root):
        paths = [path for path in paths_in(folder) if path.name.startswith(".") and not path.is_symlink()]
        for path in paths:
            if _TEMPORARY.fullmatch(path.name):
                found += garbage(path, LEFTOVERS, "left by writers that were killed", older=DAY)
        if folder.parent == root and folder.name in (*LEVELS, *MARKS):
            for lock, files in _locks(paths).items():
                if not any(map(_living_holder, files)):
                    found += garbage(lock, LOCKS, "their holders are dead", files, DAY)
    return found


def claims(lock: Path) -> list[Path]:
    """The claims on a lock, or on what was a lock of that name, that are older than a day."""
    found = _locks(paths_in(lock.parent)).get(lock, [])
    return [path for path in found if path != lock and garbage(path, LOCKS, "", older=DAY)]


def paths_in(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it is a link, or can't be read."""
    with suppress(OSError):
        return sorted(folder.iterdir()) if real(folder) else []
    return []


def _living_holder(lock: Path) -> Holder | None:
    """Who holds a lock: a process that is there lives, even if stopped; what can't be seen from here while heard."""
    holder = read_holder(lock)
    if holder is None or holder.gone():
        return None
    seen = holder.system == system() and bool(holder.started)
    return holder if seen or abs(time.time() - holder.beat) < SILENT else None


def _locks(paths: list[Path]) -> dict[Path, list[Path]]:
    """By lock, its files that are there: itself and the claims on it."""
    found: dict[Path, list[Path]] = {}
    for path in paths:
        match = _LOCK.fullmatch(path.name)
        if match is not None:
            found.setdefault(path.with_name(f".{match[1]}.lock"), []).append(path)
    return found


def _folders(root: Path) -> Iterator[Path]:
    """The folders that hold temporary files when somebody writes."""
    yield root
    yield from (root / name for name in (*LEVELS, *MARKS, "records", "code"))
    yield from (path for _, path in entries(root))
    if real(root / "sweeps"):
        for path, names, _ in os.walk(root / "sweeps"):
            names[:] = [name for name in names if not name.startswith(".")]
            yield Path(path)
