"""What a network predicts: each parameterization maps components to outputs (`target`) and back (`complete`).

The law of all: ``complete(mix(c, p), x_in, p, target(c, p)) == c`` at every level where it is not singular.
``indices`` says which of a way-point's two indices the network of each output is conditioned on: "i" (residual)
or "j" (noise), as RDDM conditions its residual network on a and its noise network on b.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor, as_tensor, where

from errors import UserError
from methods.process import Components, Level, Scalar, noise_of
from methods.schedules import Schedule


class Parameterization(ABC):
    """The regression target of a method and its inverse; shapes are those of x throughout."""

    indices: tuple[str, ...]

    @abstractmethod
    def target(self, c: Components, p: Level) -> tuple[Tensor, ...]:
        """What the network's outputs should be at level p."""

    @abstractmethod
    def complete(self, x: Tensor, x_in: Tensor, p: Level, outputs: tuple[Tensor, ...]) -> Components:
        """All components from x at level p, the process' end x_in, and the network's outputs."""

    def check(self, schedule: Schedule) -> None:
        """Raise `UserError` where the schedule holds a level that this parameterization can't invert."""


class Residual(Parameterization):
    """The network predicts res = x_in - x0 (RDDM, SM-Res: lambda_res = 1, lambda_eps = 0)."""

    indices = ("i",)

    def target(self, c: Components, p: Level) -> tuple[Tensor, ...]:
        """res."""
        return (c.res,)

    def complete(self, x: Tensor, x_in: Tensor, p: Level, outputs: tuple[Tensor, ...]) -> Components:
        """x0 = x_in - res, eps = (x - x_in - (a - 1) res) / b (RDDM, section 3.2)."""
        res = outputs[0]
        x0 = x_in - res
        return Components(x0, res, noise_of(x, x0, res, p))


class Noise(Parameterization):
    """The network predicts eps (DDPM; RDDM's SM-N: lambda_res = 0, lambda_eps = 1).

    Singular at a = 1, where x = x_in + b eps holds nothing of x0. ``floor`` = 0 refuses such schedules; RDDM's code
    instead takes 1 - a as at least 1e-6 there (``one_minus_alphas_cumsum``) and lets clipping rescue the estimate.
    """

    indices = ("j",)

    def __init__(self, floor: float = 0.0) -> None:
        self.floor = floor

    def check(self, schedule: Schedule) -> None:
        """Refuse a = 1 unless there is a floor."""
        if self.floor == 0 and float(schedule.a[-1]) == 1.0:
            raise UserError(
                "schedule: noise can't be predicted where the signal is gone (a = 1, zero terminal SNR); "
                "choose another schedule, or predict velocity or the clean image"
            )

    def target(self, c: Components, p: Level) -> tuple[Tensor, ...]:
        """eps."""
        return (c.eps,)

    def complete(self, x: Tensor, x_in: Tensor, p: Level, outputs: tuple[Tensor, ...]) -> Components:
        """x0 = (x - a x_in - b eps) / (1 - a), res = x_in - x0."""
        eps, kept = outputs[0], 1 - p.a
        kept = kept.clamp(min=self.floor) if isinstance(kept, Tensor) else max(kept, self.floor)
        x0 = (x - p.a * x_in - p.b * eps) / kept
        return Components(x0, x_in - x0, eps)


class ResidualNoise(Parameterization):
    """Two outputs, res and eps (RDDM, SM-Res-N: lambda_res = lambda_eps = 1). Never singular."""

    indices = ("i", "j")

    def target(self, c: Components, p: Level) -> tuple[Tensor, ...]:
        """(res, eps)."""
        return (c.res, c.eps)

    def complete(self, x: Tensor, x_in: Tensor, p: Level, outputs: tuple[Tensor, ...]) -> Components:
        """x0 = x - a res - b eps (RDDM, eq. 8); x_in is not needed."""
        res, eps = outputs
        return Components(x - p.a * res - p.b * eps, res, eps)


