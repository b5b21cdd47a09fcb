"""Natural image quality evaluator: no reference."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from errors import UserError
from metrics.base import Metric
from metrics.networks.weights import package_file, sha
from metrics.per_image.channels import grey, luma
from metrics.per_image.scene_statistics import contrast_normalized, fit, halved, scales
from registry import register

BLOCK = 96  # pixels a side, at the first of two scales
GREYS = {"y": luma, "grey": grey}
# Which neighbour a pixel is multiplied with: right, below, and the two diagonals.
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
# MATLAB's imresize by 1/2, borders mirrored: the cubic kernel (a = -1/2) stretched to 8 pixels, at +-1/2, ..., 7/2.
_CUBIC = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
_halved = functools.partial(halved, kernel=_CUBIC, pad=(3, 3), border="symmetric")


@register("metrics", "niqe")
class Niqe(Metric):
    """Mittal, Soundararajan and Bovik, IEEE SPL 20(3), 2013, eq. 10: how far an image's statistics are from nature's::

        sqrt((m - n)^T ((S + T) / 2)^+ (m - n))

    m and S are mean and covariance of 36 features over the image's blocks of 96 x 96 pixels (18 at full size, 18 at
    half size: shape and scales of the contrast-normalised values and of their products with four neighbours), n and T
    those of pristine photographs. Smaller is more natural; it knows nothing of the clean image.

    The protocol of the authors' MATLAB release: whole blocks from the top left corner, borders replicated, halving by
    imresize. ``channel``: "y" as restoration papers measure (BasicSR), "grey" as the release itself does (rgb2gray).
    n and T are the release's, out of the package mmagic. On five pictures of TID2013 whose figures by the release are
    published (3.2 to 15.8) "grey" agrees to 0.6%. MATLAB's built-in ``niqe`` and scikit-video's have other parameters
    and other figures. Needs two blocks; NaN where too few have any texture. A JPEG's own blocks lower it: score what
    was saved without loss.
    """

    needs = ()
    higher_is_better = False
    unit = ""
    name = "niqe"

    def __init__(self, *, channel: Literal["y", "grey"] = "y", crop: Annotated[int, "[0, inf)"] = 0) -> None:
        self.channel, self.crop = channel, crop

    @property
    def settings(self) -> str:
        """The channel and border left out, blocks, resizing and the hash of the parameters."""
        how = f"channel={self.channel},8bit;crop={self.crop};blocks={BLOCK};border=edge;half=imresize"
        return f"{how};release=live2012;parameters={sha(_file())}"

    def fits(self, height: int, width: int) -> None:
        """Two blocks are the least that has a covariance."""
        rows, columns = ((side - 2 * self.crop) // BLOCK for side in (height, width))
        if min(rows, columns) < 1 or rows * columns < 2:
            raise UserError(
                f"metrics=niqe needs at least two blocks of {BLOCK}x{BLOCK} pixels, got {height}x{width}; leave it out"
            )

    def score(self, image: np.ndarray, clean: np.ndarray | None = None, mask: np.ndarray | None = None) -> float:
        """The distance of one image; `UserError` below two blocks."""
        x = GREYS[self.channel](image)[..., 0].astype(np.float64)
        x = x[self.crop : len(x) - self.crop, self.crop : x.shape[1] - self.crop]
        rows, columns = len(x) // BLOCK, x.shape[1] // BLOCK
        return _distance(_features(x[: rows * BLOCK, : columns * BLOCK]))


def _distance(features: np.ndarray) -> float:
    """Eq. 10 of the blocks' features (blocks, 36); rows with a NaN do not enter the covariance."""
    whole = features[~np.isnan(features).any(1)]
    if len(whole) < 2:
        return float("nan")
    mean, covariance = _pristine()
    difference = mean - np.nanmean(features, axis=0)
    between = np.linalg.pinv((covariance + np.cov(whole, rowvar=False)) / 2)
    return float(np.sqrt(difference @ between @ difference))


def _features(x: np.ndarray) -> np.ndarray:
    """The 36 features of each block, (blocks, 36), of a picture of whole blocks."""
    features = []
    for size in (BLOCK, BLOCK // 2):
        values = contrast_normalized(x, 1.0, "edge")
        blocks = values.reshape(len(x) // size, size, -1, size).swapaxes(1, 2).reshape(-1, size, size)
        features.append([_block_features(block) for block in blocks])
        x = _halved(x)
    return np.concatenate(features, axis=1)


def _block_features(block: np.ndarray) -> list[float]:
    """Eq. 4 to 8 of the paper: shape and mean scale, then shape, mean and both scales of each product."""
    shape, left, right = fit(block, "neither")
    features = [shape, scales(shape)[0] * (left + right) / 2]
    for shift in _SHIFTS:
        shape, left, right = fit(block * np.roll(block, shift, (0, 1)), "neither")
        width, mean = scales(shape)
        features += [shape, width * (right - left) * mean, width * left, width * right]
    return features


def _file() -> Path:
    parts = ("evaluation", "metrics", "niqe_pris_params.npz")
    return package_file("mmagic", "mmagic==1.2.0", *parts, who="metrics=niqe")


@functools.lru_cache(maxsize=1)
def _pristine() -> tuple[np.ndarray, np.ndarray]:
    """Mean (36,) and covariance (36, 36) of pristine photographs' features."""
    with np.load(_file(), allow_pickle=False) as arrays:
        return arrays["mu_pris_param"].ravel(), arrays["cov_pris_param"]
