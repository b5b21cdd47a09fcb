"""The U-Net of RDDM and denoising-diffusion-pytorch, with the names of their checkpoints."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import nn

from errors import UserError
from methods.networks.attention import FullAttention, LinearAttention, ResidualConnection
from methods.networks.blocks import ResnetBlock, require_divisible
from methods.networks.timestep import TimeEmbedding
from registry import register
from registry.facts import Facts


@register(
    "network",
    "unet",
    dim={"smoke": 8, "cpu": 16, "gpu": 64, "paper": 64},
    dim_mults={"smoke": (1, 2), "cpu": (1, 2, 4), "gpu": (1, 2, 4, 8), "paper": (1, 2, 4, 8)},
)
class Unet(Facts, nn.Module):
    """U-Net with weight-standardised convolutions, FiLM time and linear attention at every level.

    (B, in_channels, H, W), (B,) -> (B, out_channels, H, W), H and W multiples of ``2^(len(dim_mults) - 1)``.
    It computes in float32 what `Unet` of RDDM's src/residual_denoising_diffusion_pytorch.py computes, under
    the same parameter names and shapes: ``model.unet0.*`` of a released checkpoint loads strictly once the
    prefix is off. The output has x's dtype, also under autocast. Parameters are channels-last: not
    contiguous in torch's default sense.
    Raises `UserError` at construction if a level's channels are no multiple of ``groups``, ``dim`` is odd or
    ``dim_mults`` is empty or not positive; at a call if the image does not fit the levels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        dim: Annotated[int, "[8, inf)"] = 32,
        dim_mults: tuple[int, ...] = (1, 2, 4),
        groups: Annotated[int, "[1, inf)"] = 8,
    ) -> None:
        super().__init__()
        widths = [dim, *_widths(dim, dim_mults, groups)]
        time_dim = 4 * dim
        self.levels = len(dim_mults)
        self.init_conv = nn.Conv2d(in_channels, dim, 7, padding=3)
        self.time_mlp = TimeEmbedding(dim, time_dim)
        self.downs = nn.ModuleList()
        self.ups = nn.ModuleList()
        for level, (narrow, wide) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
            deepest = level == self.levels - 1
            self.downs.append(_stage(narrow, narrow, (time_dim, groups), _down(narrow, wide, deepest)))
            self.ups.insert(0, _stage(wide + narrow, wide, (time_dim, groups), _up(wide, narrow, level == 0)))
        self.mid_block1 = ResnetBlock(widths[-1], widths[-1], time_dim, groups)
        self.mid_attn = ResidualConnection(widths[-1], FullAttention(widths[-1]))
        self.mid_block2 = ResnetBlock(widths[-1], widths[-1], time_dim, groups)
        self.final_res_block = ResnetBlock(2 * dim, dim, time_dim, groups)
        self.final_conv = nn.Conv2d(dim, out_channels, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """``t`` is the raw time input: an index, or a level times T."""
        require_divisible("unet", x, self.levels)
        time = self.time_mlp(t)
        first = h = self.init_conv(x.contiguous(memory_format=torch.channels_last))
        skips: list[torch.Tensor] = []
        for block1, block2, attention, resample in map(_parts, self.downs):
            h = block1(h, time)
            skips.append(h)
            h = attention(block2(h, time))
            skips.append(h)
            h = resample(h)
        h = self.mid_block2(self.mid_attn(self.mid_block1(h, time)), time)
        for block1, block2, attention, resample in map(_parts, self.ups):
            h = block1(torch.cat((h, skips.pop()), dim=1), time)
            h = attention(block2(torch.cat((h, skips.pop()), dim=1), time))
            h = resample(h)
        out = self.final_conv(self.final_res_block(torch.cat((h, first), dim=1), time))
        return out.to(dtype=x.dtype, memory_format=torch.contiguous_format)


def _widths(dim: int, dim_mults: tuple[int, ...], groups: int) -> list[int]:
    if not dim_mults or min(dim_mults) < 1:
        raise UserError(f"network.dim_mults={list(dim_mults)}: give at least one multiplier, each 1 or more")
    if dim % 2 or dim < 8:
        raise UserError(f"network.dim={dim}: must be even and at least 8 (half sines, half cosines of the time)")
    if groups < 1 or dim % groups:
        raise UserError(f"network.dim={dim}: must be a multiple of network.groups={groups}; change one of the two")
    return [dim * mult for mult in dim_mults]


def _stage(channels_in: int, channels_out: int, shared: tuple[int, int], resample: nn.Module) -> nn.ModuleList:
    """Two residual blocks, attention and a change of resolution; ``shared`` is (time_dim, groups)."""
    blocks = [ResnetBlock(channels_in, channels_out, *shared) for _ in range(2)]
    return nn.ModuleList([*blocks, ResidualConnection(channels_out, LinearAttention(channels_out)), resample])


def _parts(stage: nn.Module) -> list[nn.Module]:
    """The four modules of a stage, in the order of `_stage`."""
    return list(stage.children())


def _down(channels_in: int, channels_out: int, deepest: bool) -> nn.Module:
    """Halve the resolution, except below the deepest level."""
    if deepest:
        return nn.Conv2d(channels_in, channels_out, 3, padding=1)
    return nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1)


def _up(channels_in: int, channels_out: int, finest: bool) -> nn.Module:
    """Double the resolution (nearest), except above the finest level."""
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    return conv if finest else nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), conv)
