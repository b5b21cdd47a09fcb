"""The jobs of a sweep on this machine: a bounded queue over its GPUs or cores, each job a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from errors import UserError
from harness.progress import say
from harness.threads import cores
from sweeps.folder import Submission
from sweeps.graph import Job
from sweeps.launchers.processes import JobServer
from sweeps.progress.attempts import note
from sweeps.progress.watch import View, state_text

POLL = 0.1  # seconds between two looks at the processes
MEMORY_GB = 2.0  # that a worker needs, about
AFTER_FAILURE = ("scoring",)  # kinds that make what they can of what the jobs before them left


@dataclass(frozen=True)
class Machine:
    """What jobs share: ``slots`` of them run at a time, slot k on GPU ``gpus[k]`` where there are any."""

    slots: int
    threads: int
    gpus: tuple[str, ...] = ()

    @classmethod
    def read(cls, settings: Mapping[str, Any], jobs: Sequence[Job]) -> Machine:
        """This machine, as far as the settings let the jobs have it; without its GPUs where all points ask for none."""
        devices = {task.plan.config.values["device"] for job in jobs for task in job.tasks}
        gpus, number = () if devices == {"cpu"} else _gpus(), len(cores())
        slots = len(gpus) or settings["workers"] or max(1, min(number, int(_free_gb() / MEMORY_GB)))
        slots = min(slots, settings["workers"] or slots)
        return cls(slots, settings["threads"] or max(1, number // slots), gpus[:slots])


@dataclass
class Queue:
    """Starts each job when those that it needs have ended and enough slots are free."""

    submission: Submission
    machine: Machine
    restarts: int
    server: JobServer
    running: dict[int, tuple[Job, tuple[int, ...]]] = field(default_factory=dict)  # with their slots
    ended: dict[int, bool] = field(default_factory=dict)  # by number, whether it ended well
    starts: dict[int, int] = field(default_factory=dict)

    def run(self, jobs: Sequence[Job]) -> None:
        """Run all jobs to their end; an interruption ends those that run, whose work goes on at the next start."""
        waiting = list(jobs)
        previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with View() as view:
                while waiting or self.running:
                    waiting = [job for job in waiting if not self._started(job)]
                    time.sleep(POLL)
                    waiting += self._reaped()
                    view.show(self._head(len(jobs)), self._rows)
        finally:
            self.server.close()
            signal.signal(signal.SIGTERM, previous)

    def _started(self, job: Job) -> bool:
        """Whether the job needs no further thought: it was started, or will never be."""
        if any(number not in self.ended for number in job.needs):
            return False
        if job.kind not in AFTER_FAILURE and not all(self.ended[number] for number in job.needs):
            self.ended[job.number] = False
            return True
        taken = {slot for _, slots in self.running.values() for slot in slots}
        free = [slot for slot in range(self.machine.slots) if slot not in taken]
        if len(free) < min(job.devices, self.machine.slots):
            return False
        slots = tuple(free[: job.devices])
        self.running[job.number] = (job, slots)
        self.starts[job.number] = self.starts.get(job.number, 0) + 1
        gpus = self.machine.gpus and {"CUDA_VISIBLE_DEVICES": ",".join(self.machine.gpus[slot] for slot in slots)}
        self.server.start(job.number, gpus or {})
        return True

    def _head(self, total: int) -> str:
        failed = sum(not well for well in self.ended.values())
        return f"jobs: {len(self.ended)} of {total} ended" + (f", {failed} failed" if failed else "")

    def _rows(self) -> list[str]:
        jobs = [job for job, _ in self.running.values()]
        return [f"{job.kind} {job.method} {state_text(self.submission, job.number)}" for job in jobs]

    def _reaped(self) -> list[Job]:
        """Take in what ended; the jobs that are to be started once more."""
        again = []
        for number, status in self.server.ended().items():
            job, _ = self.running.pop(number)
            if status < 0:
                note(self.submission.path(number, "attempts.jsonl"), {"ended": time.time(), "reason": _killed(-status)})
            if status < 0 and self.starts[number] <= self.restarts:
                again.append(job)
                continue
            self.ended[number] = status == 0
            if status != 0:
                log = self.submission.path(number, "log")
                why = _killed(-status) if status < 0 else _last(log)
                say(f"job {number} ({job.kind} {job.method}) failed: {why}; {log}")
        return again


def check(settings: Mapping[str, Any], jobs: Sequence[Job]) -> list[int]:
    """The number of GPUs of each job. Raises `UserError` for a training over more than there are."""
    machine, most = Machine.read(settings, jobs), max((job.devices for job in jobs), default=1)
    if machine.gpus and most > len(machine.gpus):
        raise UserError(f"train.devices={most}: there are {len(machine.gpus)} GPUs here; take fewer, or device=cpu")
    return [job.devices if machine.gpus else 0 for job in jobs]


def alive(root: Path) -> Mapping[str, str]:
    """Nothing: a queue is waited for, and the locks of the store keep two of them apart."""
    return {}


def start(submission: Submission, root: Path, jobs: Sequence[Job], alive: Mapping[str, str]) -> None:
    """Run the jobs and come back when the last has ended."""
    settings = submission.facts["settings"]
    machine = Machine.read(settings, jobs)
    environment = os.environ | {"OMP_NUM_THREADS": str(machine.threads), "PYTHONUNBUFFERED": "1"}
    Queue(submission, machine, settings["restarts"], JobServer(submission, root, environment)).run(jobs)


def _killed(number: int) -> str:
    name = signal.Signals(number).name if number in {item.value for item in signal.Signals} else f"signal {number}"
    hint = ", perhaps for memory: take fewer workers" if number == signal.SIGKILL else ""
    return f"killed ({name}{hint})"


def _last(log: Path) -> str:
    """The last failure that a job's log tells."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = (line.removeprefix("failed: ") for line in reversed(lines) if line.startswith(("failed: ", "left out: ")))
    return next(said, lines[-1] if lines else "it said nothing")


def _gpus() -> tuple[str, ...]:
    """The GPUs that this process may use, by the names that CUDA_VISIBLE_DEVICES takes."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(name for name in named.split(",") if name not in ("", "-1"))
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=True).stdout
        return tuple(str(place) for place, line in enumerate(said.splitlines()) if line.startswith("GPU "))
    return ()


def _free_gb() -> float:
    with suppress(OSError, ValueError, StopIteration):
        facts: Mapping[str, str] = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return int(facts["MemAvailable"].split()[0]) / 2**20
    return 8.0
