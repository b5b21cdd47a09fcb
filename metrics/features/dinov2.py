"""DINOv2's class token, through timm, of weights in a file that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metrics.features.base import PictureFeatures
from metrics.networks.timm_models import timm_or_refuse
from metrics.networks.weights import named_file
from registry import register

if TYPE_CHECKING:
    import torch


class _Dinov2(PictureFeatures):
    """A vision transformer of DINOv2 (Oquab et al., TMLR 2024) on 224 pixels: the class token after the last norm."""

    architecture: str
    layer = "class_token"
    side = 224

    def __init__(self, *, weights: str = "") -> None:
        self.weights = weights

    def file(self) -> Path:
        """The named file; `UserError` where there is none."""
        timm_or_refuse(f"features={self.name}")
        what = f"model.safetensors of timm/{self.architecture}.lvd142m; name it with metrics.fd_dinov2.weights=PATH"
        return named_file(self.weights, f"features={self.name}", what)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 224, 224) to (1, d)."""
        from metrics.networks.convnets import normalized
        from metrics.networks.timm_models import dinov2

        row: torch.Tensor = dinov2(self.architecture, self.file(), self.side, f"features={self.name}")(normalized(x))
        return row


@register("features", "dinov2")
class Dinov2(_Dinov2):
    """ViT-L/14, d = 1024: the network that Stein et al. (NeurIPS 2023) recommend in place of Inception."""

    version = 1
    name = "dinov2"
    architecture = "vit_large_patch14_dinov2"
    dims = 1024


@register("features", "dinov2_small")
class Dinov2Small(_Dinov2):
    """ViT-S/14, d = 384: a fifteenth of the weights, for machines without an accelerator."""

    version = 1
    name = "dinov2_small"
    architecture = "vit_small_patch14_dinov2"
    dims = 384
