"""diffusers' `UNet2DModel` behind the contract of the backbones, built anew or read from a local folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import nn

import compat
from errors import UserError
from methods.networks.blocks import require_divisible
from registry import register
from registry.facts import Facts

compat.declare_torchvision_operators()  # diffusers imports torchvision where it is installed

WEIGHTS = "diffusion_pytorch_model*.safetensors"


@register(
    "network",
    "diffusers_unet",
    width={"smoke": 8, "cpu": 32, "gpu": 64, "paper": 128},
    mults={"smoke": (1, 2), "cpu": (1, 2, 2, 2), "gpu": (1, 2, 2, 2), "paper": (1, 2, 2, 2)},
)
class DiffusersUnet(Facts, nn.Module):
    """`diffusers.UNet2DModel`: (B, in_channels, H, W), (B,) -> (B, out_channels, H, W).

    Built with the settings of the DDPM checkpoints (group norm eps 1e-6, frequencies shifted by 1, sines first,
    unpadded downsampling), so that width 128 is the 35.7 M network of DDPM's CIFAR-10 table. ``attention_levels``
    counts from 0, the finest; the middle always attends. With ``path``, a folder that `save_pretrained` wrote,
    architecture and weights come from there and the sizes given here are not used; nothing is downloaded or
    unpickled.
    Raises `UserError` at construction if the sizes do not fit together, or if the folder is missing, incomplete,
    without safetensors, of another class or of other channels; at a call if the image does not fit the levels.
    """

    files = ("path",)  # keys depend on what lies there

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: Annotated[int, "[8, inf)"] = 32,
        mults: tuple[int, ...] = (1, 2, 2, 2),
        layers: Annotated[int, "[1, inf)"] = 2,
        attention_levels: tuple[int, ...] = (1,),
        path: str = "",
    ) -> None:
        super().__init__()
        from diffusers import UNet2DModel

        if path:
            self.model = _load(Path(path), in_channels, out_channels)
        else:
            sizes = _sizes(width, mults, layers, attention_levels)
            self.model = UNet2DModel(in_channels=in_channels, out_channels=out_channels, **sizes)
        self.levels = len(self.model.config.block_out_channels)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """``t`` is the raw time input: an index, or a level times T. The output has x's dtype."""
        require_divisible("diffusers_unet", x, self.levels)
        return self.model(x, t, return_dict=False)[0].to(x.dtype)


def _sizes(width: int, mults: tuple[int, ...], layers: int, attention_levels: tuple[int, ...]) -> dict[str, Any]:
    if width < 8 or width % 8:
        raise UserError(f"network.width={width}: must be a multiple of 8, the channels of an attention head")
    if not mults or min(mults) < 1:
        raise UserError(f"network.mults={list(mults)}: give at least one multiplier, each 1 or more")
    if layers < 1:
        raise UserError(f"network.layers={layers}: must be at least 1")
    outside = sorted(set(attention_levels) - set(range(len(mults))))
    if outside:
        raise UserError(f"network.attention_levels: there is no level {outside[0]}; levels are 0 to {len(mults) - 1}")
    attends = [level in attention_levels for level in range(len(mults))]
    return {
        "block_out_channels": tuple(width * mult for mult in mults),
        "layers_per_block": layers,
        "norm_num_groups": math.gcd(width, 32),
        "down_block_types": tuple("AttnDownBlock2D" if attend else "DownBlock2D" for attend in attends),
        "up_block_types": tuple("AttnUpBlock2D" if attend else "UpBlock2D" for attend in reversed(attends)),
        "norm_eps": 1e-6,
        "freq_shift": 1,
        "flip_sin_to_cos": False,
        "downsample_padding": 0,
    }


def _load(folder: Path, in_channels: int, out_channels: int) -> Any:
    # Looked at first: diffusers takes a name that is no folder for one on its hub, and .bin for a pickle to load.
    if not (folder / "config.json").is_file():
        raise UserError(f"network.path={folder}: no folder with a config.json; give one that save_pretrained wrote")
    if not any(folder.glob(WEIGHTS)):
        raise UserError(f"network.path={folder}: no {WEIGHTS}; save it again with safe_serialization=True")
    _check_config(folder, in_channels, out_channels)
    from diffusers import UNet2DModel

    try:
        model, report = UNet2DModel.from_pretrained(
            str(folder),
            local_files_only=True,
            use_safetensors=True,
            low_cpu_mem_usage=False,
            output_loading_info=True,
        )
    except Exception as error:  # diffusers and safetensors raise classes of their own for damaged files
        raise UserError(f"network.path={folder}: cannot be loaded: {' '.join(str(error).split())}") from error
    _check_complete(folder, report)
    return model


def _check_config(folder: Path, in_channels: int, out_channels: int) -> None:
    from diffusers import UNet2DModel

    try:
        config = UNet2DModel.load_config(str(folder), local_files_only=True)
    except OSError as error:  # what diffusers makes of a file that is no JSON
        raise UserError(f"network.path={folder}: config.json cannot be read; save the network again") from error
    kind = config.get("_class_name")
    if kind != "UNet2DModel":
        raise UserError(f"network.path={folder}: holds a {kind}, not a UNet2DModel")
    if config.get("class_embed_type") or config.get("num_class_embeds"):
        raise UserError(f"network.path={folder}: needs class labels, which no method here gives")
    channels = (config.get("in_channels", 3), config.get("out_channels", 3))
    if channels != (in_channels, out_channels):
        raise UserError(
            f"network.path={folder}: takes {channels[0]} channels and gives {channels[1]}, this method and task need "
            f"{in_channels} and {out_channels}; choose a network of those channels or a method that needs these"
        )


def _check_complete(folder: Path, report: dict[str, Any]) -> None:
    """A file that lacks a tensor would leave it at its random start, with a warning only."""
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[problem]:
            raise UserError(f"network.path={folder}: {problem.replace('_', ' ')}: {sorted(report[problem])[0]}")
