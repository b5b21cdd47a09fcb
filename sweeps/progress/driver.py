"""The process that drives a sweep on its own machine, known to others by a file that it touches while it lives."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.store.files import plainly, write_atomic
from harness.store.sealed import Damaged, read
from sweeps.progress.attempts import PLACE, place, running

PROCESS = "process.json"  # in a sweep's folder
BEAT, SILENT = 10.0, 60.0  # seconds between two touches, and after which one on another machine is taken for dead


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Meanwhile this process is known to drive the sweep."""
    path, over = folder / PROCESS, threading.Event()
    write_atomic(path, json.dumps(place()).encode())

    def beat() -> None:
        while not over.wait(BEAT):
            with suppress(OSError):  # a network file system may stutter; the next one comes soon
                os.utime(path)

    thread = threading.Thread(target=beat, name="driving", daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        with suppress(OSError):  # that it could not do its work is told already
            path.unlink()
        raise
    else:
        with plainly(path):
            path.unlink(missing_ok=True)
    finally:
        over.set()
        thread.join()


def driver(folder: Path) -> dict[str, Any] | None:
    """Where the process runs that drives a sweep; None where none does, as far as can be told from here."""
    path = folder / PROCESS
    try:
        told = dict(read(path, PLACE))
        silent = abs(time.time() - path.stat().st_mtime) > SILENT  # a clock that is ahead tells of no life either
    except (OSError, Damaged):
        return None
    lives = running(told)
    return told if lives or (lives is None and not silent) else None
