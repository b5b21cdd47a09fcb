"""Colour errors in CIE Lab: what shadow-removal papers print as MAE or RMSE."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np

from metrics.base import Metric
from metrics.per_image.channels import RegionMetric
from registry import register

# Linear sRGB (IEC 61966-2-1) to XYZ under its own white D65; and adapted to the D50 of ICC profiles by Bradford's
# transform (Lindbloom's figures), as MATLAB's makecform('srgb2lab') gives it.
TO_XYZ = {
    "d65": np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]),
    "d50": np.array(
        [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
    ),
}
WHITE = {"d65": np.array([0.95047, 1.0, 1.08883]), "d50": np.array([0.96422, 1.0, 0.82521])}


def linear(values: np.ndarray) -> np.ndarray:
    """sRGB's transfer curve undone: [0, 1] to [0, 1]."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


_LINEAR = linear(np.arange(256) / 255)


def to_lab(image: np.ndarray, white: str) -> np.ndarray:
    """L* (0 to 100), a* and b* of a uint8 sRGB picture (H, W, C), float64 (H, W, 3); one channel counts as three.

    CIE 15:2004, eq. 8.3 to 8.8::

        L = 116 f(Y / Yn) - 16,   a = 500 (f(X / Xn) - f(Y / Yn)),   b = 200 (f(Y / Yn) - f(Z / Zn))

    f(t) = t^(1/3) above (6/29)^3, else (29/6)^2 t / 3 + 4/29. ``white`` is "d65" (skimage, OpenCV, MATLAB's rgb2lab)
    or "d50" (MATLAB's makecform).
    """
    rgb = _LINEAR[np.broadcast_to(image, (*image.shape[:2], 3))]
    t = rgb @ TO_XYZ[white].T / WHITE[white]
    x, y, z = np.moveaxis(np.where(t > (6 / 29) ** 3, np.cbrt(t), (29 / 6) ** 2 * t / 3 + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def errors(image: np.ndarray, clean: np.ndarray, white: str) -> np.ndarray:
    """|dL| + |da| + |db| of each pixel, float64 (H, W): the sum, not the mean, over the three channels."""
    return np.abs(to_lab(image, white) - to_lab(clean, white)).sum(-1)


@register("metrics", "lab_mae")
class LabMae(Metric):
    """mean over pixels of |dL| + |da| + |db|, in units of L*: three times a mean over channels.

    A mean absolute error: what ISTD's papers print as MAE and, before 2022 mostly, as "RMSE", which most of their codes
    compute without a square; one that does square is another figure. evaluate_ISTD_results.m
    takes D50 (``makecform``); Python scripts take D65. The papers shrink both pictures to 256 x 256 pixels first
    (`imresize` of the 8-bit values): here pictures are compared at the size they were made in.
    """

    higher_is_better = False
    unit = "L*"
    name = "lab_mae"

    def __init__(self, *, white: Literal["d50", "d65"] = "d50") -> None:
        self.white = white
        self._settings = f"srgb;white={white};channels=sum;region=all;per-image"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The error of one image."""
        return float(errors(image, clean, self.white).mean())


@register("metrics", "lab_mae_shadow", region="shadow")
@register("metrics", "lab_mae_lit", region="lit")
class RegionLabMae(RegionMetric):
    """`LabMae` over the pixels of a region, which a mask marks; PI-Lab of the ISTD papers is the mean of these figures.

    The papers' script counts every mask value above 0 as shadow, hence ``least`` 1. NaN where the region is empty.
    """

    higher_is_better = False
    unit = "L*"
    name = "lab_mae"
    mean: ClassVar[str] = "per-image"

    def __init__(
        self,
        *,
        region: Literal["shadow", "lit"] = "shadow",
        least: Annotated[int, "[1, 255]"] = 1,
        white: Literal["d50", "d65"] = "d50",
    ) -> None:
        self.region, self.least, self.white = region, least, white
        self._settings = f"srgb;white={white};channels=sum;{self.marked};{self.mean}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None) -> float:
        """The error of one image's region; NaN for an empty region."""
        region = self.inside(mask)
        return float(errors(image, clean, self.white)[region].mean()) if region.any() else float("nan")


@register("metrics", "lab_mae_shadow_pooled", region="shadow")
@register("metrics", "lab_mae_lit_pooled", region="lit")
class PooledLabMae(RegionLabMae):
    """Shares whose mean over the images is PP-Lab of the ISTD papers: the error of all pixels of a region, pooled.

    The share of an image is the sum of its region's errors over the *average* number of region pixels per image of the
    set, so that mean(shares) = sum of all errors / number of all pixels. The masks are the same for every method, and
    so is that number: shares of two methods may be compared in pairs. A share depends on the masks of the set, though
    on no other picture; so these figures belong to the set that they were taken on, and an image without the region
    has the share 0.
    """

    mean = "pooled"
    suffix = "_pooled"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None) -> float:
        """The sum of the errors in one image's region."""
        return float(errors(image, clean, self.white)[self.inside(mask)].sum())

    def __call__(self, images: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """The shares, float64 (N,), of a whole set; as `Metric.__call__`. NaN where no image has the region."""
        sums = super().__call__(images, clean, mask)
        count = self.inside(mask).sum()
        return sums / (count / len(sums)) if count else np.full(len(sums), np.nan)
