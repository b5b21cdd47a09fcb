"""Noise and residual schedules: float64 tables a[0..T], b[0..T] with index 0 the clean image.

Because index 0 is there, no sampler needs a special case for its last step. T + 1 entries each.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from errors import UserError
from methods.process import Chain, Level, contracting


@dataclass(frozen=True)
class Schedule:
    """Two tables (T + 1,) in float64 and the chain that tells a step's posterior variance.

    Refused with a `UserError`: tables of different lengths, a[0] or b[0] other than 0, a table that falls,
    a outside [0, 1], b negative or not finite.
    """

    a: Tensor
    b: Tensor
    chain: Chain

    def __post_init__(self) -> None:
        if self.a.shape != self.b.shape or self.a.ndim != 1 or len(self.a) < 2:
            raise UserError(f"schedule: a {tuple(self.a.shape)} and b {tuple(self.b.shape)} must be tables of T + 1")
        for name, table in (("a", self.a), ("b", self.b)):
            if table.dtype != torch.float64 or not bool(table.isfinite().all()):
                raise UserError(f"schedule: {name} must be finite and float64")
            if table[0] != 0 or bool((table.diff() < 0).any()):
                raise UserError(f"schedule: {name} must start at 0 (the clean image) and never fall")
        if self.a[-1] > 1:
            raise UserError(f"schedule: a must end at 1 or below, got {float(self.a[-1])}")

    @property
    def T(self) -> int:
        """The number of levels above the clean image."""
        return len(self.a) - 1

    @property
    def start_std(self) -> float:
        """Standard deviation of the noise that sampling starts from: 1 for a chain whose end is N(0, I), else b_T."""
        return 1.0 if self.chain is contracting else float(self.b[-1])

    def point(self, i: int, j: int) -> Level:
        """The level (a[i], b[j]) as floats: i the residual index, j the noise index."""
        return Level(float(self.a[i]), float(self.b[j]))

    def points(self, i: Tensor, like: Tensor) -> Level:
        """The levels (a[i], b[i]) of a batch, i (B,) integer, as tensors (B, 1, ...) of ``like``'s type and device."""
        shape = (-1, *[1] * (like.ndim - 1))
        a, b = (table.to(like.device, like.dtype)[i].reshape(shape) for table in (self.a, self.b))
        return Level(a, b)


def from_betas(betas: Tensor) -> Schedule:
    """DDPM's variances beta_1..beta_T (T,), in (0, 1], as a schedule of the plane::

        a = 1 - sqrt(abar),   b = sqrt(1 - abar),   abar_t = prod (1 - beta_s)

    This *is* the conversion of DDIM's coefficients to RDDM's (RDDM, eq. 17). A last beta of 1 gives a
    terminal signal-to-noise ratio of exactly 0. Raises `UserError` for a beta outside (0, 1].
    """
    betas = betas.double()
    if not bool(((betas > 0) & (betas <= 1)).all()):
        raise UserError("schedule: every beta must lie in (0, 1]")
    log_abar = torch.log1p(-betas).cumsum(0)  # log space keeps 1 - abar exact where beta is tiny
    a = -torch.expm1(log_abar / 2)
    b = (-torch.expm1(log_abar)).sqrt()
    return Schedule(_from_zero(a), _from_zero(b), contracting)


def _from_zero(table: Tensor) -> Tensor:
    return torch.cat([torch.zeros(1, dtype=torch.float64), table])
