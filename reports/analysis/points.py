"""What was asked for: the points of a sweep, the words that asked, the commands that repeat them, what failed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.ensure import failure_of
from harness.store.entries import Store
from harness.store.listed import points_of_sweep
from harness.store.recorded import path_of
from registry import apart, roles
from reports.analysis.model import Failure

WAITING = ("waiting", "running")  # the statuses of runs that may still get a record
IDENTITY_STATUS = "identity"  # the status of a run that is in a sweep only as what doing nothing gives
LATER = ("method", "sampler", "schedule", "network", "train", "seed", "sampling_seed")  # nothing to doing nothing
DEFAULT = "run"  # the experiment that a command without -cn runs


@dataclass(frozen=True)
class PlannedRun:
    """A point: its run's key, the overrides that asked for it, its experiment, and why it has no record."""

    run: str
    overrides: tuple[str, ...]
    experiment: str
    reason: str
    asked: bool  # not merely the identity baseline
    waiting: bool = False

    @property
    def command(self) -> str:
        """What repeats the point, quoted for a shell."""
        chosen = [] if self.experiment == DEFAULT else ["-cn", self.experiment]
        return shlex.join(["python", "run.py", *chosen, *self.overrides])


def points_of(root: Path, sweep: str | None) -> list[PlannedRun]:
    """The points of a sweep in its order, or of all sweeps below ``root``.

    Raises `UserError` for a sweep that is not there or whose points.json is damaged.
    """
    names = [path.parent.name for path in sorted(root.glob("sweeps/*/points.json"))] if sweep is None else [sweep]
    return [_point(point, name) for name in names for point in points_of_sweep(root, name)]


def _point(told: Mapping[str, Any], sweep: str) -> PlannedRun:
    experiment = sweep.rpartition("-")[0] or DEFAULT
    asked, waits = told["status"] != IDENTITY_STATUS, told["status"] in WAITING
    return PlannedRun(told["run"], tuple(told["overrides"]), experiment, told["reason"], asked, waits)


def nothing_at(point: PlannedRun, run: str) -> PlannedRun:
    """The run that degrades the same pictures as a point's and returns them: it keeps no words of its own."""
    places = [apart(word.lstrip("+~").partition("=")[0])[0] for word in point.overrides]
    later = (*LATER, *roles())
    kept = [word for word, place in zip(point.overrides, places, strict=True) if place not in later]
    return PlannedRun(run, (*kept, "method=identity"), point.experiment, "", False)


def failures(root: Path, points: Sequence[PlannedRun], done: Iterable[str]) -> tuple[Failure, ...]:
    """The points asked for that will have no record: their words, the reason, and the traceback where one was kept."""
    known = set(done)
    found: dict[str, PlannedRun] = {point.run: point for point in points if point.asked and point.run not in known}
    return tuple(_failure(root, point) for point in found.values() if not point.waiting)


def waiting(points: Sequence[PlannedRun], done: Iterable[str]) -> int:
    """How many of the points asked for have no record yet and may still get one."""
    return len({point.run for point in points if point.asked and point.waiting} - set(done))


def _failure(root: Path, point: PlannedRun) -> Failure:
    kept = failure_of(Store(root).entry("failures", point.run))  # nothing for what never started
    lost = "its record is damaged: give the sweep's command again"
    ended = lost if path_of(root, point.run).exists() else "did not run to its end"
    reason = point.reason or str(kept.get("reason", "")) or ended
    return Failure(" ".join(point.overrides), reason, str(kept.get("traceback", "")))
