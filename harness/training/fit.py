"""The one training loop: steps, checkpoints, exact resume, and a clear end when the loss is no number."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from safetensors.torch import save
from torch import Tensor

from errors import UserError
from harness.distributed.group import ProcessGroup
from harness.seeding import derive
from harness.store import checkpoints
from harness.store.entries import Entry, write_npz
from harness.threads import go_on_with
from harness.trackers.track import Curve, untracked
from methods.base import Method
from methods.observation import Batch

SEEN_WITHIN, SEEN_AGAIN = 90.0, 1.0  # seconds: until a network file system shows a file to all, and between two looks


class Progress(Protocol):
    """Where a loop tells how far it is."""

    def update(self, done: int, text: str) -> None:
        """``done`` steps are done; ``text`` is the state in a few words."""

    def say(self, text: str) -> None:
        """One line that stays."""


class Silent:
    """Progress of the ranks that tell none."""

    def update(self, done: int, text: str) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""


class TrainingFailed(Exception):
    """The loss became infinite or not a number; ``step`` is where."""

    def __init__(self, step: int, name: str, value: float) -> None:
        super().__init__(f"{name} is {value} at step {step}; try a smaller train.lr or train.clip")
        self.step = step


@dataclass(frozen=True)
class TrainingJob:
    """What a training needs beside the method: its stage, its length, its seed, where batches come from, and among
    whom it is shared."""

    stage: str
    steps: int
    checkpoint_seconds: float
    seed: int
    batch: Callable[[int], Batch]
    group: ProcessGroup


def fit(method: Method, job: TrainingJob, entry: Entry, progress: Progress, follow: Curve = untracked) -> None:
    """Train a stage to its end and publish it in ``entry``: weights, loss curve, seconds.

    Starts from the newest whole checkpoint in the entry's folder. Since a batch and its noise depend on (seed, step)
    alone, what was interrupted ends with the bits of what ran through. Where ranks share the training all are in the
    same state, and rank 0 alone writes. ``follow`` is told the losses after each step. Raises `TrainingFailed`.
    """
    group = job.group
    curve, seconds, start = _resume(method, job, entry, progress)
    for step, losses in enumerate(curve, 1):
        follow(step, losses)
    method.train()
    group.share(method, job.stage, lambda: job.batch(start))
    own = (group.rank,) if group.rank else ()
    began = saved = time.monotonic()
    for step in range(start, job.steps):
        torch.manual_seed(derive(job.seed, "train", "global", step, *own))  # dropout and the like
        losses = group.mean(method.update(job.batch(step)))
        for name, value in losses.items():
            if not math.isfinite(value):
                raise TrainingFailed(step, name, value)
        curve.append(losses)
        follow(step + 1, losses)
        now = time.monotonic()
        progress.update(step + 1, " ".join(f"{name} {value:.4f}" for name, value in losses.items()))
        if group.rank == 0 and now - saved >= job.checkpoint_seconds and step + 1 < job.steps:
            _save(method, job, entry, curve, seconds + now - began)
            saved = now
    if group.rank == 0:
        _publish(method, job, entry, curve, seconds + time.monotonic() - began)


def _resume(
    method: Method, job: TrainingJob, entry: Entry, progress: Progress
) -> tuple[list[dict[str, float]], float, int]:
    """The curve so far, the seconds spent, and the step to go on with."""
    method.begin(job.stage)
    checkpoint = _checkpoint(job.group, entry, progress)
    if checkpoint is None:
        return [], 0.0, 0
    start, tensors = checkpoint
    method.parts(job.stage).resume({name[7:]: value for name, value in tensors.items() if name.startswith("method.")})
    go_on_with(int(tensors["threads"]))
    progress.say(f"going on from step {start}")
    return _unpacked(tensors, start), float(tensors["seconds"]), start


def _checkpoint(group: ProcessGroup, entry: Entry, progress: Progress) -> tuple[int, dict[str, Tensor]] | None:
    """The newest whole checkpoint that rank 0 sees, on the other ranks as soon as their machines see it."""

    def newest() -> tuple[int, dict[str, Tensor]] | None:
        return checkpoints.newest(entry.path, lambda path: progress.say(f"damaged, not used: {path}"))

    last = newest()
    step, until = group.tell(last[0] if last else 0), time.monotonic() + SEEN_WITHIN
    while step and (last is None or last[0] != step):
        if time.monotonic() > until:
            raise UserError(
                f"{entry.path}: rank {group.rank} sees no checkpoint of step {step}: do all share the folder?"
            )
        time.sleep(SEEN_AGAIN)
        last = newest()
    return last if step else None


def _save(method: Method, job: TrainingJob, entry: Entry, curve: list[dict[str, float]], seconds: float) -> None:
    state = {f"method.{name}": value for name, value in method.parts(job.stage).state().items()}
    clock = torch.tensor(seconds, dtype=torch.float64)
    spent = {"seconds": clock, "threads": torch.tensor(torch.get_num_threads())}
    checkpoints.write(entry.path, len(curve), state | _packed(curve) | spent)


def _packed(curve: list[dict[str, float]]) -> dict[str, Tensor]:
    """The losses by name, NaN at steps that had none of a name (a critic takes turns with its generator)."""
    names = dict.fromkeys(name for row in curve for name in row)
    values = {name: [row.get(name, math.nan) for row in curve] for name in names}
    return {f"curve.{name}": torch.tensor(losses, dtype=torch.float64) for name, losses in values.items()}


def _unpacked(tensors: dict[str, Tensor], steps: int) -> list[dict[str, float]]:
    curves = {name[6:]: value for name, value in tensors.items() if name.startswith("curve.")}
    rows = [{name: float(values[k]) for name, values in curves.items()} for k in range(steps)]
    return [{name: value for name, value in row.items() if not math.isnan(value)} for row in rows]


def _publish(method: Method, job: TrainingJob, entry: Entry, curve: list[dict[str, float]], seconds: float) -> None:
    weights = {name: value.detach().cpu().contiguous() for name, value in method.parts(job.stage).weights().items()}
    entry.write("weights.safetensors", save(weights))
    write_npz(entry, "curve.npz", **{name: values.numpy() for name, values in _packed(curve).items()})
    ran = {"train_seconds": seconds, "devices": job.group.size, "threads": torch.get_num_threads()}
    entry.finish({"stage": job.stage, "steps": job.steps, **ran})
    checkpoints.clear(entry.path)
