"""Among whom a training is shared: nobody, or ranks that each hold the whole method and see their part of a batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from methods.base import Method
from methods.observation import Batch


class ProcessGroup:
    """``size`` processes that train one method; ``rank`` is this one's number, 0 writes what there is to write.

    ``device`` is where this one computes. This one is alone and has nothing to share; `Ranks` are several.
    """

    rank, size = 0, 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def tell(self, number: int) -> int:
        """Rank 0's number."""
        return number

    def mean(self, losses: dict[str, float]) -> dict[str, float]:
        """The mean over the ranks, the same bits on all of them."""
        return losses

    def share(self, method: Method, stage: str, batch: Callable[[], Batch]) -> None:
        """Make ``update`` a step of all ranks together; ``batch`` is one to try it with."""


class Ranks(ProcessGroup):
    """The ranks of torch's default process group; ``device`` is this one's."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def tell(self, number: int) -> int:
        """Rank 0's number."""
        told = torch.tensor(number, device=self.device)
        distributed.broadcast(told, 0)
        return int(told)

    def mean(self, losses: dict[str, float]) -> dict[str, float]:
        """The mean over the ranks, the same bits on all of them: a loss that is no number ends them at one step."""
        if not losses:
            return {}
        values = torch.tensor(list(losses.values()), dtype=torch.float64, device=self.device)
        distributed.all_reduce(values)
        return dict(zip(losses, (values / self.size).tolist(), strict=True))

    def share(self, method: Method, stage: str, batch: Callable[[], Batch]) -> None:
        """Wrap the method's networks, then rehearse: one step that is undone.

        After its first backward pass DDP lays its buckets out anew, and the sum of three or more gradients is rounded
        by where in a bucket they lie. Without a rehearsal the first step after a resume would have other bits than
        the same step of a training that ran through.
        """
        method.distribute(_wrapped)
        before = {name: value.clone() for name, value in method.parts(stage).state().items()}
        method.update(batch())
        method.parts(stage).resume(before)


def _wrapped(network: nn.Module) -> nn.Module:
    """torch's DDP around one network.

    Buffers are not kept in step: those of the networks here follow from the weights alone, and a broadcast between two
    calls would write into what the first call's graph still needs (two calls, one backward pass: adversarial losses).
    Unused parameters are not searched for: a wrapped network has a gradient for all, and DDP tells where it has not.
    """
    # Weights of 1 x 1 kernels have two layouts that are the same memory; DDP warns where a gradient has the other one.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    return DistributedDataParallel(network, forward_sync_buffers=False)
