"""What a piece of work takes: seconds, seconds of the processor (what counts on a busy machine), peak memory so far."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def measured(what: str, work: Callable[[], _Result], count: int = 0) -> tuple[_Result, float]:
    """What the work gives, and its seconds; prints all that is measured, of ``count`` points also for each."""
    start, worked = time.perf_counter(), time.process_time()
    result = work()
    took, spent = time.perf_counter() - start, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    each = f"   {1000 * took / count:8.3f} ms a point" if count else ""
    print(f"{what:12s} {took:7.1f} s   {spent:7.1f} s of processor{each}   peak {peak:5.2f} GB", flush=True)
    return result, took