class Clean(Parameterization):
    """The network predicts x0."""

    indices = ("i",)

    def target(self, c: Components, p: Level) -> tuple[Tensor, ...]:
        """x0."""
        return (c.x0,)

    def complete(self, x: Tensor, x_in: Tensor, p: Level, outputs: tuple[Tensor, ...]) -> Components:
        """res = x_in - x0, eps = (x - x0 - a res) / b."""
        x0 = outputs[0]
        res = x_in - x0
        return Components(x0, res, noise_of(x, x0, res, p))


class Velocity(Parameterization):
    """The network predicts v = (1 - a) eps - b x0 (Salimans and Ho, ICLR 2022, section 4).

    There alpha = 1 - a and sigma = b; with x_in = 0 and alpha^2 + sigma^2 = 1 it is their v. Works at zero
    terminal SNR; singular only where both 1 - a and b are 0.
    """

    indices = ("j",)

    def check(self, schedule: Schedule) -> None:
        """Refuse levels with 1 - a = b = 0."""
        if bool(((schedule.a == 1) & (schedule.b == 0)).any()):
            raise UserError("schedule: velocity can't be inverted where a = 1 and b = 0; give it noise (sum_scale > 0)")

    def target(self, c: Components, p: Level) -> tuple[Tensor, ...]:
        """(1 - a) eps - b x0."""
        return ((1 - p.a) * c.eps - p.b * c.x0,)

    def complete(self, x: Tensor, x_in: Tensor, p: Level, outputs: tuple[Tensor, ...]) -> Components:
        """x0 = ((1 - a) y - b v) / n, eps = (b y + (1 - a) v) / n, y = x - a x_in, n = (1 - a)^2 + b^2."""
        v = outputs[0]
        y = x - p.a * x_in
        norm = (1 - p.a) ** 2 + p.b**2
        x0 = ((1 - p.a) * y - p.b * v) / norm
        return Components(x0, x_in - x0, (p.b * y + (1 - p.a) * v) / norm)


class Displacement(Parameterization):
    """The network predicts out = (a res + b eps) / w, how far x lies from x0: x0 = x - w out.

    ``weight`` gives w > 0 at a level. w = a is the velocity of a flow along a straight line, b = a (rectified flow, Liu
    et al., ICLR 2023), w = sqrt(a S) = sigma_t that of I2SB with S the sum of its betas (Liu et al., ICML 2023),
    w = 1 BBDM's (Li et al., CVPR 2023). Never singular.
    """

    indices = ("i",)

    def __init__(self, weight: Callable[[Level], Scalar]) -> None:
        self.weight = weight

    def check(self, schedule: Schedule) -> None:
        """Refuse levels where the weight is not above 0."""
        if not bool((as_tensor(self.weight(Level(schedule.a[1:], schedule.b[1:]))) > 0).all()):
            raise UserError("schedule: a displacement can't be told where its weight is 0; its first level must move")

    def target(self, c: Components, p: Level) -> tuple[Tensor, ...]:
        """(a res + b eps) / w."""
        return ((p.a * c.res + p.b * c.eps) / self.weight(p),)

    def complete(self, x: Tensor, x_in: Tensor, p: Level, outputs: tuple[Tensor, ...]) -> Components:
        """x0 = x - w out, res = x_in - x0, eps = (x - x0 - a res) / b; where b = 0, res = (x - x0) / a and eps = 0.

        Without noise x tells the whole of res, so that the components mix to x even where the network errs: the
        deterministic flow from x_in (I2SB's OT-ODE, InDI without noise).
        """
        x0 = x - self.weight(p) * outputs[0]
        res = _residual(x, x0, x_in, p)
        return Components(x0, res, noise_of(x, x0, res, p))


def _residual(x: Tensor, x0: Tensor, x_in: Tensor, p: Level) -> Tensor:
    """(x - x0) / a where b = 0 < a, else x_in - x0."""
    if isinstance(p.a, Tensor):
        bare = (as_tensor(p.b) == 0) & (p.a > 0)
        return where(bare, (x - x0) / where(bare, p.a, 1.0), x_in - x0)
    return (x - x0) / p.a if p.b == 0 < p.a else x_in - x0
