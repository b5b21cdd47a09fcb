"""The training options every method shares, and the optimizer and average that a method owns."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from registry import register
from registry.facts import Facts


@dataclass(frozen=True)
class OptimizerConfig:
    """What a `Learner` and an `EMA` need to know of the training options."""

    optimizer: str
    lr: float
    steps: int
    warmup: int
    decay: str
    clip: float
    ema: float
    betas: tuple[float, float] = (0.9, 0.99)  # beta2 as RDDM and denoising-diffusion-pytorch train


@register(
    "train",
    "default",
    steps={"smoke": 8, "cpu": 360, "gpu": 20_000, "paper": 120_000},
    batch_size={"smoke": 2, "cpu": 4, "gpu": 32, "paper": 32},
    lr={"smoke": 1e-3, "cpu": 1e-3, "gpu": 2e-4, "paper": 8e-5},
    ema={"smoke": 0.9, "cpu": 0.99, "gpu": 0.999, "paper": 0.995},
)
class Train(Facts):
    """How long and how fast: told in optimizer steps, so that a training costs the same for every method.

    ``decay`` is the learning rate's way from ``lr`` after ``warmup`` steps: constant, or to 0 along a half cosine or a
    line. ``beta1`` and ``beta2`` are those of Adam and its kin (Kingma and Ba, ICLR 2015), whose running means of the
    gradient and of its square forget at these rates. ``clip`` bounds the gradient's norm, 0 leaves it. ``ema`` is the
    decay of the averaged weights that sampling uses. ``checkpoint_seconds`` says how much work a killed training may
    lose; it changes no result. ``devices`` share each batch (``batch_size`` is that of all of them together), which
    changes results by float rounding only.
    """

    free = ("checkpoint_seconds", "devices")
    multiples = {"batch_size": "devices"}

    def __init__(  # noqa: PLR0913 - the options of a component are its signature
        self,
        *,
        steps: Annotated[int, "[1, inf)"] = 500,
        batch_size: Annotated[int, "[1, inf)"] = 8,
        optimizer: Literal["adam", "adamw", "radam"] = "adam",
        lr: Annotated[float, "(0, inf)"] = 1e-3,
        beta1: Annotated[float, "[0, 1)"] = 0.9,
        beta2: Annotated[float, "[0, 1)"] = 0.99,
        decay: Literal["cosine", "constant", "linear"] = "cosine",
        warmup: Annotated[int, "[0, inf)"] = 20,
        clip: Annotated[float, "[0, inf)"] = 1.0,
        ema: Annotated[float, "[0, 1)"] = 0.99,
        checkpoint_seconds: Annotated[float, "[0, inf)"] = 60.0,
        devices: Annotated[int, "[1, inf)"] = 1,
    ) -> None:
        self.batch_size, self.checkpoint_seconds, self.steps = batch_size, checkpoint_seconds, steps
        self.devices = devices
        self.optimizer = OptimizerConfig(optimizer, lr, steps, warmup, decay, clip, ema, (beta1, beta2))


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True),
    "radam": partial(torch.optim.RAdam, foreach=True),
}

DECAYS: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: (1.0 + math.cos(math.pi * done)) / 2,
}


class Learner:
    """One optimizer over some parameters, with its gradient clipping and learning-rate schedule.

    ``state`` and ``load`` are a flat map of tensors, so that a checkpoint needs no pickle.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], config: OptimizerConfig) -> None:
        self.parameters = list(parameters)
        self.config = config
        self.optimizer = OPTIMIZERS[config.optimizer](self.parameters, lr=config.lr, betas=config.betas)
        self.steps_done = 0

    def rate(self) -> float:
        """lr_k = lr min(1, (k + 1) / (warmup + 1)) decay(k / steps) at step k."""
        k, config = self.steps_done, self.config
        return config.lr * min(1.0, (k + 1) / (config.warmup + 1)) * DECAYS[config.decay](min(k / config.steps, 1.0))

    def step(self, loss: Tensor) -> None:
        """One update along the gradient of a scalar loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.config.clip > 0:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
        self.optimizer.step()
        self.steps_done += 1

    def state(self) -> dict[str, Tensor]:
        """Every tensor of the optimizer, by parameter number and name, and the steps done."""
        tensors = {"steps_done": torch.tensor(self.steps_done)}
        for number, entries in self.optimizer.state_dict()["state"].items():
            tensors |= {f"{number}.{name}": torch.as_tensor(value) for name, value in entries.items()}
        return tensors

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `state` gave."""
        entries: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            number, _, field = name.partition(".")
            if field:
                entries.setdefault(int(number), {})[field] = _laid_out(value, self.parameters[int(number)])
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": entries, "param_groups": groups})
        self.steps_done = int(tensors["steps_done"])


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """A state tensor in its parameter's memory format: fused optimizers walk both as flat memory."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


class EMA:
    """An exponential moving average of a module's weights: w <- d w + (1 - d) w_now.

    d = min(decay, (1 + k) / (10 + k)) after k updates, so that short trainings are not averaged with their start.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, module: nn.Module, k: int) -> None:
        """Move towards the module's weights after its k-th step; buffers are copied."""
        decay = min(self.decay, (1 + k) / (10 + k))
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), 1 - decay)
        for mine, theirs in zip(self.module.buffers(), module.buffers(), strict=True):
            mine.copy_(theirs)
