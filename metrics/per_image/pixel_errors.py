"""Errors of pixels: mean absolute and root mean squared error in 8-bit levels, and peak signal-to-noise ratio."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from metrics.per_image.channels import ChannelMetric, RegionMetric
from registry import register


@register("metrics", "mae")
@register("metrics", "mae_y", channel="y")
class Mae(ChannelMetric):
    """mean |image - clean| over all pixels and channels of one image, in 8-bit levels: 0 to 255.

    Of the values as saved. The MAE that shadow-removal papers print is another one: a sum over Lab channels
    (`metrics.per_image.lab`). ``channel`` and ``crop`` as `metrics.per_image.channels.planes` takes them.
    """

    higher_is_better = False
    unit = "8-bit levels"
    name = "mae"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The error of one image in 8-bit levels."""
        x, y = self.compared(image, clean)
        return float(np.abs(x - y).sum()) / x.size


@register("metrics", "rmse")
@register("metrics", "rmse_y", channel="y")
class Rmse(ChannelMetric):
    """sqrt(mean (image - clean)^2) over all pixels and channels of one image, in 8-bit levels: 0 to 255.

    A table averages roots, which is less than the root of the averaged squares.
    """

    higher_is_better = False
    unit = "8-bit levels"
    name = "rmse"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The error of one image in 8-bit levels."""
        x, y = self.compared(image, clean)
        return float(np.sqrt(float(np.square(x - y).sum()) / x.size))


@register("metrics", "psnr")
@register("metrics", "psnr_y", channel="y")
class Psnr(ChannelMetric):
    """10 log10(255^2 / MSE) in dB, the mean squared error taken over all pixels and channels of one image.

    A table averages these figures. Pooling the errors of several images into one MSE first is another quantity,
    which the worst image decides. Figures end at ``cap`` dB, also that of an image equal to the clean one.
    ``channel`` and ``crop`` as of `Mae`. Squared errors of whole numbers are summed
    exactly, so the figure is exact up to the logarithm.
    """

    higher_is_better = True
    unit = "dB"
    name = "psnr"

    def __init__(
        self,
        *,
        cap: Annotated[float, "(0, inf)"] = 100.0,
        channel: Literal["rgb", "y", "y_float"] = "rgb",
        crop: Annotated[int, "[0, inf)"] = 0,
    ) -> None:
        self.cap, self.how = cap, f"per-image;cap={cap:g}"
        super().__init__(channel=channel, crop=crop)

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The ratio of one image in dB, at most ``cap``."""
        x, y = self.compared(image, clean)
        return _ratio(x - y, self.cap)


@register("metrics", "psnr_shadow", region="shadow")
@register("metrics", "psnr_lit", region="lit")
@register("metrics", "psnr_shadow_istd", region="shadow", outside="zeroed", least=1)
@register("metrics", "psnr_lit_istd", region="lit", outside="zeroed", least=1)
class RegionPsnr(RegionMetric):
    """PSNR of the part of an image that a mask marks ("shadow": where the mask is ``least`` or more), or of the rest.

    ``outside=excluded`` takes the mean squared error over the pixels of the region alone. ``outside=zeroed`` is what
    the ISTD papers print (evaluate_ISTD_results.m): both pictures times the mask, then the error over *all* pixels,
    which the zeros lower: by 10 log10 of the region's share of the picture. Such figures say as much of the region's
    size as of the restoration. The script counts every mask value above 0. NaN where the region is empty.
    """

    higher_is_better = True
    unit = "dB"
    name = "psnr"

    def __init__(
        self,
        *,
        region: Literal["shadow", "lit"] = "shadow",
        outside: Literal["excluded", "zeroed"] = "excluded",
        least: Annotated[int, "[1, 255]"] = 128,
        cap: Annotated[float, "(0, inf)"] = 100.0,
    ) -> None:
        self.region, self.outside, self.least, self.cap = region, outside, least, cap
        self._settings = f"range=255;channels=all;{self.marked};outside={outside};per-image;cap={cap:g}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None) -> float:
        """The ratio of one image's region in dB, at most ``cap``; NaN for an empty region."""
        region = self.inside(mask)
        if not region.any():
            return float("nan")
        errors = image.astype(np.int64) - clean
        return _ratio(OUTSIDE[self.outside](errors, region), self.cap)


OUTSIDE = {
    "excluded": lambda errors, region: errors[region],
    "zeroed": lambda errors, region: errors * region[..., None],
}


def _ratio(errors: np.ndarray, cap: float) -> float:
    total = float(np.square(errors).sum())
    return min(cap, 10 * np.log10(255**2 * errors.size / total)) if total else cap
