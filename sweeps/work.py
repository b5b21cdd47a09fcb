"""The process that does a job: it reads the frozen points, makes what they need, and says how far it is.

What it has done lies in the store, so whoever starts the same job again (a scheduler after a preemption, a retry)
goes on from the newest checkpoint and the last finished task.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import UserError
from harness import execute
from harness.distributed.parent import end_with_parent
from harness.planning.plan import Plan, Training, plan
from harness.progress import report_to, say
from harness.store.ensure import PointFailed, failure_of, whole
from harness.store.entries import Entry, Store
from harness.store.lock import LockLostError
from harness.store.sealed import Damaged
from sweeps.jobs import points_of, spec_of
from sweeps.progress.attempts import attempts, note, place

REASON_LENGTH = 300
UNFINISHED = "it did not run to its end"
FIRST_WORD = 10.0  # seconds in which the first node of a job may tell why it failed


class JobFailed(Exception):
    """Some tasks of a job failed; the message is the first one's reason."""


class Missing(UserError):
    """What a task reads is not there: the fault is the other task's, and marked there."""


@dataclass(frozen=True)
class Work:
    """A job as something to call; schedulers call it anew after each interruption. Paths are absolute."""

    root: Path
    submission: Path
    number: int

    def __call__(self) -> None:
        """Do the job's tasks; those that fail are marked and the others done. Raises `JobFailed` at the end."""
        jobs = self.submission / "jobs"
        tried = jobs / f"{self.number}.attempts.jsonl"
        try:
            spec = spec_of(jobs / f"{self.number}.json")
        except Damaged as damage:
            raise _ended(tried, time.time(), f"{damage}; give the sweep's command again") from damage
        if "SLURM_JOB_ID" in os.environ:
            # submitit lets this signal pass by, and a job that is preempted would go on until it is killed.
            signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
        os.chdir(spec["cwd"])  # the paths that the user named are relative to where they stood
        report_to(jobs / f"{self.number}.progress.json")
        if int(os.environ.get("SLURM_NODEID", "0")):
            self._join(spec, tried)
            return
        began = time.time()
        note(tried, {"began": began, **place()})
        reasons = [reason for reason in self._tasks(spec) if reason]
        note(tried, {"ended": time.time(), "seconds": time.time() - began, "reason": (reasons or [""])[0]})
        if reasons:
            raise JobFailed(reasons[0])

    def checkpoint(self) -> Any:
        """What submitit starts again when the time is up: the same, for the state lies on the disk."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _tasks(self, spec: Mapping[str, Any]) -> list[str]:
        store, points = Store(self.root), points_of(spec)
        return [_do(task, points[task["point"]], store) for task in spec["tasks"]]

    def _join(self, spec: Mapping[str, Any], path: Path) -> None:
        """On the other nodes of a job of several: take part in what the first one starts, and mark nothing."""
        from harness.distributed.ranks import RankFailed, join

        store, points = Store(self.root), points_of(spec)
        try:
            for task in spec["tasks"]:
                made = plan(points[task["point"]])
                _unchanged(task, made)
                join(made, _stage(made, task), store)
        except (RankFailed, UserError) as error:
            time.sleep(FIRST_WORD)  # the job ends with this process, and the first node may know better
            reason = f"node {os.environ['SLURM_NODEID']}: {error}"
            if attempts(path)[-1:] and attempts(path)[-1].open:
                note(path, {"ended": time.time(), "reason": reason[:REASON_LENGTH]})
            raise JobFailed(reason) from error


def _ended(tried: Path, began: float, reason: str) -> JobFailed:
    """Note, and say, an attempt that ended before it began."""
    say(f"failed: {reason}")
    note(tried, {"began": began, **place()})
    note(tried, {"ended": time.time(), "reason": reason[:REASON_LENGTH]})
    return JobFailed(reason)


def _do(task: Mapping[str, Any], config: Any, store: Store) -> str:
    """Do one task; the reason why it failed, or nothing. Never raises but for the interruptions of its own process."""
    say(f"--- {task['kind']} {task['key']}: {' '.join(config.overrides) or 'the default run'}")
    made: Plan | None = None
    try:
        made = plan(config)
        _unchanged(task, made)
        DOING[task["kind"]](made, task, store)
        store.entry("failures", made.run).discard()
    except Missing as error:
        say(f"left out: {error}")
        return str(error)
    except (PointFailed, UserError, LockLostError) as error:
        return _failed(made, store, " ".join(str(error).split()))
    except Exception as error:
        return _failed(made, store, f"{type(error).__name__}: {' '.join(str(error).split())}")
    return ""


def _failed(made: Plan | None, store: Store, reason: str) -> str:
    say(f"failed: {reason}")
    if made is not None:
        with suppress(UserError):  # a full disk takes no marker either
            words = {"overrides": list(made.config.overrides)}
            store.entry("failures", made.run).fail(reason, traceback.format_exc(), words)
    return reason[:REASON_LENGTH]


def _unchanged(task: Mapping[str, Any], made: Plan) -> None:
    """Raise `UserError` unless the point still needs what it was submitted for."""
    keys = {"sampling": made.samples.key, "scoring": made.run}
    keys |= {stage.name: stage.key for stage in made.stages}
    if keys.get(task["stage"] or task["kind"]) != task["key"]:
        raise UserError(f"{task['kind']} {task['key']}: its data changed since it was submitted; start the sweep again")


def _train(made: Plan, task: Mapping[str, Any], store: Store) -> None:
    execute.inputs(made, store)  # first: what the data can't give is told before anything is trained
    stage = _stage(made, task)
    _refuse_untrained(made, stage.after, store)
    execute.training(made, stage, store)


def _stage(made: Plan, task: Mapping[str, Any]) -> Training:
    return next(stage for stage in made.stages if stage.name == task["stage"])


def _sample(made: Plan, task: Mapping[str, Any], store: Store) -> None:
    execute.inputs(made, store)
    if not whole(store.entry("samples", made.samples.key)):
        _refuse_untrained(made, [stage.name for stage in made.stages], store)
    execute.samples(made, store)


def _score(made: Plan, task: Mapping[str, Any], store: Store) -> None:
    _refuse_missing(store.entry("samples", made.samples.key), f"samples {made.samples.key}")
    execute.record(made, store)


DOING: dict[str, Callable[[Plan, Mapping[str, Any], Store], None]] = {
    "training": _train,
    "sampling": _sample,
    "scoring": _score,
}


def _refuse_untrained(made: Plan, names: Any, store: Store) -> None:
    """Raise `Missing` unless these stages are trained: a job makes what is its own, and nobody's else."""
    for stage in made.stages:
        if stage.name in names:
            _refuse_missing(store.entry("trainings", stage.key), f"training {stage.key} ({stage.name})")


def _refuse_missing(entry: Entry, name: str) -> None:
    """Raise `Missing` unless an entry is whole; a damaged one is discarded, so that a retry makes it again."""
    if whole(entry):
        return
    if failure := failure_of(entry):
        raise Missing(f"{name}: {failure['reason']}")
    with entry.lock():
        damaged = entry.status == "done" and not whole(entry)
        if damaged:
            entry.discard()
    raise Missing(f"{name}: {'was damaged and is discarded; retry makes it again' if damaged else UNFINISHED}")


def do(work: Work) -> int:
    """Do a job in a process of its own that ends with its parent; the exit status is 1 where a task failed."""
    end_with_parent()
    try:
        work()
    except JobFailed:
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """``python -m sweeps.work ROOT SUBMISSION NUMBER``."""
    root, submission, number = arguments
    return do(Work(Path(root), Path(submission), int(number)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
