"""What was asked for: the points of a sweep, the commands that repeat them, what failed."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.ensure import failure_of
from harness.store.entries import Store
from harness.store.listed import points_of_sweep
from harness.store.recorded import path_of
from registry import apart, roles

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
        experiment = [] if self.experiment == DEFAULT else ["-cn", self.experiment]
        return shlex.join(["python", "run.py", *experiment, *self.overrides])

    @property
    def identity(self) -> str:
        """The command that degrades the same pictures and returns them."""
        later = (*LATER, *roles())
        kept = [word for word in self.overrides if apart(word.lstrip("+~").partition("=")[0])[0] not in later]
        return PlannedRun("", (*kept, "method=identity"), self.experiment, "", False).command


def points_of(root: Path, sweep: str | None) -> list[PlannedRun]:
    """The points of a sweep in its order, or of all sweeps below ``root``.

    Raises `UserError` for a sweep that is not there or whose points.json is damaged.
    """
    names = [path.parent.name for path in sorted(root.glob("sweeps/*/points.json"))] if sweep is None else [sweep]
    return [_point(point, name) for name in names for point in points_of_sweep(root, name)]


def _point(point: Mapping[str, Any], sweep: str) -> PlannedRun:
    experiment, status = sweep.rpartition("-")[0] or DEFAULT, point["status"]
    words = tuple(point["overrides"])
    return PlannedRun(point["run"], words, experiment, point["reason"], status != IDENTITY_STATUS, status in WAITING)


def failures(root: Path, points: Sequence[PlannedRun], done: Collection[str]) -> list[tuple[str, str, str]]:
    """The points asked for that will have no record: their words, the reason, and the traceback where one was kept."""
    lost = {point.run: point for point in points if point.asked and point.run not in done}
    found = []
    for point in (point for point in lost.values() if not point.waiting):
        kept = failure_of(Store(root).entry("failures", point.run))  # nothing for what never started
        damaged = "its record is damaged: give the sweep's command again"
        ended = damaged if path_of(root, point.run).exists() else "did not run to its end"
        reason = point.reason or str(kept.get("reason", "")) or ended
        found.append((" ".join(point.overrides), reason, str(kept.get("traceback", ""))))
    return found
