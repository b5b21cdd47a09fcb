"""Regression along a schedule: what DDPM, DDIM and RDDM have in common, which is nearly everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from errors import UserError
from methods.base import Method, MethodContext
from methods.observation import Batch, Observation
from methods.parameterizations import Parameterization
from methods.parts import Parts
from methods.predictor import Predictor
from methods.process import Components, mix
from methods.samplers import NoiseSource, Sampler, Waypoint
from methods.training import EMA, Learner

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"l1": F.l1_loss, "l2": F.mse_loss}


def nothing(clean: Tensor, degraded: Tensor | None) -> Tensor:
    """x_in = 0: the process ends in pure noise, the degraded picture is only seen by the network (DDPM, DDIM)."""
    return torch.zeros_like(clean)


def the_degraded(clean: Tensor, degraded: Tensor | None) -> Tensor:
    """x_in = the degraded picture, 0 where there is none (RDDM)."""
    return torch.zeros_like(clean) if degraded is None else degraded


def see_degraded_and_mask(observation: Observation) -> Tensor | None:
    """The degraded picture and its mask as one more channel in [-1, 1], as RDDM's shadow removal sees them."""
    if observation.degraded is None or observation.mask is None:
        raise ValueError("there is no degraded picture with a mask to see")
    return torch.cat((observation.degraded, 2 * observation.mask - 1), dim=1)


SEEN: dict[str, Callable[[Observation], Tensor | None]] = {
    "degraded": lambda observation: observation.degraded,
    "degraded_mask": see_degraded_and_mask,
}


@dataclass(frozen=True)
class RegressionDesign:
    """The values in which regression methods differ.

    ``end(clean, degraded)`` gives the process' end x_in; ``weights`` weigh the outputs' losses (lambda_res,
    lambda_eps); ``time`` is what networks are conditioned on: "index" (t) or "level" (a T, b T); ``sees`` is what
    they see beside x: "degraded" (nothing when generating) or "degraded_mask".
    """

    parameterization: Parameterization
    end: Callable[[Tensor, Tensor | None], Tensor]
    loss: str = "l2"
    weights: tuple[float, ...] = (1.0,)
    networks: int = 1
    time: str = "index"
    sees: str = "degraded"


class Diffusion(Method):
    """Minimises sum_k lambda_k |target_k - output_k(x, cond, i, i)| over i uniform in 1..T, and walks back.

    DDPM's L_simple (eq. 14) and RDDM's L_res + L_eps (eq. 10) are this with their parameterizations. Each network has
    an optimizer of its own, as in RDDM's code. Raises `UserError` where schedule and parameterization do not fit.
    """

    def __init__(self, context: MethodContext, design: RegressionDesign) -> None:
        super().__init__()
        design.parameterization.check(context.schedule)
        if context.kind == "generation" and context.schedule.start_std < 1 - 1e-6:
            raise UserError(
                "task=generate starts from noise alone, of standard deviation 1 or more, and this schedule from "
                f"{context.schedule.start_std:g}: schedule.sum_scale must be 1, or take another schedule"
            )
        axes, channels = design.parameterization.indices, context.shape[0]
        outputs = {1: len(axes), len(axes): 1}[design.networks]
        nets = [
            context.network(channels + _channels_seen(context, design), channels * outputs)
            for _ in range(design.networks)
        ]
        self.context, self.design = context, design
        self.network = self._predictor(nets)
        self.predict: Callable[..., tuple[Tensor, ...]] = self.network.__call__
        self.averages = [EMA(net, context.optimizer.ema) for net in nets]
        self.ema = self._predictor([average.module for average in self.averages])
        self.learners: list[Learner] = []

    def begin(self, stage: str) -> None:
        """Make the optimizers, on the device where the weights are by now."""
        self.learners = [Learner(net.parameters(), self.context.optimizer) for net in self.network.backbones()]

    def parts(self, stage: str) -> Parts:
        """The networks by their names in RDDM's checkpoints, ``unet0`` and ``unet1``, each with all that is its own."""
        names = self.network.names
        learners = dict(zip(names, self.learners, strict=False))  # none before the stage has begun
        networks = dict(zip(names, self.network.backbones(), strict=True))
        return Parts(networks, learners, dict(zip(names, self.averages, strict=True)))

    def update(self, batch: Batch) -> dict[str, float]:
        """One step of every network; {"loss": the weighted sum}."""
        design, schedule = self.design, self.context.schedule
        i = batch.indices(1, schedule.T)
        x_in = design.end(batch.clean, batch.observation.degraded)
        components = Components(batch.clean, x_in - batch.clean, batch.normal())
        p = schedule.points(i, batch.clean)
        outputs = self.predict(mix(components, p), SEEN[design.sees](batch.observation), i, i)
        targets = design.parameterization.target(components, p)
        losses = [
            weight * LOSSES[design.loss](output, target)
            for weight, output, target in zip(design.weights, outputs, targets, strict=True)
        ]
        # Separate networks see separate losses; a shared one their sum.
        for learner, loss in zip(self.learners, losses if len(self.learners) > 1 else [sum(losses)], strict=True):
            learner.step(torch.as_tensor(loss))
        for average, net in zip(self.averages, self.network.backbones(), strict=True):
            average.update(net, self.learners[0].steps_done)
        return {"loss": float(sum(float(loss.detach()) for loss in losses))}

    def distribute(self, wrap: Callable[[nn.Module], nn.Module]) -> None:
        """Wrap the networks one by one: each has an optimizer, and where there are two a loss, of its own."""
        # The call and not the module: as an attribute that would be a part of this one, and its weights there twice.
        self.predict = self._predictor([wrap(net) for net in self.network.backbones()]).__call__

    @torch.no_grad()
    def sample(self, observation: Observation, sampler: Sampler, noise: NoiseSource) -> Tensor:
        """Walk from the process' end with the averaged weights."""
        x_in = self.end(observation)
        return sampler.sample(
            self.context.schedule,
            lambda x, waypoint: self.components(x, observation, waypoint),
            x_in,
            noise,
            observation,
        )

    def end(self, observation: Observation) -> Tensor:
        """The process' end x_in (B, ...) for what is given, on the weights' device and in their type."""
        like = next(self.ema.parameters())
        blank = torch.zeros((observation.count, *self.context.shape), device=like.device, dtype=like.dtype)
        return self.design.end(blank, observation.degraded)

    def components(self, x: Tensor, observation: Observation, waypoint: Waypoint) -> Components:
        """What the averaged network takes x (B, ...) at a way-point for: x0, residual and noise."""
        i, j = (torch.full((observation.count,), index, device=x.device) for index in waypoint)
        outputs = self.ema(x, SEEN[self.design.sees](observation), i, j)
        return self.design.parameterization.complete(
            x, self.end(observation), self.context.schedule.point(*waypoint), outputs
        )

    def backbones(self) -> list[nn.Module]:
        """The averaged networks."""
        return self.ema.backbones()

    def _predictor(self, nets: list[nn.Module]) -> Predictor:
        context, design = self.context, self.design
        axes = design.parameterization.indices
        return Predictor(context.schedule, nets, axes, design.time, context.autocast)


def _channels_seen(context: MethodContext, design: RegressionDesign) -> int:
    """Channels that networks see beside x: `UserError` where a mask is asked for and there is none."""
    if context.kind == "generation":
        return 0
    if design.sees == "degraded_mask" and not context.masked:
        raise UserError("method.sees=degraded_mask needs masks: take task=shadow, raindrop or inpaint, or dataset=istd")
    return context.shape[0] + {"degraded": 0, "degraded_mask": 1}[design.sees]
