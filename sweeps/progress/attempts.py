"""Who is at work: a line when an attempt at a job begins and one when it ends, and the process that drives a sweep.

That process is known to others by a file that it touches while it lives.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.store.files import plainly, write_atomic
from harness.store.holder import heartbeat, process_facts, runs
from harness.store.sealed import Damaged, Shape, lines, process, read

PLACE: dict[str, Shape] = {"host": str, "system": str, "pid": process, "started": str, "slurm": str}
LINE = ({**PLACE, "began": float}, {"ended": float, "reason": str})
PROCESS = "process.json"  # in a sweep's folder
BEAT, SILENT = 10.0, 60.0  # seconds between two touches, and after which one on another machine is taken for dead


@dataclass(frozen=True)
class Attempt:
    """One try at a job: when it began and ended (seconds since 1970; 0 if not yet), why it failed, where it runs."""

    began: float
    place: Mapping[str, Any]
    ended: float = 0.0
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether nobody said that it ended: it runs, or was killed where nobody looked."""
        return not self.ended


def place() -> dict[str, Any]:
    """Where this process runs, as far as others can tell, and what a cluster calls it."""
    return process_facts() | {"slurm": os.environ.get("SLURM_JOB_ID", "")}


def is_running(place: Mapping[str, Any]) -> bool | None:
    """Whether the process at a `place` still runs; None where that can't be told from here."""
    return runs(place["system"], place["pid"], place["started"])


def note(path: Path, fact: Mapping[str, Any]) -> None:
    """Add a line; a full disk is told by the work itself."""
    with suppress(OSError), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(fact) + "\n")


def attempts(path: Path) -> list[Attempt]:
    """The attempts that a file tells of, in order; a line that is cut off tells of none."""
    found: list[Attempt] = []
    for fact in lines(path, LINE):
        if "began" in fact:
            found.append(Attempt(float(fact["began"]), fact))
        elif found:
            found[-1] = replace(found[-1], ended=float(fact["ended"]), reason=fact["reason"])
    return found


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Meanwhile this process is known to drive the sweep."""
    path = folder / PROCESS
    write_atomic(path, json.dumps(place()).encode())
    try:
        with heartbeat(path, BEAT, lambda: False):
            yield
    except BaseException:
        with suppress(OSError):  # that it could not do its work is told already
            path.unlink()
        raise
    with plainly(path):
        path.unlink(missing_ok=True)


def driver(folder: Path) -> dict[str, Any] | None:
    """Where the process runs that drives a sweep; None where none does, as far as can be told from here."""
    path = folder / PROCESS
    try:
        known = dict(read(path, PLACE))
        silent = abs(time.time() - path.stat().st_mtime) > SILENT  # a clock that is ahead tells of no life either
    except (OSError, Damaged):
        return None
    lives = is_running(known)
    return known if lives or (lives is None and not silent) else None
