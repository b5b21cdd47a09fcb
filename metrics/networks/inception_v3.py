"""Inception-v3 as FID needs it: the TensorFlow graph of 2015-12-05, with its pooling, by the names of its PyTorch port.

Szegedy et al., CVPR 2016, as the graph has it: 1008 outputs, batch normalisation without a scale, and three traits that
torchvision's Inception lacks: averages at the border count real pixels only, the last block pools by the maximum, and
(in `metrics.features.inception_v3`) pictures are scaled to (x - 128) / 128.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, relu

from errors import UserError
from metrics.networks.files import read_named

Convolution = tuple[str, int, int, int]  # name, channels out, kernel height, kernel width
Branch = tuple[Convolution | tuple[Convolution, Convolution], ...]  # a chain; a pair stands side by side
Pool = Callable[[Tensor], Tensor]
CLASSES = 1008


def average(x: Tensor) -> Tensor:
    """The mean of the 3 x 3 neighbours inside the map."""
    return avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def maximum(x: Tensor) -> Tensor:
    """The maximum of the 3 x 3 neighbours."""
    return max_pool2d(x, 3, 1, 1)


def halved(x: Tensor) -> Tensor:
    """The maximum of every second 3 x 3 window, whole windows only."""
    return max_pool2d(x, 3, 2)


class Unit(nn.Module):
    """Convolution, batch normalisation (eps 0.001), ReLU."""

    def __init__(self, channels: int, convolution: Convolution, stride: int = 1, padded: bool = True) -> None:
        super().__init__()
        _, out, height, width = convolution
        padding = (height // 2, width // 2) if padded else (0, 0)
        self.conv = nn.Conv2d(channels, out, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, out, h, w)."""
        return relu(self.bn(self.conv(x)))


class InceptionBlock(nn.Module):
    """Branches side by side, one map on top of the other, the pooled input last: convolved by a branch, or as it is."""

    def __init__(self, channels: int, branches: tuple[Branch, ...], pool: Pool, stride: int = 1) -> None:
        super().__init__()
        self.branches, self.pool = branches, pool
        for branch in branches:
            into = channels
            for k, step in enumerate(branch):
                pair = _pair(step)
                halves = stride == 2 and k + 1 == len(branch)
                for convolution in pair:
                    self.add_module(convolution[0], Unit(into, convolution, stride if halves else 1, not halves))
                into = sum(convolution[1] for convolution in pair)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, sum of the branches, h, w)."""
        pooled = self.pool(x)
        maps = [self._walk(pooled if branch[0][0] == "branch_pool" else x, branch) for branch in self.branches]
        return torch.cat(maps if self.pool is not halved else [*maps, pooled], 1)

    def _walk(self, x: Tensor, branch: Branch) -> Tensor:
        for step in branch:
            x = torch.cat([self.get_submodule(convolution[0])(x) for convolution in _pair(step)], 1)
        return x


def _pair(step: Convolution | tuple[Convolution, Convolution]) -> tuple[Convolution, ...]:
    return (step,) if len(step) == 4 else step


def _one(name: str, channels: int) -> Convolution:
    return (name, channels, 1, 1)


def _triple(channels: int) -> Branch:
    return (_one("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3, 3), ("branch3x3dbl_3", channels, 3, 3))


def _a(pooled: int) -> tuple[Branch, ...]:
    five: Branch = (_one("branch5x5_1", 48), ("branch5x5_2", 64, 5, 5))
    return (_one("branch1x1", 64),), five, _triple(96), (_one("branch_pool", pooled),)


def _c(inner: int) -> tuple[Branch, ...]:
    seven: Branch = (_one("branch7x7_1", inner), ("branch7x7_2", inner, 1, 7), ("branch7x7_3", 192, 7, 1))
    widths, shapes = (inner, inner, inner, inner, 192), ((1, 1), (7, 1), (1, 7), (7, 1), (1, 7))
    double = tuple((f"branch7x7dbl_{k + 1}", widths[k], *shapes[k]) for k in range(5))
    return (_one("branch1x1", 192),), seven, double, (_one("branch_pool", 192),)


def _e() -> tuple[Branch, ...]:
    three: Branch = (_one("branch3x3_1", 384), (("branch3x3_2a", 384, 1, 3), ("branch3x3_2b", 384, 3, 1)))
    fork = (("branch3x3dbl_3a", 384, 1, 3), ("branch3x3dbl_3b", 384, 3, 1))
    double: Branch = (_one("branch3x3dbl_1", 448), ("branch3x3dbl_2", 384, 3, 3), fork)
    return (_one("branch1x1", 320),), three, double, (_one("branch_pool", 192),)


_B: tuple[Branch, ...] = ((("branch3x3", 384, 3, 3),), _triple(96))
_D: tuple[Branch, ...] = (
    (_one("branch3x3_1", 192), ("branch3x3_2", 320, 3, 3)),
    (
        *(_one("branch7x7x3_1", 192), ("branch7x7x3_2", 192, 1, 7)),
        *(("branch7x7x3_3", 192, 7, 1), ("branch7x7x3_4", 192, 3, 3)),
    ),
)


class InceptionV3(nn.Module):
    """(B, 3, 299, 299) in [-1, 1] to the mean of the last block, (B, 2048): what FID calls pool_3."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Unit(3, ("", 32, 3, 3), stride=2, padded=False)
        self.Conv2d_2a_3x3 = Unit(32, ("", 32, 3, 3), padded=False)
        self.Conv2d_2b_3x3 = Unit(32, ("", 64, 3, 3))
        self.Conv2d_3b_1x1 = Unit(64, ("", 80, 1, 1))
        self.Conv2d_4a_3x3 = Unit(80, ("", 192, 3, 3), padded=False)
        self.Mixed_5b = InceptionBlock(192, _a(32), average)
        self.Mixed_5c = InceptionBlock(256, _a(64), average)
        self.Mixed_5d = InceptionBlock(288, _a(64), average)
        self.Mixed_6a = InceptionBlock(288, _B, halved, stride=2)
        for letter, inner in zip("bcde", (128, 160, 160, 192), strict=True):
            self.add_module(f"Mixed_6{letter}", InceptionBlock(768, _c(inner), average))
        self.Mixed_7a = InceptionBlock(768, _D, halved, stride=2)
        self.Mixed_7b = InceptionBlock(1280, _e(), average)
        self.Mixed_7c = InceptionBlock(2048, _e(), maximum)
        self.fc = nn.Linear(2048, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """The features of pictures."""
        x = halved(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = halved(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        for name, block in self.named_children():
            x = block(x) if name.startswith("Mixed") else x
        return x.mean((2, 3))

    def logits(self, features: Tensor) -> Tensor:
        """The 1008 outputs without their bias, (B, 1008): what the Inception score takes the softmax of."""
        return features @ self.fc.weight.T


@functools.lru_cache(maxsize=1)
def load(path: Path, who: str) -> InceptionV3:
    """The network with the weights in the file ``path``, in evaluation mode; `UserError` where they do not fit.

    Counters of batch normalisation are left aside: they take no part, and older files lack them.
    """
    with torch.device("meta"):
        network = InceptionV3()
    given = {name: value for name, value in read_named(path).items() if not name.endswith("num_batches_tracked")}
    wanted = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    wrong = [n for n in {**wanted, **given} if n not in wanted or n not in given or wanted[n].shape != given[n].shape]
    if wrong:
        raise UserError(f"{who}: {path} is not FID's Inception-v3 (first difference: {wrong[0]})")
    network.load_state_dict(given, strict=False, assign=True)
    return network.eval()
