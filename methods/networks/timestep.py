"""The embedding of the time input that the backbones share."""

from __future__ import annotations

import math

import torch
from torch import nn


class Sinusoid(nn.Module):
    """Sines and cosines of t at ``dim / 2`` frequencies.

    ``[sin(t w_k), cos(t w_k)]``, ``w_k = 10000^(-k / (dim/2 - 1))`` for k = 0 .. dim/2 - 1
    (Ho et al. 2020, appendix B, with the sines first). (B,) -> (B, dim); ``dim`` even and at least 4.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, t: torch.Tensor) -> torch.Tensor:
        """Angles in t's own dtype, which has to be float32 or wider."""
        half = self.dim // 2
        steps = torch.arange(half, device=t.device, dtype=t.dtype)
        angles = t[:, None] * torch.exp(steps * -(math.log(10000) / (half - 1)))
        return torch.cat((angles.sin(), angles.cos()), dim=-1)


class TimeEmbedding(nn.Sequential):
    """`Sinusoid` followed by two linear layers with a GELU between them: (B,) -> (B, hidden).

    A Sequential, so that the layers are called ``1`` and ``3`` as in released checkpoints.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__(Sinusoid(dim), nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, hidden))

    def forward(self, t: torch.Tensor) -> torch.Tensor:
        """Any real dtype; the angles are in float32 at least, as bfloat16 cannot tell 999 from 1000."""
        dtype = next(self.parameters()).dtype
        sinusoid, *layers = self.children()
        hidden = sinusoid(t.to(torch.promote_types(dtype, torch.float32))).to(dtype)
        for layer in layers:
            hidden = layer(hidden)
        return hidden
