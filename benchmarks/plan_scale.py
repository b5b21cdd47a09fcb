"""A sweep of very many points, from the root: ``python -m benchmarks.plan_scale [--points N] [--sample N]``.

Measures reading its command line, planning each point and planning what each is compared with, one after the other.
Then some of the points are composed whole by Hydra, one by one, which must give the same points. The target: 10,000
points read and planned in 30 seconds on one core, without torch.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence

from hydra import initialize_config_dir

from benchmarks.measured import measured
from harness.config.commandline import FOLDER, expand, read
from harness.config.compose import Composer
from harness.config.nodes import store_nodes
from harness.config.run_config import RunConfig
from harness.planning.plan import identity_baseline, plan

TARGET = 30.0
AXES = ("method=rddm,ddim", "task=lowlight,denoise", "sampler.steps=5,10,20,30,50", "sampler.eta=0,0.25,0.5,0.75,1")


def line(points: int) -> list[str]:
    """A command line of at least so many points: every option above, and as many seeds as it takes."""
    cells = math.prod(len(axis.split(",")) for axis in AXES)
    return ["scale=smoke", *AXES, f"seed=range({math.ceil(points / cells)})"]


def whole(words: Sequence[str], sample: int, points: Sequence[RunConfig]) -> float:
    """The seconds that Hydra takes to compose one point whole; raises where that is another point."""
    lines = expand([], words)
    some = range(0, len(lines), max(1, len(lines) // sample))
    store_nodes()
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        composer = Composer("run")
        made, took = measured("(whole)", lambda: [composer.whole(lines[place]) for place in some], len(some))
    if made != [points[place] for place in some]:
        raise SystemExit("points composed from parts differ from those composed whole")
    return took / len(some)


def main() -> None:
    """Read, plan, and compose a sample whole."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=50, help="points that Hydra composes whole for comparison")
    chosen = parser.parse_args()
    words = line(chosen.points)
    count = len(expand([], words))
    command, reading = measured("read", lambda: read(["-m", *words]), count)
    plans, planning = measured("plan", lambda: [plan(point) for point in command.points], count)
    measured("identity", lambda: [identity_baseline(point) for point in command.points], count)
    hydras = whole(words, chosen.sample, command.points)
    total, budget = reading + planning, f"at most {TARGET:.0f} s"
    runs, trainings = (len(set(keys)) for keys in zip(*((made.run, made.stages[0].key) for made in plans), strict=True))
    print(f"{count} points, {runs} runs of {trainings} trainings: read and planned in {total:.1f} s ({budget})")
    print(f"read is {hydras * count / reading:.0f} times as fast as Hydra's composing of each point")
    if "torch" in sys.modules:
        raise SystemExit("planning imported torch")


if __name__ == "__main__":
    main()
