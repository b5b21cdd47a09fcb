"""EfficientNet-lite0: the default features, of weights that an ordinary package brings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.features.base import PictureFeatures
from metrics.networks.timm_models import lite0_file, timm_or_refuse
from registry import register

if TYPE_CHECKING:
    import torch


class _Lite0(PictureFeatures):
    """timm's tf_efficientnet_lite0 on 128 pixels, scaled to [-1, 1] as in its training."""

    side = 128

    def file(self) -> Path:
        """The file in the package; `UserError` where it or timm is missing."""
        who = f"features={self.name}"
        timm_or_refuse(who)
        return lite0_file(who)

    def pooled(self, x: torch.Tensor) -> tuple[Any, torch.Tensor]:
        """The network and its global mean before the classifier, (1, 1280)."""
        from metrics.networks.timm_models import efficientnet_lite0

        network = efficientnet_lite0(f"features={self.name}")
        return network, network.forward_head(network.forward_features(2 * x - 1), pre_logits=True)


@register("features", "effnet_lite0")
class EffnetLite0(_Lite0):
    """The 1280 means that the classifier sees: clipped to 0..6 before the mean, many of them 0 for most pictures."""

    version = 1
    name = "effnet_lite0"
    layer = "head,gap"
    dims = 1280

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 128, 128) to (1, 1280)."""
        return self.pooled(x)[1]


@register("features", "effnet_lite0_logits")
class EffnetLite0Logits(_Lite0):
    """The logits of the 1000 ImageNet classes."""

    version = 1
    name = "effnet_lite0_logits"
    layer = "logits"
    dims = 1000

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 128, 128) to (1, 1000)."""
        network, pooled = self.pooled(x)
        logits: torch.Tensor = network.classifier(pooled)
        return logits
