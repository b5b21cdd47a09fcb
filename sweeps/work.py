"""The process that does a job: it reads the frozen points, makes what they need, and says how far it is.

What it has done lies in the store, so whoever starts the same job again (a scheduler after a preemption, a retry)
goes on from the newest checkpoint and the last finished task.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import UserError
from harness.planning.plan import plan
from harness.progress import report_to, say
from harness.store.entries import Store
from harness.store.sealed import Damaged
from sweeps.engine import announce, attempt, reason_of
from sweeps.folder import spec_of
from sweeps.graph import WorkItem, tasks_of
from sweeps.progress.attempts import attempts, note, place

REASON_LENGTH = 300
FIRST_WORD = 10.0  # seconds in which the first node of a job may tell why it failed


class JobFailed(Exception):
    """Some tasks of a job failed; the message is the first one's reason."""


@dataclass(frozen=True)
class Work:
    """A job as something to call; schedulers call it anew after each interruption. Paths are absolute."""

    root: Path
    submission: Path
    number: int

    def __call__(self) -> None:
        """Do the job's tasks; those that fail are marked and the others done. Raises `JobFailed` at the end."""
        jobs = self.submission / "jobs"
        log, began = jobs / f"{self.number}.attempts.jsonl", time.time()
        try:
            spec = spec_of(jobs / f"{self.number}.json")
        except Damaged as damage:
            reason = f"{damage}; give the sweep's command again"
            say(f"failed: {reason}")
            note(log, {"began": began, **place()})
            raise _ended(log, began, reason) from damage
        if "SLURM_JOB_ID" in os.environ:
            # submitit lets this signal pass by, and a job that is preempted would go on until it is killed.
            signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
        os.chdir(spec["cwd"])  # the paths that the user named are relative to where they stood
        report_to(jobs / f"{self.number}.progress.json")
        store = Store(self.root)
        if int(os.environ.get("SLURM_NODEID", "0")):
            _join(spec["tasks"], store, log)
            return
        note(log, {"began": began, **place()})
        reasons = [reason for task in spec["tasks"] if (reason := _do(task, store))]
        failed = _ended(log, began, *reasons[:1])
        if reasons:
            raise failed

    def checkpoint(self) -> Any:
        """What submitit starts again when the time is up: the same, for the state lies on the disk."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _ended(log: Path, began: float, reason: str = "") -> JobFailed:
    """Note the end of an attempt; the exception for one that failed."""
    now = time.time()
    note(log, {"ended": now, "seconds": now - began, "reason": reason[:REASON_LENGTH]})
    return JobFailed(reason)


def _do(task: Mapping[str, Any], store: Store) -> str:
    announce(task["kind"], task["key"], task["point"].overrides)
    try:
        item = _item(task)
    except Exception as error:
        say(f"failed: {reason_of(error)}")
        return reason_of(error)
    return attempt(item, store)


def _item(task: Mapping[str, Any]) -> WorkItem:
    """The piece of work that a job's file names. Raises `UserError` unless its point still needs it."""
    for item in tasks_of(plan(task["point"])):
        if (item.kind, item.key) == (task["kind"], task["key"]):
            return item
    raise UserError(f"{task['kind']} {task['key']}: its data changed since it was submitted; start the sweep again")


def _join(tasks: Sequence[Mapping[str, Any]], store: Store, log: Path) -> None:
    """On the other nodes of a job of several: take part in the trainings that the first starts, and mark nothing."""
    from harness.distributed.ranks import RankFailed, join

    try:
        for item in map(_item, tasks):
            join(item.plan, item.training, store)
    except (RankFailed, UserError) as error:
        time.sleep(FIRST_WORD)  # the job ends with this process, and the first node may know better
        reason, last = f"node {os.environ['SLURM_NODEID']}: {error}", attempts(log)[-1:]
        if last and last[0].open:
            _ended(log, last[0].began, reason)
        raise JobFailed(reason) from error
