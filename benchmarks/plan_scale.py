"""A sweep of very many points, from the root: ``python -m benchmarks.plan_scale [--points N] [--sample N]``.

Measures reading its command line, planning each point and planning what each is compared with, one after the other.
Then some of the points are composed whole by Hydra, one by one, which must give the same points. The target: 10,000
points read and planned in 30 seconds on one core, without torch.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from hydra import initialize_config_dir

from harness.config.commandline import FOLDER, expand, read
from harness.config.compose import Composer
from harness.config.nodes import store_nodes
from harness.config.run_config import RunConfig
from harness.planning.plan import identity_baseline, plan

TARGET = 30.0
AXES = ("method=rddm,ddim", "task=lowlight,denoise", "sampler.steps=5,10,20,30,50", "sampler.eta=0,0.25,0.5,0.75,1")
_Made = TypeVar("_Made")


def line(points: int) -> list[str]:
    """A command line of at least so many points: every option above, and as many seeds as it takes."""
    cells = math.prod(len(axis.split(",")) for axis in AXES)
    return ["scale=smoke", *AXES, f"seed=range({math.ceil(points / cells)})"]


def measured(what: str, count: int, work: Callable[[], _Made]) -> tuple[_Made, float]:
    """What was made, and the seconds for one of ``count``; prints both, and the peak memory so far."""
    start, worked = time.perf_counter(), time.process_time()
    made = work()
    took, spent = time.perf_counter() - start, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    each = f"{1000 * took / count:8.3f} ms a point"
    print(f"{what:10s} {took:6.1f} s   {spent:6.1f} s of processor   {each}   peak {peak:5.2f} GB", flush=True)
    return made, took / count


def whole(words: Sequence[str], sample: int, points: Sequence[RunConfig]) -> float:
    """The seconds that Hydra takes to compose one point whole; raises where that is another point."""
    lines = expand([], words)
    some = range(0, len(lines), max(1, len(lines) // sample))
    store_nodes()
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        composer = Composer("run")
        made, each = measured("(whole)", len(some), lambda: [composer.whole(lines[place]) for place in some])
    if made != [points[place] for place in some]:
        raise SystemExit("points composed from parts differ from those composed whole")
    return each


def main() -> None:
    """Read, plan, and compose a sample whole."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=50, help="points that Hydra composes whole for comparison")
    chosen = parser.parse_args()
    words = line(chosen.points)
    count = len(expand([], words))
    command, reading = measured("read", count, lambda: read(["-m", *words]))
    plans, planning = measured("plan", count, lambda: [plan(point) for point in command.points])
    measured("identity", count, lambda: [identity_baseline(point) for point in command.points])
    hydras = whole(words, chosen.sample, command.points)
    total, budget = (reading + planning) * count, f"at most {TARGET:.0f} s"
    runs, trainings = (len(set(keys)) for keys in zip(*((made.run, made.stages[0].key) for made in plans), strict=True))
    print(f"{count} points, {runs} runs of {trainings} trainings: read and planned in {total:.1f} s ({budget})")
    print(f"read is {hydras / reading:.0f} times as fast as Hydra's composing of each point")
    if "torch" in sys.modules:
        raise SystemExit("planning imported torch")


if __name__ == "__main__":
    main()
