"""Attention over the pixels of a feature map, in channels-last order throughout."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from methods.networks.blocks import EPS

HEADS = 4
HEAD_DIM = 32
HIDDEN = HEADS * HEAD_DIM
CPU_TOKENS = 8192  # pixels taken at once on a CPU: beyond this the intermediates leave the cache


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of each pixel, with a gain and no bias: (B, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(x - mean) / sqrt(var + EPS) * g`` with the biased variance."""
        gain = self.g.reshape(-1)
        return F.layer_norm(x.permute(0, 2, 3, 1), gain.shape, gain, eps=EPS).permute(0, 3, 1, 2)


class PreNorm(nn.Module):
    """``fn(norm(x))``."""

    def __init__(self, channels: int, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn
        self.norm = ChannelNorm(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        return self.fn(self.norm(x))


class ResidualConnection(nn.Module):
    """``x + fn(norm(x))``; a module of its own for the sake of the checkpoints' names."""

    def __init__(self, channels: int, fn: nn.Module) -> None:
        super().__init__()
        self.fn = PreNorm(channels, fn)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        return self.fn(x) + x


class LinearAttention(nn.Module):
    """Attention whose cost is linear in the pixels (Shen et al. 2021, "Efficient attention"), N = H W.

    ``out = softmax_d(q) (softmax_N(k)^T v) / (N sqrt(HEAD_DIM))``, then a 1x1 projection and a `ChannelNorm`.
    The (HEAD_DIM x HEAD_DIM) context of each image is multiplied into the projection's weight first, so that
    the heads' outputs are never written: one product takes the softmaxed queries to the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.to_qkv = nn.Conv2d(channels, 3 * HIDDEN, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(HIDDEN, channels, 1), ChannelNorm(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape; on a CPU a few images at a time."""
        images = len(x)
        if x.device.type == "cpu":
            images = max(1, CPU_TOKENS // x[0, 0].numel())
        if images >= len(x):
            return self._attend(x)
        return torch.cat([self._attend(part) for part in x.split(images)])

    def _attend(self, x: torch.Tensor) -> torch.Tensor:
        batch, _, height, width = x.shape
        project, norm = self.to_out.children()
        weight, bias = project.parameters()
        # (B, N, HIDDEN) each: three projections apart leave them contiguous.
        q, k, v = (F.conv2d(x, part).permute(0, 2, 3, 1).flatten(1, 2) for part in self.to_qkv.weight.chunk(3))
        q = q.unflatten(2, (HEADS, HEAD_DIM)).softmax(dim=-1).flatten(2)
        pairs = zip(k.softmax(dim=1).chunk(HEADS, dim=2), v.chunk(HEADS, dim=2), strict=True)
        context = torch.stack([key.transpose(1, 2) @ value for key, value in pairs], dim=1)
        mix = weight.reshape(-1, HEADS, HEAD_DIM).permute(1, 2, 0)
        scale = HEAD_DIM**-0.5 / (height * width)
        out = q @ ((context * scale) @ mix).flatten(1, 2) + bias
        return norm(out.to(x.dtype).view(batch, height, width, -1).permute(0, 3, 1, 2))


class FullAttention(nn.Module):
    """Softmax attention between all pixels, ``softmax(q k^T / sqrt(HEAD_DIM)) v``, then a 1x1 projection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.to_qkv = nn.Conv2d(channels, 3 * HIDDEN, 1, bias=False)
        self.to_out = nn.Conv2d(HIDDEN, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        height, width = x.shape[-2:]
        qkv = self.to_qkv(x).permute(0, 2, 3, 1).flatten(1, 2).unflatten(2, (3, HEADS, HEAD_DIM))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.to_out(out.unflatten(1, (height, width)).permute(0, 3, 1, 2))
