"""What methods are handed: what they may look at, and the batches that they train on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from methods.operators.base import LinearOperator


@dataclass(frozen=True)
class Observation:
    """What a method may look at: ``count`` items, their degraded pictures (B, C, H, W) in [-1, 1] when restoring,
    and their masks (B, 1, H, W) in [0, 1] where the data set or the task marks a region.

    Where the task is linear, degraded = A clean + ``noise_std`` n, n ~ N(0, I), up to clipping to [-1, 1] and rounding
    to 8 bit: ``operator`` is A, for these very items, and ``noise_std`` is in the units of [-1, 1]. Else both are None.
    """

    count: int
    degraded: Tensor | None = None
    mask: Tensor | None = None
    operator: LinearOperator | None = None
    noise_std: float | None = None

    def to(self, device: torch.device, dtype: torch.dtype) -> Observation:
        """The same on another device and in another type; operators follow what they are applied to."""
        degraded, mask = (part if part is None else part.to(device, dtype) for part in (self.degraded, self.mask))
        return replace(self, degraded=degraded, mask=mask)


@dataclass(frozen=True)
class Batch:
    """Training pictures in [-1, 1], (B, ...), what may be seen of them, and this step's randomness.

    ``generator`` is on the CPU and seeded by (seed, "train", step) alone: a step's noise depends on no earlier
    step, on no method and on no device. Where several processes share a step, these are the B rows from ``first`` on
    of a batch of ``whole`` (None: these are all), and random numbers are those rows of what the whole batch gets.
    """

    clean: Tensor
    observation: Observation
    generator: torch.Generator
    whole: int | None = None
    first: int = 0

    def normal(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """N(0, I) noise (B, *shape), by default of the pictures' shape, float32 numbers on the pictures' device.

        ``shape`` is that of one item: of a latent, or of a z beside the pictures.
        """
        item = self.clean.shape[1:] if shape is None else shape
        return self._mine(torch.randn((self._size, *item), generator=self.generator)).to(self.clean)

    def indices(self, low: int, high: int) -> Tensor:
        """One integer per picture, uniform over low..high, on the pictures' device."""
        whole = torch.randint(low, high + 1, (self._size,), generator=self.generator)
        return self._mine(whole).to(self.clean.device)

    @property
    def _size(self) -> int:
        return len(self.clean) if self.whole is None else self.whole

    def _mine(self, rows: Tensor) -> Tensor:
        return rows[self.first : self.first + len(self.clean)]
