"""What a method is to the harness: something that trains by ``update`` and draws by ``sample``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from errors import UserError
from methods.observation import Batch as Batch
from methods.observation import Observation as Observation
from methods.parts import Parts
from methods.samplers import NoiseSource, Sampler
from methods.schedules import Schedule
from methods.training import OptimizerConfig
from registry.facts import MethodFacts

NetworkBuilder = Callable[[int, int], nn.Module]


@dataclass(frozen=True)
class MethodContext:
    """What every method is built from: the shape of one picture or point, the task's kind, and the components chosen.

    ``network(in_channels, out_channels)`` builds a backbone ``(x, t) -> y``; ``kind`` is "generation" or
    "restoration"; ``masked`` tells that items come with a mask; ``autocast`` is the type that networks compute in,
    None for that of their weights. What the method has slots for beside these stands under the slots' names:
    ``networks["critic.network"](3, 1)``, ``optimizers["critic.train"]``, ``schedules``, ``components`` of other groups.
    """

    shape: tuple[int, ...]
    kind: str
    schedule: Schedule
    network: NetworkBuilder
    optimizer: OptimizerConfig
    masked: bool = False
    autocast: torch.dtype | None = None
    networks: Mapping[str, NetworkBuilder] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    optimizers: Mapping[str, OptimizerConfig] = field(default_factory=dict)
    components: Mapping[str, Any] = field(default_factory=dict)


class Method(MethodFacts, nn.Module, ABC):
    """A way to make pictures. What the planner knows of it are its facts (`registry.facts.MethodFacts`).

    What it reads of its `MethodContext` and of `sample`'s arguments has to be among these: what they do not name
    refuses to be read. Each of its stages has `parts`, from which its checkpoints and its finished weights follow.
    """

    def begin(self, stage: str) -> None:
        """Make ``update`` train this stage; earlier stages have been loaded."""

    def update(self, batch: Batch) -> dict[str, float]:
        """One training step; the losses by name. A method owns its optimizers."""
        raise TypeError(f"{type(self).__name__} has no training")

    def distribute(self, wrap: Callable[[nn.Module], nn.Module]) -> None:
        """Share the training with other processes, each on its rows of every batch; after `begin` and `Parts.resume`.

        ``wrap(network)`` gives what ``update`` calls in the network's place: behind it, the end of a backward pass
        makes the network's gradients their mean over the processes, and calls that keep no graph are as before. Wrap
        each network that has a backward pass of its own, and none that learns nothing; where a loss passes through
        a network that it does not train, call the plain one. Optimizers, averages and `parts` keep to the
        plain networks: hold the wrapped ones where they do not become parts of this module. Raises `UserError`.
        """
        raise UserError(f"{type(self).__name__} trains on one device only: take train.devices=1")

    @abstractmethod
    def sample(self, observation: Observation, sampler: Sampler, noise: NoiseSource) -> Tensor:
        """``given.count`` pictures (B, ...) in [-1, 1], from the degraded ones when restoring."""

    def backbones(self) -> list[nn.Module]:
        """The networks whose calls are the NFE. Parameters and FLOPs count every module that sampling runs."""
        return []

    def parts(self, stage: str) -> Parts:
        """What a stage trains; a method that has the stage and names no networks for it is refused."""
        return Parts({})
