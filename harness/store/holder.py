"""Who holds a lock: what its file says, and whether that process still runs."""

from __future__ import annotations

import functools
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import UserError
from harness.store.keys import is_name
from harness.store.sealed import Damaged, Shape, parsed, process

HOLDER: dict[str, Shape] = {"host": str, "system": str, "pid": process, "started": str}
HOLDER |= {"token": is_name, "time": float}


@dataclass(frozen=True)
class Holder:
    """Who holds a lock; ``time`` is when it came, ``beat`` when its file was last touched (seconds since 1970).

    ``system`` tells one boot and process namespace from another: only within it does ``pid`` mean anything.
    ``started`` tells the process from a later one with its number; empty where that cannot be known.
    """

    host: str
    system: str
    pid: int
    started: str
    token: str
    time: float
    beat: float

    def gone(self) -> bool:
        """Whether the process is known to have ended: it is one of this system, and it does not run."""
        return runs(self.system, self.pid, self.started) is False


def read(path: Path) -> Holder | None:
    """The holder that a lock file names, or None where there is no file.

    A file without sound content (its holder was killed as it began, on a file system without links) stands
    for a holder of unknown host, which can only fall silent.
    """
    try:
        with open(path, "rb") as file:  # opening also refreshes what a network file system caches
            state, text = os.fstat(file.fileno()), file.read()
    except FileNotFoundError:
        return None
    try:
        told = parsed(path, text, HOLDER)
        return Holder(**{name: told[name] for name in HOLDER}, beat=state.st_mtime)
    except Damaged:
        token = f"unreadable-{state.st_ino}"
        return Holder("unknown", "", 0, "", token, state.st_mtime, state.st_mtime)


@contextmanager
def ticket(path: Path) -> Iterator[tuple[Path, Holder]]:
    """A complete file that names this process under a fresh token, beside ``path``; gone on leaving.

    Its ``beat`` is the present by the file system's own clock. Raises `UserError` for an `OSError`, its own or
    one that happens meanwhile.
    """
    token = uuid.uuid4().hex
    facts = process_facts() | {"token": token, "time": time.time()}
    file = path.with_name(f"{path.name}.{token}.new")
    try:
        file.write_text(json.dumps(facts), encoding="utf-8")
        yield file, Holder(**facts, beat=file.stat().st_mtime)
    except OSError as error:
        raise UserError(f"{path}: cannot lock ({error.strerror}): check the folder and its free space") from error
    finally:
        with suppress(OSError):
            file.unlink()


@contextmanager
def heartbeat(path: Path, seconds: float, over: Callable[[], bool]) -> Iterator[None]:
    """Meanwhile a file is touched now and then, until it is ``over``: a sign that this process lives."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(seconds):
            with suppress(OSError):  # a network file system may stutter: the next beat comes soon enough
                if over():
                    return
                os.utime(path)

    thread = threading.Thread(target=beat, name=f"heartbeat {path.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def process_facts() -> dict[str, Any]:
    """Where this process runs and which one it is, as far as others can tell."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "system": system(), "pid": pid, "started": started(pid) or ""}


def runs(of: str, pid: int, since: str) -> bool | None:
    """Whether a process still runs, by its system, its number and when it started; None for one of another system."""
    if of != system():
        return None
    now = started(pid)
    return now is not None and not (now and since and now != since)


@functools.lru_cache(maxsize=1)
def system() -> str:
    """This boot of this machine and its process namespace: containers may share no more than the host's name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return socket.gethostname()


def started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks; empty where that cannot be told, None if it is gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if state[0] in "ZX" else state[19]  # a zombie has ended, though its parent has not looked
    except OSError:  # no /proc, or one that hides other people's processes: ask for the bare existence
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return ""
