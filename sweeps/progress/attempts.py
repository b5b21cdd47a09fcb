"""What became of the attempts at a job: a line when one begins and a line when it ends, read back for status."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.holder import started, system
from harness.store.sealed import Either, Shape, lines, process

PLACE: dict[str, Shape] = {"host": str, "system": str, "pid": process, "started": str, "slurm": str}
LINE = Either(({**PLACE, "began": float}, {"ended": float, "reason": str}))


@dataclass(frozen=True)
class Attempt:
    """One try at a job: when it began and ended (seconds since 1970; 0 if not yet), why it failed, where it runs."""

    began: float
    ended: float
    reason: str
    place: Mapping[str, Any]

    @property
    def open(self) -> bool:
        """Whether nobody said that it ended: it runs, or was killed where nobody looked."""
        return not self.ended


def place() -> dict[str, Any]:
    """Where this process runs, as far as others can tell, and what a cluster calls it."""
    return {
        "host": socket.gethostname(),
        "system": system(),
        "pid": os.getpid(),
        "started": started(os.getpid()) or "",
        "slurm": os.environ.get("SLURM_JOB_ID", ""),
    }


def running(place: Mapping[str, Any]) -> bool | None:
    """Whether the process at a `place` still runs; None where that can't be told from here."""
    if place["system"] != system():
        return None
    now = started(place["pid"])
    return now is not None and not (now and place["started"] and now != place["started"])


def note(path: Path, fact: Mapping[str, Any]) -> None:
    """Add a line; a full disk is told by the work itself."""
    with suppress(OSError), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(fact) + "\n")


def attempts(path: Path) -> list[Attempt]:
    """The attempts that a file tells of, in order; a line that is cut off tells of none."""
    found: list[Attempt] = []
    for fact in lines(path, LINE):
        if "began" in fact:
            found.append(Attempt(float(fact["began"]), 0.0, "", fact))
        elif found:
            last = found[-1]
            found[-1] = Attempt(last.began, float(fact["ended"]), fact["reason"], last.place)
    return found
