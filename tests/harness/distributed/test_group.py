"""A step that ranks share is the step of one process with the whole batch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from errors import UserError
from harness.distributed.group import ProcessGroup, Ranks
from harness.store.entries import Entry
from harness.training.batches import Data
from harness.training.build import method_of
from registry import catalog
from tests.harness.distributed.ranks_for_tests import CPU, ROOT, VARIANTS, apart, made, train_precisely


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_ranks_rows_together_are_the_whole_batch(count):
    """To the bit, what is drawn included, twice: a method may draw more than once."""
    data = Data(made("task=inpaint"))
    whole = data.batch(3, 6, CPU)
    parts = [data.batch(3, 6, CPU, rank, count) for rank in range(count)]
    assert [len(part.clean) for part in parts] == [part.observation.count for part in parts] == [6 // count] * count
    assert torch.equal(torch.cat([part.clean for part in parts]), whole.clean)
    assert torch.equal(torch.cat([part.observation.degraded for part in parts]), whole.observation.degraded)
    assert torch.equal(torch.cat([part.observation.mask for part in parts]), whole.observation.mask)
    for _ in range(2):
        assert torch.equal(torch.cat([part.normal() for part in parts]), whole.normal())
        assert torch.equal(torch.cat([part.indices(1, 1000) for part in parts]), whole.indices(1, 1000))


def test_a_step_without_losses_has_no_mean():
    assert Ranks.mean(object.__new__(Ranks), {}) == {}


@pytest.fixture(scope="module")
def precise(tmp_path_factory) -> Path:
    """What three ranks trained in float64."""
    folder = tmp_path_factory.mktemp("precise")
    command = [sys.executable, "-m", "tests.harness.distributed.ranks_for_tests"]
    running = [
        subprocess.Popen([*command, str(rank), "3", folder], cwd=ROOT, stderr=subprocess.PIPE) for rank in range(3)
    ]
    said = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    return folder


class OfThree(ProcessGroup):
    """Sees the first third of a batch, and nobody sees the rest."""

    size = 3


def test_ranks_train_as_one_process_with_the_whole_batch(precise, tmp_path):
    """Three ranks, in float64, to 1e-8; ranks that all see the same rows end a thousandth away."""
    for name, words in VARIANTS.items():
        alone, wrong = Entry(tmp_path / name), Entry(tmp_path / f"wrong {name}")
        train_precisely(alone, words, ProcessGroup(CPU), ProcessGroup(CPU))
        train_precisely(wrong, words, ProcessGroup(CPU), OfThree(CPU))
        assert apart(Entry(precise / name), alone) < 1e-8
        assert apart(wrong, alone) > 1e-3


def test_interrupted_ranks_end_with_the_bits_of_those_that_ran_through(precise):
    """Three too, whose sums are rounded by where in a bucket DDP has put a gradient."""
    whole, again = (precise / name / "weights.safetensors" for name in ("ddim", "again"))
    assert again.read_bytes() == whole.read_bytes()
    assert not list(precise.glob("again/checkpoint-*"))


class Wrapped(nn.Module):
    """Calls a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs):
        return self.network(*inputs)


@pytest.mark.parametrize("method", [name for name, known in catalog()["method"].items() if known.facts.stages])
def test_every_method_wraps_all_that_learns_and_keeps_its_names(method):
    """Wrapped or not, the losses and the state have the same bits."""
    point = made("task=denoise", f"method={method}")
    data = Data(point)
    plain, shared = (method_of(point.config, data.source.shape, CPU) for _ in range(2))
    wrapped: list[Wrapped] = []
    for maker in (plain, shared):
        maker.begin("model")
    shared.distribute(lambda network: wrapped.append(Wrapped(network)) or wrapped[-1])
    learning = {id(parameter) for parameter in shared.parameters() if parameter.requires_grad}
    assert {id(parameter) for module in wrapped for parameter in module.parameters()} == learning
    assert shared.update(data.batch(0, 2, CPU)) == plain.update(data.batch(0, 2, CPU))
    for part in (
        lambda maker: maker.parts("model").state(),
        lambda maker: maker.parts("model").weights(),
        nn.Module.state_dict,
    ):
        mine, theirs = part(shared), part(plain)
        assert mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_method_that_cannot_share_its_training_says_so():
    point = made("task=denoise", "method=identity")
    with pytest.raises(UserError, match="Identity trains on one device only: take train.devices=1"):
        method_of(point.config, (3, 16, 16), CPU).distribute(Wrapped)
