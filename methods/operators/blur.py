"""Blur by a kernel: diagonal under the Fourier transform where the border is circular or mirrored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from methods.operators.base import LinearOperator, refuse_rho
from registry import register

Gain = Callable[[Tensor], Tensor]  # from the transform h of the kernel to the factor of each frequency


class Blur(LinearOperator):
    """A x = k * x in each channel, ``kernel`` k (odd, odd) with its origin in the middle; a leaf says what lies beyond
    the border. Pictures are those of [-1, 1]. Raises `ValueError` for a kernel with an even side."""

    def __init__(self, kernel: np.ndarray) -> None:
        if kernel.ndim != 2 or any(side % 2 == 0 for side in kernel.shape):
            raise ValueError(f"a blur needs a kernel of odd sides, got {kernel.shape}")
        self.kernel = torch.from_numpy(np.array(kernel, dtype=np.float64))


@register("operator", "blur_zero")
class ZeroBlur(Blur):
    """Beyond the border lies 0, the mid-grey of [-1, 1]: constants are not kept. It is no diagonal matrix in any fast
    basis: pseudo-inverse and prox are iterated (`LinearOperator`); ``tolerance`` is the pseudo-inverse's."""

    def __init__(self, kernel: np.ndarray, tolerance: Annotated[float, "(0, 1)"] = 1e-6) -> None:
        super().__init__(kernel)
        self._tolerance = tolerance

    def apply(self, x: Tensor) -> Tensor:
        """k * x."""
        return self._correlate(x, self.kernel.flip(0, 1))

    def adjoint(self, y: Tensor) -> Tensor:
        """The correlation with k."""
        return self._correlate(y, self.kernel)

    def _correlate(self, x: Tensor, kernel: Tensor) -> Tensor:
        channels, padding = x.shape[1], (kernel.shape[0] // 2, kernel.shape[1] // 2)
        return F.conv2d(x, kernel.to(x).expand(channels, 1, -1, -1), padding=padding, groups=channels)


@register("operator", "blur_circular")
class CircularBlur(Blur):
    """The picture goes on with itself: A = F^{-1} diag(h) F, h the Fourier transform of k.

    A^+ takes frequencies with |h| below sqrt(eps) max |h| as lost, eps the rounding of the type: what they hold is
    rounding, and both A A^+ A = A and A^+ A A^+ = A^+ are met to about sqrt(eps).
    """

    def apply(self, x: Tensor) -> Tensor:
        """h x."""
        return self._filter(x, lambda h: h)

    def adjoint(self, y: Tensor) -> Tensor:
        """conj(h) y."""
        return self._filter(y, torch.conj)

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        """y / h, and 0 where h is lost."""

        def inverse(h: Tensor) -> Tensor:
            kept = h.abs() > torch.finfo(h.real.dtype).eps ** 0.5 * h.abs().max()
            return torch.where(kept, 1 / torch.where(kept, h, 1.0), 0.0)

        return self._filter(y, inverse)

    def prox(self, v: Tensor, y: Tensor, rho: float) -> Tensor:
        """v + conj(h) (y - h v) / (|h|^2 + rho)."""
        refuse_rho(rho)
        return v + self._filter(y - self.apply(v), lambda h: h.conj() / (h.abs() ** 2 + rho))

    def _filter(self, x: Tensor, gain: Gain) -> Tensor:
        """x (B, C, H, W) with its frequencies multiplied; computed in float32 at least."""
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        size = wide.shape[-2:]
        rows, columns = (
            (torch.arange(side) - side // 2) % whole for side, whole in zip(self.kernel.shape, size, strict=True)
        )
        period = torch.zeros(size, dtype=torch.float64)
        period.index_put_((rows[:, None], columns[None, :]), self.kernel, accumulate=True)  # a wide kernel comes round
        h = torch.fft.rfft2(period.to(wide))
        return torch.fft.irfft2(torch.fft.rfft2(wide) * gain(h), s=size).to(x.dtype)


@register("operator", "blur_mirror")
class MirrorBlur(CircularBlur):
    """The picture goes on mirrored (d c b a | a b c d | d c b a): circular on the picture and its mirror images.

    Needs a kernel that is symmetric in both axes, under which mirrored pictures stay so: `ValueError` otherwise. Then
    A = A^T is diagonal under the discrete cosine transform, and constants are kept where k adds up to 1.
    """

    def __init__(self, kernel: np.ndarray) -> None:
        super().__init__(kernel)
        if any(not torch.allclose(self.kernel, self.kernel.flip(axis), rtol=0, atol=1e-12) for axis in (0, 1)):
            raise ValueError("a mirrored border needs a kernel that is symmetric in both axes")

    def _filter(self, x: Tensor, gain: Gain) -> Tensor:
        """x (B, C, H, W) with its frequencies multiplied."""
        wide = torch.cat((x, x.flip(-1)), dim=-1)
        whole = torch.cat((wide, wide.flip(-2)), dim=-2)
        return super()._filter(whole, gain)[..., : x.shape[-2], : x.shape[-1]]
