"""A process that has imported everything and becomes a job by forking, so that a job starts in no time.

Spoken to by its standard input and output, a JSON text on each line: ``{"start": 3, "env": {...}, "log": PATH}`` makes
it fork job 3, ``{"kill": 3}`` ends that, and ``{"ended": 3, "status": -9}`` is its answer once the job has ended, with
the exit status or minus the signal. ``{"ready": PID}`` comes first, when all is imported. Forked before any network,
thread pool or CUDA context exists. Its jobs end when it does, and it when its parent does.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from sweeps.work import Work, do

PRELOADED = ("harness.training.train", "harness.evaluation.sample", "harness.evaluation.score", "pandas", "sweeps.work")
POLL = 0.05  # seconds between two looks at the children


class Server:
    """``jobs``: the numbers of the jobs by the process that does them."""

    def __init__(self, root: Path, submission: Path) -> None:
        self.root, self.submission = root, submission
        self.jobs: dict[int, int] = {}
        self.alive, self.held = os.pipe()  # whoever reads the first sees its end when this process is gone
        self.rest = b""

    def serve(self) -> None:
        """Until the input closes; then all jobs are ended."""
        while self._heard():
            self._reap()
        for process in self.jobs:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _heard(self) -> bool:
        """Do what was asked for meanwhile; whether anybody is there to ask."""
        ready, _, _ = select.select([0], [], [], POLL)
        if not ready:
            return True
        data = os.read(0, 65536)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            if "start" in asked:
                self._start(asked)
            else:
                self._kill(asked["kill"])
        return bool(data)

    def _start(self, asked: dict[str, Any]) -> None:
        process = os.fork()
        if process == 0:
            self._become(asked)
        self.jobs[process] = asked["start"]

    def _become(self, asked: dict[str, Any]) -> NoReturn:
        """In the child: the job, and nothing after it."""
        status = 1
        try:
            os.setsid()
            os.environ.update(asked["env"])
            log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            for taken, as_number in ((self.alive, 0), (log, 1), (log, 2)):
                os.dup2(taken, as_number)
            os.close(self.held)
            status = do(Work(self.root, self.submission, asked["start"]))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _kill(self, number: int) -> None:
        for process, job in self.jobs.items():
            if job == number:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def _reap(self) -> None:
        for process in list(self.jobs):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                answer = {"ended": self.jobs.pop(process), "status": os.waitstatus_to_exitcode(status)}
                os.write(1, json.dumps(answer).encode() + b"\n")


def main(arguments: list[str]) -> int:
    """``python -m sweeps.launchers.forks ROOT SUBMISSION``."""
    root, submission = map(Path, arguments)
    for module in PRELOADED:
        importlib.import_module(module)
    os.write(1, json.dumps({"ready": os.getpid()}).encode() + b"\n")
    Server(root, submission).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
