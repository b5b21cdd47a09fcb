"""DDPM's schedules: variances beta_1..beta_T, brought into the plane by `from_betas`.

Sources: linear, quad, const and jsd of hojonathanho/diffusion (``diffusion_utils_2.py``), sigmoid of ermongroup/ddim
(``runners/diffusion.py``), cosine of Nichol and Dhariwal (ICML 2021, eq. 17), scaled_linear of latent diffusion.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated

import torch
from torch import Tensor

from errors import UserError
from methods.schedules import Schedule, from_betas
from registry import register
from registry.facts import Facts


class Betas(Facts, ABC):
    """A schedule told by its variances; a subclass says the curve. ``kind`` of the task plays no part here."""

    def __init__(
        self,
        kind: str,
        *,
        T: Annotated[int, "[1, inf)"] = 1000,
        beta_start: Annotated[float, "(0, 1]"] = 1e-4,
        beta_end: Annotated[float, "(0, 1]"] = 0.02,
    ) -> None:
        if beta_end < beta_start:
            raise UserError(f"schedule.beta_end={beta_end} lies below beta_start={beta_start}")
        self.T, self.beta_start, self.beta_end = T, beta_start, beta_end

    @abstractmethod
    def betas(self) -> Tensor:
        """The variances (T,) in float64."""

    def build(self) -> Schedule:
        """The tables in the plane."""
        return from_betas(self.betas())

    def _line(self, start: float, end: float) -> Tensor:
        return torch.linspace(start, end, self.T, dtype=torch.float64)


@register("schedule", "linear")
class Linear(Betas):
    """beta_t from beta_start to beta_end in equal steps (DDPM, section 4)."""

    def betas(self) -> Tensor:
        """beta_t = beta_start + (t - 1) / (T - 1) (beta_end - beta_start)."""
        return self._line(self.beta_start, self.beta_end)


@register("schedule", "quad")
@register("schedule", "scaled_linear", beta_start=0.00085, beta_end=0.012)
class Quad(Betas):
    """sqrt(beta_t) in equal steps; `scaled_linear` is the same curve with Stable Diffusion's ends."""

    def betas(self) -> Tensor:
        """beta_t = (linear from sqrt(beta_start) to sqrt(beta_end))^2."""
        return self._line(math.sqrt(self.beta_start), math.sqrt(self.beta_end)) ** 2


@register("schedule", "sigmoid")
class Sigmoid(Betas):
    """beta_t along a logistic curve over [-6, 6]."""

    def betas(self) -> Tensor:
        """beta_t = beta_start + sigmoid(u_t) (beta_end - beta_start), u_t in equal steps over [-6, 6]."""
        return torch.sigmoid(self._line(-6.0, 6.0)) * (self.beta_end - self.beta_start) + self.beta_start


@register("schedule", "const")
class Const(Betas):
    """The same beta at every step."""

    def betas(self) -> Tensor:
        """beta_t = beta_end."""
        return self._line(self.beta_end, self.beta_end)


@register("schedule", "jsd")
class Jsd(Facts):
    """beta_t = 1/T, 1/(T-1), ..., 1: its last level is pure noise, so noise prediction is refused with it."""

    def __init__(self, kind: str, *, T: Annotated[int, "[1, inf)"] = 1000) -> None:
        self.T = T

    def build(self) -> Schedule:
        """beta_t = 1 / (T - t + 1)."""
        return from_betas(1.0 / torch.arange(self.T, 0, -1, dtype=torch.float64))


@register("schedule", "cosine")
class Cosine(Facts):
    """abar follows a squared cosine (Nichol and Dhariwal, eq. 17), betas capped at ``beta_max``."""

    def __init__(
        self,
        kind: str,
        *,
        T: Annotated[int, "[1, inf)"] = 1000,
        offset: Annotated[float, "[0, 1)"] = 0.008,
        beta_max: Annotated[float, "(0, 1]"] = 0.999,
    ) -> None:
        self.T, self.offset, self.beta_max = T, offset, beta_max

    def build(self) -> Schedule:
        """beta_t = min(1 - f(t) / f(t - 1), beta_max), f(t) = cos^2((t / T + offset) / (1 + offset) pi / 2)."""
        t = torch.arange(self.T + 1, dtype=torch.float64) / self.T
        f = torch.cos((t + self.offset) / (1 + self.offset) * math.pi / 2) ** 2
        return from_betas((1 - f[1:] / f[:-1]).clamp(max=self.beta_max))
