"""What a stage of a method trains, told once: what resumes it and what it leaves behind follow from that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from methods.training import EMA, Learner


@dataclass(frozen=True)
class Parts:
    """The trained parts of a stage, each by a name without dots.

    ``networks`` are what it trains, ``learners`` the optimizers that do (there are some once it has begun), and
    ``averages`` the moving averages, under the names of their networks, of those that have one.
    """

    networks: Mapping[str, nn.Module]
    learners: Mapping[str, Learner] = field(default_factory=dict)
    averages: Mapping[str, EMA] = field(default_factory=dict)

    def state(self) -> dict[str, Tensor]:
        """All that an exact resume needs, as flat tensors: ``networks.unet0.conv.weight`` and so on."""
        modules = {f"networks.{name}": network.state_dict() for name, network in self.networks.items()}
        modules |= {f"averages.{name}": average.module.state_dict() for name, average in self.averages.items()}
        return _flat(modules | {f"learners.{name}": learner.state() for name, learner in self.learners.items()})

    def resume(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `state` gave."""
        for name, network in self.networks.items():
            network.load_state_dict(_under(f"networks.{name}.", tensors))
        for name, average in self.averages.items():
            average.module.load_state_dict(_under(f"averages.{name}.", tensors))
        for name, learner in self.learners.items():
            learner.load(_under(f"learners.{name}.", tensors))

    def weights(self) -> dict[str, Tensor]:
        """What the stage leaves behind, the average where there is one: ``unet0.conv.weight`` and so on."""
        left = dict(self.networks) | {name: average.module for name, average in self.averages.items()}
        return _flat({name: network.state_dict() for name, network in left.items()})

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take what `weights` gave, into networks and averages."""
        for name, network in self.networks.items():
            network.load_state_dict(_under(f"{name}.", tensors))
        for name, average in self.averages.items():
            average.module.load_state_dict(_under(f"{name}.", tensors))


def _flat(named: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {f"{name}.{key}": value for name, tensors in named.items() for key, value in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
