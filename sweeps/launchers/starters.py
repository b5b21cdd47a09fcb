"""Two ways to start a job's process on this machine, alike to the queue: anew, or forked from one that is warm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from errors import UserError
from sweeps.folder import Submission
from sweeps.launchers.freeze import check_frozen

DEATHS = 5  # in a row, of a parent that was not ready, after which it is not started again


class Starter(ABC):
    """Starts jobs by number; the processes end when this one does, however that ended."""

    def __init__(self, submission: Submission, root: Path, environment: Mapping[str, str]) -> None:
        self.submission, self.root, self.environment = submission, root, dict(environment)

    @abstractmethod
    def start(self, number: int, environment: Mapping[str, str]) -> None:
        """Start a job, with more environment beside that of all."""

    @abstractmethod
    def ended(self) -> dict[int, int]:
        """The jobs that have ended since it was last asked: exit status, or minus the signal."""

    @abstractmethod
    def close(self) -> None:
        """End all that still runs."""

    def _check(self) -> None:
        """Raise `UserError` unless the code that a job would run is what was frozen."""
        check_frozen(self.submission.facts["code"], self.submission.facts["sha256"])

    def _popen(self, words: list[str], environment: Mapping[str, str], out: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=str(self.submission.facts["code"]),
            # Byte code beside the frozen files would be one that nobody checks.
            env={**self.environment, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,  # closed when this process ends, which is what theirs waits for
            stdout=out,
            stderr=subprocess.STDOUT if out != subprocess.PIPE else None,
            start_new_session=True,  # Ctrl-C is for the queue, which ends its jobs itself
        )


class Spawned(Starter):
    """A new interpreter for each job, which imports everything anew: some seconds."""

    def __init__(self, submission: Submission, root: Path, environment: Mapping[str, str]) -> None:
        super().__init__(submission, root, environment)
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, number: int, environment: Mapping[str, str]) -> None:
        """Start a job."""
        self._check()
        words = ["sweeps.work", str(self.root), str(self.submission.folder), str(number)]
        with self.submission.path(number, "log").open("ab") as log:
            self.running[number] = self._popen(words, environment, log.fileno())

    def ended(self) -> dict[int, int]:
        """The jobs that have ended."""
        found = {number: run.returncode for number, run in self.running.items() if run.poll() is not None}
        for number in found:
            del self.running[number]
        return found

    def close(self) -> None:
        """Kill what runs: nothing that it writes is ever half there."""
        for run in self.running.values():
            _end(run)


class Forked(Starter):
    """One interpreter that has imported everything and forks (sweeps/launchers/forks.py); started anew if killed."""

    def __init__(self, submission: Submission, root: Path, environment: Mapping[str, str]) -> None:
        super().__init__(submission, root, environment)
        self.server: subprocess.Popen[bytes] | None = None
        self.running: set[int] = set()
        self.rest = b""
        self.deaths = 0  # of parents in a row that were never ready

    def start(self, number: int, environment: Mapping[str, str]) -> None:
        """Start a job."""
        self._check()  # a warm process goes on importing
        if self.server is None:
            self._serve()
        assert self.server is not None
        log = str(self.submission.path(number, "log"))
        asked = {"start": number, "env": dict(environment), "log": log}
        self.running.add(number)
        assert self.server.stdin is not None
        with suppress(BrokenPipeError):  # killed: `ended` tells
            self.server.stdin.write(json.dumps(asked).encode() + b"\n")
            self.server.stdin.flush()

    def _serve(self) -> None:
        """Start the parent. Raises `UserError` where it was killed again and again before it was ready."""
        if self.deaths == DEATHS:
            raise UserError(
                f"the process that starts jobs ended {DEATHS} times before it was ready, perhaps for lack of memory: "
                "take fewer workers or a larger machine, and give the same command again"
            )
        words = ["sweeps.launchers.forks", str(self.root), str(self.submission.folder)]
        self.server = self._popen(words, {}, subprocess.PIPE)
        assert self.server.stdout is not None
        os.set_blocking(self.server.stdout.fileno(), False)

    def ended(self) -> dict[int, int]:
        """The jobs that have ended; all of them where their parent was killed."""
        if self.server is None:
            return {}
        gone = self.server.poll() is not None
        assert self.server.stdout is not None
        *lines, self.rest = (self.rest + (self.server.stdout.read() or b"")).split(b"\n")
        found = {answer["ended"]: answer["status"] for answer in map(json.loads, lines) if "ended" in answer}
        self.running -= set(found)
        self.deaths = 0 if lines else self.deaths + gone
        if gone:
            status = self.server.returncode  # an error of its own is no signal: it has told that itself
            found |= dict.fromkeys(self.running, status if status < 0 else 1)
            self.running, self.server, self.rest = set(), None, b""
        return found

    def close(self) -> None:
        """End the parent, and with it its jobs."""
        if self.server is not None:
            _end(self.server)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# Elsewhere than on Linux a process must not fork once it has loaded what computes in threads.
STARTER: type[Starter] = Forked if sys.platform == "linux" else Spawned
