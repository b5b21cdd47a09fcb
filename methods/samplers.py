"""Walks through the plane, from noise to an image: way-points, the noise put back at each step, edits of x0."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple, Protocol

from torch import Tensor

from errors import UserError
from methods.edits import Edit
from methods.observation import Observation
from methods.process import Components, fresh_std, step
from methods.schedules import Schedule
from registry import create, register
from registry.facts import Facts


class Waypoint(NamedTuple):
    """A way-point (a[i], b[j]): residual index i, noise index j."""

    i: int
    j: int


Denoise = Callable[[Tensor, Waypoint], Components]


class NoiseSource(Protocol):
    """Noise by purpose and draw, each image's own: ``normal("step", k, shape)`` is (B, *shape), float32."""

    def normal(self, purpose: str, draw: int, shape: tuple[int, ...]) -> Tensor:
        """The draw-th standard normal noise of a purpose."""


def uniform(T: int, steps: int) -> list[int]:
    """Indices T > ... > 0 in equal strides: floor(k T / steps), k = steps..0 (RDDM's ``ddim_sample``; starts at T)."""
    return [k * T // steps for k in range(steps, -1, -1)]


def leading(T: int, steps: int) -> list[int]:
    """DDIM's uniform sub-sequence: 1 + k floor(T / steps), then 0; starts below T (ermongroup/ddim, skip uniform)."""
    return [1 + k * (T // steps) for k in range(steps - 1, -1, -1)] + [0]


def quadratic(T: int, steps: int) -> list[int]:
    """DDIM's quadratic sub-sequence: 1 + floor(u_k^2), u_k in equal steps over [0, sqrt(0.8 T)], then 0.

    Where the squares crowd together the indices are pushed apart to the next free ones, so that each step
    count from 1 to T gives that many distinct levels.
    """
    top = math.sqrt(0.8 * T)
    indices: list[int] = []
    for k in range(steps):
        index = 1 + int((top * k / max(steps - 1, 1)) ** 2)
        free = indices[-1] + 1 if indices else 1
        indices.append(min(max(index, free), T - (steps - 1 - k)))
    return [*reversed(indices), 0] if steps > 1 else [T, 0]


SPACINGS = {"uniform": uniform, "leading": leading, "quadratic": quadratic}


def together(indices: list[int]) -> list[Waypoint]:
    """Residual and noise leave at the same pace, along the schedule."""
    return [Waypoint(k, k) for k in indices]


def residual_first(indices: list[int]) -> list[Waypoint]:
    """All of the residual leaves first, then all of the noise (RDDM, section 4.4): twice the steps."""
    return [Waypoint(k, indices[0]) for k in indices] + [Waypoint(0, k) for k in indices[1:]]


def noise_first(indices: list[int]) -> list[Waypoint]:
    """All of the noise leaves first, then all of the residual (RDDM, section 4.4): twice the steps."""
    return [Waypoint(indices[0], k) for k in indices] + [Waypoint(k, 0) for k in indices[1:]]


ORDERS = {"together": together, "residual_first": residual_first, "noise_first": noise_first}


# What eta multiplies: the posterior's standard deviation (DDIM, eq. 16) or its variance (RDDM, eq. 7).
ETAS: dict[str, Callable[[float], float]] = {"std": lambda eta: eta, "variance": math.sqrt}


class Sampler(Facts, ABC):
    """A way to walk from the process' end to an image. A new one is a registered subclass in a file of its own."""

    @abstractmethod
    def sample(
        self, schedule: Schedule, denoise: Denoise, x_in: Tensor, noise: NoiseSource, observation: Observation
    ) -> Tensor:
        """Walk from x_in + start_std z to the clean end; x_in (B, ...) is the process' end, 0 for generation.

        ``denoise(x, waypoint)`` gives the components of x at a way-point, ``observation`` is for edits of them. Noise
        comes by purpose: "init" once, "step" with the step's number, so that two samplings with the same seeds differ
        only where they have to.
        """


@register("sampler", "ddim", steps={"smoke": 4, "cpu": 20, "gpu": 50, "paper": 100})
@register("sampler", "ddpm", eta=1.0, steps={"smoke": 4, "cpu": 100, "gpu": None, "paper": None})
@register("sampler", "rddm", eta_scales="variance", steps={"smoke": 2, "cpu": 5, "gpu": 5, "paper": 5})
class EtaSampler(Sampler):
    """The generalised reverse walk: eta = 0 implicit (DDIM, RDDM), eta = 1 ancestral (DDPM).

    Each step p -> q puts back noise of standard deviation s = f(eta) posterior_std(p, q), f(eta) = eta where
    ``eta_scales`` is std (DDIM, eq. 16) and sqrt(eta) where it is variance (RDDM, eq. 7): equal at 0 and 1 only.
    ``steps`` unset walks every level, T steps. The two path orders that separate residual and noise take 2 x steps.
    ``clip`` is the edit of the estimated x0 before each step.
    The three names are one class with the defaults of their papers.
    """

    def __init__(
        self,
        *,
        steps: Annotated[int, "[1, inf)"] | None = None,
        eta: Annotated[float, "[0, 1]"] = 0.0,
        eta_scales: Literal["std", "variance"] = "std",
        spacing: Literal["uniform", "leading", "quadratic"] = "uniform",
        order: Literal["together", "residual_first", "noise_first"] = "together",
        clip: Annotated[str, "edit"] = "x0",
    ) -> None:
        self.steps, self.strength = steps, ETAS[eta_scales](eta)
        self.spacing, self.order = SPACINGS[spacing], ORDERS[order]
        self.edit: Edit = create("edit", clip, {})

    def walk(self, T: int) -> list[Waypoint]:
        """The way-points, from the first noisy one to (0, 0); `UserError` when there are fewer levels than steps."""
        steps = T if self.steps is None else self.steps
        if steps > T:
            raise UserError(f"sampler.steps={steps} is more than the schedule's T={T} levels")
        return self.order(self.spacing(T, steps))

    def sample(
        self, schedule: Schedule, denoise: Denoise, x_in: Tensor, noise: NoiseSource, observation: Observation
    ) -> Tensor:
        """Walk the way-points: one call of ``denoise`` and one step each."""
        shape = tuple(x_in.shape[1:])
        path = self.walk(schedule.T)
        if self.order is not together and bool((schedule.b.diff() < 0).any()):
            raise UserError("sampler.order=together is the only one for a bridge, whose noise does not only leave")
        x = x_in + schedule.start_std * noise.normal("init", 0, shape).to(x_in)
        for number, (here, there) in enumerate(zip(path, path[1:], strict=False)):
            p, q = schedule.point(*here), schedule.point(*there)
            components = self.edit(denoise(x, here), p, observation)
            s = fresh_std(p, q, schedule.chain, self.strength)
            z = noise.normal("step", number, shape).to(x) if s > 0 else None
            x = step(components, q, s, z)
        return x
