"""Training steps under settings of threads, as ratios in one run: ``python -m benchmarks.threads [--rounds N]``.

Each round starts a process for each setting, in turn and the other way round the next time, first on the machine as it
is and then beside a process that keeps one core busy. Each measures the median of its steps of the default run's
training, in the harness's own setting ("shared", of which the others are multiples) or in a fixed one. Quote the
medians of an idle machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from harness.threads import cores, share_cores

STEPS = 12  # of which the first three are not counted
ALL = str(len(cores()))
SETTINGS = {
    "shared": {},
    "sleeping": {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": ALL},
    "always all": {"OMP_NUM_THREADS": ALL},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
TAKEN_AWAY = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")


def step() -> None:
    """In a process of its own: print the median milliseconds of a training step of the default run."""
    import torch

    from harness.config.commandline import read
    from harness.planning.plan import plan
    from harness.training.batches import Data
    from harness.training.build import method_of

    point = plan(read(["metrics=[psnr]", "device=cpu"]).points[0])
    share_cores()
    data, device = Data(point), torch.device("cpu")
    method = method_of(point.config, data.source.shape, device)
    method.begin("model")
    method.train()
    size, took = point.config.values["train"]["batch_size"], []
    for number in range(STEPS):
        batch, began = data.batch(number, size, device), time.perf_counter()
        method.update(batch)
        took.append(1000 * (time.perf_counter() - began))
    print(statistics.median(took[3:]))


def measured(setting: str) -> float:
    """Milliseconds of a step under a setting."""
    clean = {name: value for name, value in os.environ.items() if name not in TAKEN_AWAY}
    words = [sys.executable, "-m", "benchmarks.threads", "--step"]
    done = subprocess.run(words, env=clean | SETTINGS[setting], stdout=subprocess.PIPE, check=True, text=True)
    return float(done.stdout)


def rounds(where: str, count: int) -> None:
    """Print each setting's milliseconds and its ratio to the harness's own, paired round by round."""
    names, found = list(SETTINGS), {name: [] for name in SETTINGS}
    for number in range(count):
        for name in names[:: 1 if number % 2 else -1]:
            found[name].append(measured(name))
    for name, values in found.items():
        ratios = sorted(value / own for value, own in zip(values, found["shared"], strict=True))
        low, middle, high = ratios[0], statistics.median(ratios), ratios[-1]
        print(f"{where:18s} {name:10s} {statistics.median(values):7.0f} ms   {middle:5.2f} ({low:.2f} to {high:.2f})")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--step", action="store_true", help="measure in this process, as each round does")
    asked = parser.parse_args()
    if asked.step:
        step()
        return
    print(f"{ALL} cores, {asked.rounds} rounds", flush=True)
    rounds("as it is", asked.rounds)
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        rounds("one core is busy", asked.rounds)
    finally:
        neighbour.kill()


if __name__ == "__main__":
    main()
