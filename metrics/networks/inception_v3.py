"""Inception-v3 as FID needs it: the TensorFlow graph of 2015-12-05, with its pooling, by the names of its PyTorch port.

Szegedy et al., CVPR 2016, as the graph has it: 1008 outputs, batch normalisation without a scale, and three traits that
torchvision's Inception lacks: averages at the border count real pixels only, the last block pools by the maximum, and
(in `metrics.features.inception_v3`) pictures are scaled to (x - 128) / 128.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

import compat
from errors import UserError
from metrics.networks.timm_models import timm_or_refuse
from metrics.networks.weights import read_named

CLASSES = 1008


def average(x: Tensor) -> Tensor:
    """The mean of the 3 x 3 neighbours inside the map."""
    return avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def maximum(x: Tensor) -> Tensor:
    """The maximum of the 3 x 3 neighbours."""
    return max_pool2d(x, 3, 1, 1)


def inception_v3(who: str) -> Any:
    """torchvision's network with the graph's pooling: (B, 3, 299, 299) in [-1, 1] to 1008 outputs, weights at random.

    The last branch of a block that keeps its size convolves the pooled input: it is computed anew from the graph's own
    pooling, in place of torchvision's mean, which counts the zeros beyond the border. `UserError` without torchvision.
    """
    timm_or_refuse(who)
    compat.declare_torchvision_operators()
    network = importlib.import_module("torchvision.models").Inception3(CLASSES, False, init_weights=False)
    for name, block in network.named_children():
        if hasattr(block, "branch_pool"):
            pool = maximum if name == "Mixed_7c" else average
            block._forward = functools.partial(_branches, block._forward, pool, block.branch_pool)
    return network.eval()


def _branches(
    branches: Callable[[Tensor], list[Tensor]], pool: Callable[[Tensor], Tensor], convolved: Any, x: Tensor
) -> list[Tensor]:
    return [*branches(x)[:-1], convolved(pool(x))]


@functools.lru_cache(maxsize=1)
def load(path: Path, who: str) -> tuple[Any, Tensor]:
    """The network up to FID's pool_3, the mean of its last block (B, 2048), and its outputs' weights (1008, 2048).

    With the tensors in the file ``path``; `UserError` where they do not fit. Counters of batch normalisation are left
    aside: they take no part, and older files lack them.
    """
    with torch.device("meta"):
        network = inception_v3(who)
    tensors = {name: value for name, value in read_named(path).items() if not name.endswith("num_batches_tracked")}
    expected = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    shapes = [{name: tuple(value.shape) for name, value in state.items()} for state in (expected, tensors)]
    wrong = [name for name in {**expected, **tensors} if shapes[0].get(name) != shapes[1].get(name)]
    if wrong:
        raise UserError(f"{who}: {path} is not FID's Inception-v3 (first difference: {wrong[0]})")
    network.load_state_dict(tensors, strict=False, assign=True)
    outputs, network.fc = network.fc.weight, torch.nn.Identity()
    return network, outputs
