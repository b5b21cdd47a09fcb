"""Command lines of the program as processes of their own that start at once.

``warm.run`` and ``warm.start`` are `subprocess.run` and `subprocess.Popen` for Python scripts and modules, but that the
process is forked from one that has imported the libraries already (not the program, which each imports anew from its
working folder): a start takes a tenth of a second instead of four. What a test says of imports needs a real one.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    "hydra.main",
    "matplotlib.pyplot",
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "rich.progress",
    "safetensors.torch",
    "scipy.stats",
    "seaborn",
    "skimage.io",
    "torch.nn.functional",
    "torch._dynamo",  # which making an optimizer imports
)


class Process:
    """A started command line; what it writes goes to two files, or nowhere."""

    def __init__(self, pid: int, out: Path, err: Path) -> None:
        self.pid, self.out, self.err = pid, out, err
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, minus the signal that killed it, or None while it runs."""
        if self.returncode is None:
            self.returncode = _server().ended(self.pid, wait=0)
        return self.returncode

    def wait(self, timeout: float = 600) -> int:
        """The exit status, once it has ended. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            self.returncode = _server().ended(self.pid, wait=timeout)
        if self.returncode is None:
            self.kill()
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def communicate(self, timeout: float = 600) -> tuple[str, str]:
        """What it wrote, once it has ended."""
        self.wait(timeout)
        return self.out.read_text(errors="replace"), self.err.read_text(errors="replace")

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(9)


def start(*words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Process:
    """Start ``python WORDS``, a script or ``-m`` and a module with their arguments."""
    return _server().start(words, cwd, os.environ if env is None else env)


def run(
    *words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run ``python WORDS`` to its end."""
    process = start(*words, cwd=cwd, env=env)
    out, err = process.communicate(timeout)
    assert process.returncode is not None
    return subprocess.CompletedProcess(list(words), process.returncode, out, err)


class Server:
    """The process that forks, seen from the tests: requests and answers are JSON, one a line."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory(prefix="warm-")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.count, self.rest, self.pids, self.statuses = 0, b"", dict[int, int](), dict[int, int]()
        self.busy = threading.Lock()
        atexit.register(self.close)

    def start(self, words: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> Process:
        with self.busy:
            self.count += 1
            out, err = (Path(self.folder.name) / f"{self.count}.{name}" for name in ("out", "err"))
            asked = {"number": self.count, "words": words, "cwd": str(cwd), "env": dict(env)}
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps({**asked, "out": str(out), "err": str(err)}).encode() + b"\n")
            self.process.stdin.flush()
            while self.count not in self.pids:
                self._hear(60)
            return Process(self.pids.pop(self.count), out, err)

    def ended(self, pid: int, wait: float) -> int | None:
        until = time.monotonic() + wait
        with self.busy:
            self._hear(0)
            while pid not in self.statuses and time.monotonic() < until:
                self._hear(until - time.monotonic())
            return self.statuses.pop(pid, None)

    def close(self) -> None:
        self.process.kill()
        self.folder.cleanup()

    def _hear(self, patience: float) -> None:
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], patience)[0]:
            return
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise RuntimeError("the process that forks has ended")
        *lines, self.rest = (self.rest + data).split(b"\n")
        for answer in map(json.loads, lines):
            if "number" in answer:
                self.pids[answer["number"]] = answer["pid"]
            else:
                self.statuses[answer["pid"]] = answer["status"]


_servers: list[Server] = []


def _server() -> Server:
    if not _servers:
        _servers.append(Server())
    return _servers[0]


def _become(asked: dict[str, Any]) -> None:
    """In the child: the command line, as a new interpreter would run it."""
    status = 1
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which who runs tests in the background ignores
    try:
        for number, (path, mode) in enumerate(((os.devnull, os.O_RDONLY), (asked["out"], 0), (asked["err"], 0))):
            opened = os.open(path, mode or os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(opened, number)
            os.close(opened)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        status = _run(asked["words"], asked["cwd"])
    except BaseException:
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the end of an interpreter does
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(words: list[str], cwd: str) -> int:
    module = words[0] == "-m"
    sys.path[:] = [cwd, *(path for path in sys.path if Path(path or ".").resolve() != ROOT)]
    sys.argv = words[1:] if module else words
    try:
        if module:
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = str(Path(words[0]).resolve().parent)
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return int(end.code or 0)
    return 0


class Forks:
    """The server's own side: ``children`` are the processes that have not ended."""

    def __init__(self) -> None:
        self.children: set[int] = set()
        self.rest = b""

    def serve(self) -> None:
        """Fork what is asked for on the standard input, until that closes."""
        while self._heard():
            for pid in list(self.children):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    self.children.remove(pid)
                    _answer(pid=pid, status=os.waitstatus_to_exitcode(status))

    def _heard(self) -> bool:
        if not select.select([0], [], [], 0.01 if self.children else None)[0]:
            return True
        data = os.read(0, 1 << 20)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for asked in map(json.loads, lines):
            pid = os.fork()
            if pid == 0:
                _become(asked)
            self.children.add(pid)
            _answer(number=asked["number"], pid=pid)
        return bool(data)


def _answer(**told: int) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    for name in LIBRARIES:
        importlib.import_module(name)
    Forks().serve()
