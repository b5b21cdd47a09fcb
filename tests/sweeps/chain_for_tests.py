"""Two methods for the tests, put into a copy of the checkout as methods/chain.py: a chain of three cached trainings.

``chain`` trains on top of two upstream stages, the codec, which is ``codec``'s own and shared with it, and a prior
of its own: the shape of a method with an autoencoder, a frozen prior and a control network.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn

from methods.base import Batch, Method, MethodContext, Observation
from methods.parts import Parts
from methods.samplers import NoiseSource, Sampler
from methods.training import Learner
from registry import register


class Chained(Method):
    """Two convolutions for each stage; a stage's loss is that of its own on top of those that it builds on."""

    def __init__(self, context: MethodContext, widths: dict[str, int], builds_on: dict[str, list[str]]) -> None:
        super().__init__()
        self.context, self.builds_on, channels = context, builds_on, context.shape[0]
        self.nets = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.Conv2d(width, channels, 1))
                for name, width in widths.items()
            }
        )
        self.learners: dict[str, Learner] = {}

    def begin(self, stage: str) -> None:
        self.stage = stage
        self.learners = {stage: Learner(self.nets[stage].parameters(), self.context.optimizer)}

    def update(self, batch: Batch) -> dict[str, float]:
        assert batch.observation.degraded is not None
        x = batch.observation.degraded + 0.01 * batch.normal()
        with torch.no_grad():
            for name in self.builds_on.get(self.stage, []):
                x = x + self.nets[name](x)
        loss = (x + self.nets[self.stage](x) - batch.clean).square().mean()
        self.learners[self.stage].step(loss)
        return {"loss": float(loss.detach())}

    def sample(self, observation: Observation, sampler: Sampler, noise: NoiseSource) -> Tensor:
        assert observation.degraded is not None
        x = observation.degraded.to(next(self.parameters()).device)
        for net in self.nets.values():
            x = x + net(x)
        return x.clamp(-1, 1)

    def backbones(self) -> list[nn.Module]:
        return list(self.nets.values())

    def parts(self, stage: str) -> Parts:
        return Parts({stage: self.nets[stage]}, {name: one for name, one in self.learners.items() if name == stage})


@register("method", "codec")
class Codec(Chained):
    """The first stage alone."""

    version = 1
    samples_read = ()
    stages = {"codec": {"reads": ["task", "dataset"], "options": ["width"]}}

    def __init__(self, context: MethodContext, *, width: Annotated[int, "[1, inf)"] = 4) -> None:
        super().__init__(context, {"codec": width}, {})


@register("method", "chain")
class Chain(Chained):
    """Three stages; ``strength`` is read by the last one only."""

    version = 1
    samples_read = ()
    stages = {
        "codec": {"of": "codec"},
        "prior": {"reads": ["dataset", "task"], "options": []},
        "control": {"after": ["codec", "prior"], "reads": ["dataset", "task"], "options": ["strength"]},
    }

    def __init__(
        self,
        context: MethodContext,
        *,
        width: Annotated[int, "[1, inf)"] = 4,
        strength: Annotated[float, "[0, inf)"] = 1.0,
    ) -> None:
        builds_on = {"control": ["codec", "prior"]}
        super().__init__(context, {"codec": width, "prior": 4, "control": 4}, builds_on)
        self.strength = strength
