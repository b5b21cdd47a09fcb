"""Two methods for the tests, put into a copy of the checkout as methods/chain.py: a chain of three cached trainings.

``chain`` trains on top of two upstream stages, the codec, which is ``codec``'s own and shared with it, and a prior
of its own: the shape of a method with an autoencoder, a frozen prior and a control network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from torch import Tensor, nn

from methods.base import Batch, Given, Method, Setting
from methods.samplers import NoiseSource, Sampler
from methods.training import Learner
from registry import register


class Chained(Method):
    """One convolution for each stage; a stage's loss is that of its own on top of those that it builds on."""

    builds_on: dict[str, list[str]] = {}

    def __init__(self, setting: Setting, names: list[str]) -> None:
        super().__init__()
        self.setting, self.names = setting, names
        self.parts = nn.ModuleDict(
            {name: nn.Conv2d(setting.shape[0], setting.shape[0], 3, padding=1) for name in names}
        )
        self.learner: Learner | None = None

    def begin(self, stage: str) -> None:
        self.stage = stage
        self.learner = Learner(self.parts[stage].parameters(), self.setting.recipe)

    def update(self, batch: Batch) -> dict[str, float]:
        assert self.learner is not None and batch.given.degraded is not None
        x = batch.given.degraded + 0.01 * batch.normal()
        with torch.no_grad():
            for name in self.builds_on.get(self.stage, []):
                x = x + self.parts[name](x)
        loss = (x + self.parts[self.stage](x) - batch.clean).square().mean()
        self.learner.step(loss)
        return {"loss": float(loss.detach())}

    def sample(self, given: Given, sampler: Sampler, noise: NoiseSource) -> Tensor:
        assert given.degraded is not None
        x = given.degraded.to(next(self.parameters()).device)
        for name in self.names:
            x = x + self.parts[name](x)
        return x.clamp(-1, 1)

    def backbones(self) -> list[nn.Module]:
        return list(self.parts.values())

    def state(self, stage: str) -> dict[str, Tensor]:
        assert self.learner is not None
        own = {f"w.{name}": value for name, value in self.weights(stage).items()}
        return own | {f"o.{name}": value for name, value in self.learner.state().items()}

    def resume(self, stage: str, tensors: Mapping[str, Tensor]) -> None:
        assert self.learner is not None
        self.load(stage, {name[2:]: value for name, value in tensors.items() if name.startswith("w.")})
        self.learner.load({name[2:]: value for name, value in tensors.items() if name.startswith("o.")})

    def weights(self, stage: str) -> dict[str, Tensor]:
        return dict(self.parts[stage].state_dict())

    def load(self, stage: str, tensors: Mapping[str, Tensor]) -> None:
        self.parts[stage].load_state_dict(dict(tensors))


@register("method", "codec")
class Codec(Chained):
    """The first stage alone."""

    version = 1
    samples_read = ()
    stages = {"codec": {"after": [], "reads": ["task", "dataset"], "options": ["width"]}}

    def __init__(self, setting: Setting, *, width: Annotated[int, "[1, inf)"] = 4) -> None:
        super().__init__(setting, ["codec"])


@register("method", "chain")
class Chain(Chained):
    """Three stages; ``strength`` is read by the last one only."""

    version = 1
    samples_read = ()
    stages = {
        "codec": {"of": "codec"},
        "prior": {"after": [], "reads": ["dataset", "task"], "options": []},
        "control": {"after": ["codec", "prior"], "reads": ["dataset", "task"]},
    }
    builds_on = {"control": ["codec", "prior"]}

    def __init__(
        self, setting: Setting, *, width: Annotated[int, "[1, inf)"] = 4, strength: Annotated[float, "[0, inf)"] = 1.0
    ) -> None:
        super().__init__(setting, ["codec", "prior", "control"])
