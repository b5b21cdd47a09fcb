"""A rank of test_ranks.py: ``python -m tests.harness.distributed.ranks_for_tests RANK SIZE FOLDER``."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, distributed

from harness.config.commandline import read
from harness.distributed.group import ProcessGroup, Ranks
from harness.planning.plan import Plan, plan
from harness.store.entries import Entry
from harness.training.batches import Data
from harness.training.build import method_of
from harness.training.fit import Silent, TrainingJob, fit
from methods.base import Batch

ROOT = Path(__file__).parents[3]
CPU = torch.device("cpu")
TINY = ("scale=smoke", "dataset.size=16", "images=2", "device=cpu")
VARIANTS = {
    "two": ("task=denoise", "method=rddm", "method.networks=2", "train.lr=0.01"),
    "ddim": ("task=denoise", "method=ddim", "train.lr=0.01"),
}
SIZE = 6  # rows of a whole batch
STEPS = 4


class Interrupted(Exception):
    pass


def made(*words: str) -> Plan:
    return plan(read([*TINY, *words]).points[0])


def train_precisely(
    entry: Entry, words: tuple[str, ...], group: ProcessGroup, rows: ProcessGroup, stop: int = STEPS
) -> None:
    """Train in float64 to an entry, on the rows that are those of ``rows``, interrupted before step ``stop``."""
    point = made(*words)
    data = Data(point)
    method = method_of(point.config, data.source.shape, CPU).double()
    seconds = 0.0 if stop < STEPS else 3600.0

    def batch(step: int) -> Batch:
        if step == stop:
            raise Interrupted
        drawn = data.batch(step, SIZE, CPU, rows.rank, rows.size)
        return replace(drawn, clean=drawn.clean.double(), observation=drawn.observation.to(CPU, torch.float64))

    fit(method, TrainingJob("model", STEPS, seconds, 0, batch, group), entry, Silent())


def weights(entry: Entry) -> dict[str, Tensor]:
    return load((entry.path / "weights.safetensors").read_bytes())


def apart(one: Entry, other: Entry) -> float:
    """The largest difference of two trainings' weights."""
    mine, theirs = weights(one), weights(other)
    assert mine.keys() == theirs.keys()
    return max(float((mine[name] - theirs[name]).abs().max()) for name in mine)


def main(rank: int, size: int, folder: Path) -> None:
    meeting = f"file://{folder}/meeting"
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size)
    group = Ranks(CPU)
    for name, words in VARIANTS.items():
        train_precisely(Entry(folder / name), words, group, group)
    with suppress(Interrupted):
        train_precisely(Entry(folder / "again"), VARIANTS["ddim"], group, group, stop=2)
    train_precisely(Entry(folder / "again"), VARIANTS["ddim"], group, group)
    distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
