"""Operators that keep, average or mask values: orthogonal projections, and the grey of a colour picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.operators.base import LinearOperator, Projection, refuse_rho
from registry import register


@register("operator", "identity")
class IdentityOperator(Projection):
    """A x = x: denoising."""

    def apply(self, x: Tensor) -> Tensor:
        """The pictures as they are."""
        return x


@register("operator", "block_average")
class BlockAverage(Projection):
    """The mean of each block of ``factor`` x ``factor`` values, in all of its places: super-resolution (RGM, DDRM).

    A remainder at right and bottom that fills no block is cut off: there A x is 0.
    """

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def apply(self, x: Tensor) -> Tensor:
        """Means (B, C, H, W), constant in each block."""
        means = F.avg_pool2d(x, self.factor)
        wide = means.repeat_interleave(self.factor, -2).repeat_interleave(self.factor, -1)
        return F.pad(wide, (0, x.shape[-1] - wide.shape[-1], 0, x.shape[-2] - wide.shape[-2]))


@register("operator", "mask")
class Mask(Projection):
    """A x = (1 - m) x: inpainting, where the ``mask`` m (B, 1, H, W) is 1 where nothing is seen, and 0 elsewhere.

    What is hidden is 0, the mid-grey of [-1, 1]. Raises `ValueError` for values of m between 0 and 1.
    """

    def __init__(self, mask: Tensor) -> None:
        if not bool(((mask == 0) | (mask == 1)).all()):
            raise ValueError("the operator of a mask needs one of 0 and 1, this one is soft")
        self.mask = mask

    def apply(self, x: Tensor) -> Tensor:
        """What is seen, (B, C, H, W), and 0 elsewhere."""
        return x * (1 - self.mask.to(x))


@register("operator", "grey")
class Grey(LinearOperator):
    """A x = 1 w^T x in each pixel: the weighted sum of its C values in all channels, ``weights`` w adding up to 1.

    A^T y = w sum_c y_c, A^+ y = w mean_c(y_c) / ||w||^2.
    """

    def __init__(self, weights: tuple[float, ...]) -> None:
        self.weights = weights

    def apply(self, x: Tensor) -> Tensor:
        """The grey value (B, C, H, W), the same in all channels."""
        return (x * self._column(x)).sum(1, keepdim=True).expand_as(x)

    def adjoint(self, y: Tensor) -> Tensor:
        """The sum over channels, weighted."""
        return y.sum(1, keepdim=True) * self._column(y)

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        """The shortest colour of the mean grey value."""
        return self.adjoint(y) / (y.shape[1] * self._square)

    def prox(self, v: Tensor, y: Tensor, rho: float) -> Tensor:
        """v + A^T (y - A v) / (rho + C ||w||^2)."""
        refuse_rho(rho)
        return v + self.adjoint(y - self.apply(v)) / (rho + v.shape[1] * self._square)

    @property
    def _square(self) -> float:
        return sum(weight**2 for weight in self.weights)

    def _column(self, like: Tensor) -> Tensor:
        return torch.tensor(self.weights, dtype=like.dtype, device=like.device)[:, None, None]
