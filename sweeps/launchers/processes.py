"""The processes of jobs on this machine: one of the frozen code that has imported everything starts all others.

The queue has a `JobServer`, which starts that process anew if it is killed; it starts jobs by `multiprocessing`: forked
on Linux, so that a job starts in no time, and spawned elsewhere, where a process must not fork once it has loaded what
computes in threads. multiprocessing's own forkserver would run the code of the queue's checkout instead of the frozen
one, in the queue's environment, and leave its jobs running, unseen, where it is killed.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from errors import UserError
from harness.distributed.rank import end_with
from sweeps.folder import Submission
from sweeps.launchers.freeze import check_frozen
from sweeps.work import JobFailed, Work

PRELOADED = ("harness.training.train", "harness.evaluation.sample", "harness.evaluation.score", "pandas")
METHOD = "fork" if sys.platform == "linux" else "spawn"
DEATHS = 5  # in a row, of a server that was not ready, after which it is not started again


class JobServer:
    """Starts jobs by number; all processes end when this one does, however that ended."""

    def __init__(self, submission: Submission, root: Path, environment: Mapping[str, str]) -> None:
        self.submission, self.root, self.environment = submission, root, dict(environment)
        self.server: subprocess.Popen[bytes] | None = None
        self.running: set[int] = set()
        self.deaths = 0  # of servers in a row that were never ready

    def start(self, number: int, environment: Mapping[str, str]) -> None:
        """Start a job, with more environment beside that of all. Raises `UserError` where its code was altered."""
        check_frozen(self.submission.facts["code"], self.submission.facts["sha256"])  # a warm process goes on importing
        if self.server is None:
            self._serve()
        self.running.add(number)
        with suppress(OSError):  # the server was killed: `ended` tells
            self.connection.send((number, dict(environment), str(self.submission.path(number, "log"))))

    def _serve(self) -> None:
        """Start the server. Raises `UserError` where it was killed again and again before it was ready."""
        if self.deaths == DEATHS:
            raise UserError(
                f"the process that starts jobs ended {DEATHS} times before it was ready, perhaps for lack of memory: "
                "take fewer workers or a larger machine, and give the same command again"
            )
        self.connection, theirs = Pipe()
        module = ["-m", "sweeps.launchers.processes"]
        with theirs:
            self.server = subprocess.Popen(
                [sys.executable, *module, str(self.root), str(self.submission.folder), str(theirs.fileno())],
                cwd=str(self.submission.facts["code"]),
                # Byte code beside the frozen files would be one that nobody checks.
                env={**self.environment, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the queue, which ends its jobs itself
            )

    def ended(self) -> dict[int, int]:
        """The jobs that have ended since it was last asked, with exit status or minus the signal; all that ran where
        the server was killed."""
        if self.server is None:
            return {}
        gone, answers = self.server.poll() is not None, []
        with suppress(EOFError, OSError):
            while self.connection.poll():
                answers.append(self.connection.recv())
        found = dict(answer for answer in answers if answer is not None)
        self.running -= set(found)
        self.deaths = 0 if answers else self.deaths + gone
        if gone:
            status = self.server.returncode  # an error of its own is no signal: it has told that itself
            found |= dict.fromkeys(self.running, status if status < 0 else 1)
            self.running, self.server = set(), None
        return found

    def close(self) -> None:
        """Kill all that runs: nothing that it writes is ever half there."""
        if self.server is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()


def serve(root: Path, submission: Path, queue: Connection) -> None:
    """Start the jobs that ``queue`` names and tell how they ended, until it closes; then all are killed.

    It sends None when all is imported, and takes (number, environment, log) and answers (number, exit status).
    """
    context, jobs = multiprocessing.get_context(METHOD), dict[int, BaseProcess]()
    queue.send(None)
    try:
        while True:
            ready = wait([queue, *(job.sentinel for job in jobs.values())])
            for number in [number for number, job in jobs.items() if job.exitcode is not None]:
                queue.send((number, jobs.pop(number).exitcode))
            if queue in ready:
                number, environment, log = queue.recv()
                given = (Work(root, submission, number), environment, log)
                jobs[number] = context.Process(target=do, args=given)  # type: ignore[attr-defined]
                jobs[number].start()
    except (EOFError, OSError):  # the queue has ended
        for job in jobs.values():
            job.kill()


def do(work: Work, environment: Mapping[str, str], log: str) -> None:
    """Be the process of a job; the exit status is 1 where a task failed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    end_with(parent.sentinel)
    os.environ.update(environment)
    opened = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for output in (1, 2):
        os.dup2(opened, output)
    try:
        work()
    except JobFailed:
        sys.exit(1)


if __name__ == "__main__":
    for module in PRELOADED:
        importlib.import_module(module)
    serve(Path(sys.argv[1]), Path(sys.argv[2]), Connection(int(sys.argv[3])))
