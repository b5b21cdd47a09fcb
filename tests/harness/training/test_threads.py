"""Threads: as many as others leave cores, and a training goes on with as many as it began with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from errors import UserError
from harness import threads
from harness.config.commandline import read
from harness.planning.plan import plan
from harness.store import checkpoints
from harness.store.entries import Entry, Store
from harness.threads import Usage, go_on_with, left, share_cores, spent
from harness.training.train import train

STAT = """cpu  100 0 100 5000 0 0 0 0 0 0
cpu0 700 400 150 9000 800 30 20 100 0 0
cpu1 200 0 50 9000 0 0 0 0 0 0
cpu10 900 0 0 0 0 0 0 0 0 0
intr 5 1
"""
CORES = len(threads.cores())
TINY = ("scale=smoke", "dataset.size=16", "images=2", "task=denoise", "device=cpu")
WRITE = checkpoints.write


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """A machine that says nothing of threads, and torch's own number again afterwards."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("of", "ticks"), [({0}, 1000), ({1}, 250), ({0, 1}, 1250), ({10}, 900), (set(), 0)])
def test_what_was_spent_on_some_cores_is_neither_idle_nor_waiting(of, ticks):
    assert spent(STAT, of) == ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    ("others", "count", "expected"),
    [
        (0.0, 2, 2),
        (-1.2, 2, 2),
        (0.4, 2, 2),
        (0.6, 2, 1),
        (1.0, 2, 1),
        (2.0, 2, 1),
        (1.0, 1, 1),
        (1.0, 64, 63),
        (60.2, 64, 4),
    ],
)
def test_cores_that_others_keep_busy_are_left_to_them(others, count, expected):
    before, after = Usage(10.0, 43.0), Usage(12.0, 43.0 + 2 * others)
    assert left(count, before, after) == expected


def seen(monkeypatch, others: float) -> None:
    """As if others had used so many cores since the process began, beside a core's worth of its own work."""
    looks = [Usage(0.0, 0.0), Usage(1.0, others)]
    monkeypatch.setattr(threads, "_seen", looks[0])
    monkeypatch.setattr(threads, "usage", lambda: looks[1])


def test_alone_a_process_takes_all_cores_and_beside_others_what_is_left(monkeypatch):
    monkeypatch.setattr(threads, "_most", lambda: CORES)
    for others in (0.0, float(CORES), 0.0):
        seen(monkeypatch, others)
        share_cores()
        assert torch.get_num_threads() == (1 if others else CORES)


def test_torch_s_own_choice_is_never_exceeded(monkeypatch):
    monkeypatch.setattr(threads, "_most", lambda: 1)
    seen(monkeypatch, 0.0)
    share_cores()
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("said", ["by a launcher", "by nobody"])
def test_what_is_said_holds_and_where_nothing_can_be_seen_nothing_changes(monkeypatch, said):
    seen(monkeypatch, 64.0)
    if said == "by a launcher":
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
    else:
        monkeypatch.setattr(threads, "_seen", None)
    torch.set_num_threads(2)
    share_cores()
    assert torch.get_num_threads() == 2


def test_a_system_that_does_not_tell_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(threads, "_STAT", tmp_path / "none")
    assert threads.usage() is None


def test_a_training_goes_on_with_its_threads_where_there_are_cores():
    torch.set_num_threads(1)
    go_on_with(CORES)
    assert torch.get_num_threads() == CORES
    go_on_with(CORES + 1)
    assert torch.get_num_threads() == CORES


def trained(folder: Path, at: int, monkeypatch) -> Entry:
    """A training with all cores' threads that stops at a step, goes on after others took a core, and is finished."""
    point = plan(read([*TINY, "train.steps=6", "train.checkpoint_seconds=0", "metrics=[psnr]"]).points[0])
    store = Store(folder)
    entry = store.entry("trainings", point.stages[0].key)
    torch.set_num_threads(CORES)
    if at:
        with monkeypatch.context() as patch, pytest.raises(UserError, match="stop"):
            patch.setattr("harness.training.fit.checkpoints.write", stopping(at))
            train(point, point.stages[0], store, entry)
        torch.set_num_threads(1)
    train(point, point.stages[0], store, entry)
    assert torch.get_num_threads() == CORES
    return entry


def stopping(at: int):
    def write(folder: Path, step: int, tensors: dict[str, torch.Tensor]) -> None:
        WRITE(folder, step, tensors)
        if step == at:
            raise UserError("stop")

    return write


@pytest.mark.skipif(CORES < 2, reason="one core has one thread only")
def test_a_resumed_training_has_the_bits_of_its_own_number_of_threads(tmp_path, monkeypatch):
    through, resumed = (trained(tmp_path / str(at), at, monkeypatch) for at in (0, 3))
    assert through.read("weights.safetensors") == resumed.read("weights.safetensors")
