"""Methods for the tests, put into a copy of the checkout as methods/chain.py: chains of three and four trainings.

``chain`` trains on top of two upstream stages, the codec, which is ``codec``'s own and shared with it, and a prior
of its own: the shape of a method with an autoencoder, a frozen prior and a control network. ``relay`` has a restorer
between them, with slots.
"""

from __future__ import annotations

from dataclasses import replace
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


@register("method", "relay")
class Relay(Chained):
    """Four stages with slots of their own: the restorer has a network and a budget, control a schedule, and the prior
    is trained for generation whatever the task is."""

    version = 1
    samples_read = ()
    slots = {"restorer.network": "unet", "restorer.train": None, "control.schedule": "linear"}
    defaults = {"restorer.network.dim_mults": [1, 2], "restorer.train.warmup": 5}
    stages = {
        "codec": {"of": "codec"},
        "restorer": {
            "after": ["codec"],
            "reads": ["dataset", "task", "restorer.network", "restorer.train"],
            "options": [],
        },
        "prior": {"reads": ["dataset"], "kind": "generation", "options": []},
        "control": {"after": ["restorer", "prior"], "reads": ["dataset", "task", "control.schedule"], "options": []},
    }

    def __init__(self, context: MethodContext, *, width: Annotated[int, "[1, inf)"] = 4) -> None:
        builds_on = {"restorer": ["codec"], "control": ["codec", "restorer", "prior"]}
        super().__init__(context, {"codec": width, "prior": 4, "control": 4}, builds_on)
        channels = context.shape[0]
        self.nets["restorer"] = Still(context.networks["restorer.network"](channels, channels))

    def begin(self, stage: str) -> None:
        super().begin(stage)
        own = self.context.optimizers["restorer.train"] if stage == "restorer" else self.context.optimizer
        self.learners = {stage: Learner(self.nets[stage].parameters(), own)}

    def update(self, batch: Batch) -> dict[str, float]:
        if self.stage == "prior":  # it is trained for generation: nothing is given
            assert batch.observation.degraded is None and self.context.kind == "generation"
            batch = replace(batch, observation=Observation(len(batch.clean), batch.clean + 0.1 * batch.normal()))
        if self.stage == "control":
            level = self.context.schedules["control.schedule"].point(1, 1)
            assert batch.observation.degraded is not None
            given = batch.observation.degraded + level.b * batch.normal()
            batch = replace(batch, observation=replace(batch.observation, degraded=given))
        return super().update(batch)


class Still(nn.Module):
    """A network of x and t at t = 0."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.network(x, torch.zeros(len(x), device=x.device))
        return out
