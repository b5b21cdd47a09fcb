"""A small network for points in the plane."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import nn

from errors import UserError
from methods.networks.timestep import TimeEmbedding
from registry import register
from registry.facts import Facts


@register(
    "network",
    "mlp",
    width={"smoke": 16, "cpu": 64, "gpu": 128, "paper": 256},
    depth={"smoke": 1, "cpu": 3, "gpu": 3, "paper": 4},
)
class Mlp(Facts, nn.Module):
    """Residual layers with a time-dependent bias: (B, in_channels), (B,) -> (B, out_channels).

    ``h <- h + B_l SiLU(A_l h + T_l SiLU(e(t)))`` for each of the ``depth`` layers, e the embedding of t.
    Raises `UserError` at construction if ``width`` is odd or below 4, or ``depth`` below 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: Annotated[int, "[4, inf)"] = 64,
        depth: Annotated[int, "[1, inf)"] = 3,
    ) -> None:
        super().__init__()
        if width % 2 or width < 4:
            raise UserError(
                f"network.width={width}: must be even and at least 4 (half sines, half cosines of the time)"
            )
        if depth < 1:
            raise UserError(f"network.depth={depth}: must be at least 1")
        self.time = TimeEmbedding(width, width)
        self.first = nn.Linear(in_channels, width)
        self.inner = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.shift = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.outer = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.last = nn.Linear(width, out_channels)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """``t`` is the raw time input: an index, or a level times T. The output has x's dtype."""
        time = F.silu(self.time(t))
        h = self.first(x)
        for inner, shift, outer in zip(self.inner, self.shift, self.outer, strict=True):
            h = h + outer(F.silu(inner(h) + shift(time)))
        return self.last(F.silu(h)).to(x.dtype)
