"""How many threads torch computes with, looked at before each training and sampling.

OpenMP's threads spin for a while before they sleep. On an idle machine of two cores that gives 1.4 times the speed of
threads that sleep at once; beside one busy process they wait for each other's cores, and one thread is nearly twice as
fast as two of either kind. So there are as many threads as cores that nobody else keeps busy. A training keeps the
number it began with, which decides how its sums are rounded. `benchmarks/threads.py` measures it.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

WINDOW = 0.3  # seconds that must have been watched before others are said to be busy
SHARED = 0.5  # cores' worth of others' work from which on a core is theirs
_STAT = Path("/proc/stat")


class Usage(NamedTuple):
    """Processor seconds that others than this process had spent by ``time`` on its cores."""

    time: float
    others: float


def cores() -> set[int]:
    """The cores that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def spent(stat: str, of: Collection[int]) -> float:
    """Processor seconds that the lines ``cpuN user nice system idle iowait irq softirq steal ...`` of Linux's
    /proc/stat tell for some cores: all but idle, iowait, and what steps aside for others by being nice."""
    rows = [line.split() for line in stat.splitlines() if line[:3] == "cpu" and line[3:4].isdigit()]
    mine = [[int(word) for word in row[1:]] for row in rows if int(row[0][3:]) in of]
    ticks = sum(user + system + sum(rest[:3]) for user, _, system, _, _, *rest in mine)
    return ticks / os.sysconf("SC_CLK_TCK")


def usage() -> Usage | None:
    """What was spent up to now; None where the system doesn't tell."""
    try:
        everybody = spent(_STAT.read_text(), cores())
    except (OSError, ValueError):
        return None
    own = os.times()
    return Usage(time.monotonic(), everybody - sum(own[:4]))


def left(count: int, before: Usage, after: Usage) -> int:
    """Of ``count`` cores those that others left free between two looks, at least one."""
    others = (after.others - before.others) / (after.time - before.time)
    return min(count, max(1, count - int(others + 1 - SHARED)))


_seen = usage()  # when the process began; while Hydra and torch are imported others show themselves


def share_cores() -> None:
    """Take as many threads as there are cores that others leave free since the last call, or since the process began.

    Does nothing where OMP_NUM_THREADS says how many, as launchers and schedulers do, or where the system tells nothing.
    """
    global _seen
    if _seen is None or "OMP_NUM_THREADS" in os.environ:
        return
    time.sleep(max(0.0, _seen.time + WINDOW - time.monotonic()))
    now = usage()
    if now is not None:
        _take(min(_most(), left(len(cores()), _seen, now)))
        _seen = now


def go_on_with(threads: int) -> None:
    """Take as many threads as a training began with, as far as there are cores for them."""
    if threads <= len(cores()):
        _take(threads)


@functools.cache
def _most() -> int:
    """What torch takes by itself: one thread for each core, not for what a core counts twice."""
    import torch

    return torch.get_num_threads()


def _take(threads: int) -> None:
    import torch

    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)
