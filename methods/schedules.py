"""Noise and residual schedules: float64 tables a[0..T], b[0..T] with index 0 the clean image.

Because index 0 is there, no sampler needs a special case for its last step. T + 1 entries each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from errors import UserError
from methods.process import Chain, Level, contracting


@dataclass(frozen=True)
class Schedule:
    """Two tables (T + 1,) in float64, the chain that tells a step's posterior variance, and where sampling starts.

    Sampling starts from x_in + ``start_std`` z, z ~ N(0, I). Left out, it is 1 for a contracting chain whose end is
    N(0, I), (1 - a_T)^2 + b_T^2 = 1 as DDPM's, else b_T: 0 for a bridge, whose b falls to 0 at its end.

    Refused with a `UserError`: tables of different lengths, a[0] or b[0] other than 0, an a that falls or leaves
    [0, 1], a b or start_std that is negative or not finite, and a b that falls faster than the chain lets it: a level p
    above q holds at least the noise of q, p.b >= chain(p, q) q.b.
    """

    a: Tensor
    b: Tensor
    chain: Chain
    start_std: float = None  # type: ignore[assignment]  # filled in by __post_init__

    def __post_init__(self) -> None:
        if self.a.shape != self.b.shape or self.a.ndim != 1 or len(self.a) < 2:
            raise UserError(f"schedule: a {tuple(self.a.shape)} and b {tuple(self.b.shape)} must be tables of T + 1")
        for name, table in (("a", self.a), ("b", self.b)):
            if table.dtype != torch.float64 or not bool(table.isfinite().all()):
                raise UserError(f"schedule: {name} must be finite and float64")
            if table[0] != 0:
                raise UserError(f"schedule: {name} must start at 0 (the clean image)")
        if bool((self.a.diff() < 0).any()) or bool((self.b < 0).any()):
            raise UserError("schedule: a must never fall, and b must not be negative")
        if self.a[-1] > 1:
            raise UserError(f"schedule: a must end at 1 or below, got {float(self.a[-1])}")
        self._refuse_lost_noise()
        if self.start_std is None:
            object.__setattr__(self, "start_std", self._end_std())
        if not 0 <= self.start_std < math.inf:
            raise UserError(f"schedule: start_std must be 0 or above and finite, got {self.start_std}")

    def _refuse_lost_noise(self) -> None:
        for t in range(1, self.T + 1):
            q, p = self.point(t - 1, t - 1), self.point(t, t)
            kept = self.chain(p, q) * float(q.b)
            if float(p.b) ** 2 - kept**2 < -1e-12:
                raise UserError(
                    f"schedule: b falls to {p.b:g} at level {t}, and its {self.chain.__name__} chain still holds "
                    f"{kept:g} there of the noise below: let b fall more slowly, or take the contracting chain"
                )

    def _end_std(self) -> float:
        a, b = float(self.a[-1]), float(self.b[-1])
        return 1.0 if self.chain is contracting and abs((1 - a) ** 2 + b**2 - 1) < 1e-9 else b

    @property
    def T(self) -> int:
        """The number of levels above the clean image."""
        return len(self.a) - 1

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
    return Schedule(pad(a, (1, 0)), pad(b, (1, 0)), contracting)
