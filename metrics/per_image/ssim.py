"""Structural similarity, on one scale and on five."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np

from metrics.per_image.channels import ChannelMetric, RegionMetric, gaussian_window
from registry import register

TAPS, SIGMA = 11, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
CONSTANTS = "k=0.01,0.03;covariance=population"
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # MS-SSIM's weights, from the finest scale on
Similarity = Callable[[np.ndarray, np.ndarray], np.ndarray]
WINDOW = gaussian_window(TAPS, SIGMA)


@register("metrics", "ssim")
@register("metrics", "ssim_y", channel="y")
@register("metrics", "ssim_istd", window="volume")
class Ssim(ChannelMetric):
    """The mean structural similarity of Wang et al., IEEE TIP 13(4), 2004, eq. 13, over the windows of the image::

        (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sx^2 + sy^2 + C2)),   C1 = (0.01 255)^2, C2 = (0.03 255)^2

    Moments under a Gaussian window of 11 pixels and sigma 1.5, weighted without the n / (n - 1) of samples.

    ``window=plane``: each channel by itself, then the mean over channels, and only whole windows count, as in the
    authors' own code: padding the borders changes the figures of small images by several hundredths. Images need
    11 pixels a side. ``window=volume``: MATLAB's ``ssim`` of an RGB array, which it takes for a volume: windows of
    11 x 11 x 11 across the three channels, borders replicated; what the ISTD papers print.
    """

    higher_is_better = True
    unit = ""
    name = "ssim"
    smallest = TAPS

    def __init__(
        self,
        *,
        channel: Literal["rgb", "y", "y_float"] = "rgb",
        crop: Annotated[int, "[0, inf)"] = 0,
        window: Literal["plane", "volume"] = "plane",
    ) -> None:
        self.window, self.how = window, f"{STAMPS[window]};{CONSTANTS}"
        super().__init__(channel=channel, crop=crop)

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The mean similarity of one image, -1 to 1; `UserError` for images below 11 x 11 pixels."""
        x, y = (values.astype(np.float64) for values in self.compared(image, clean))
        return float(MAPS[self.window](x, y).mean())


@register("metrics", "ssim_shadow", region="shadow")
@register("metrics", "ssim_lit", region="lit")
@register("metrics", "ssim_shadow_istd", region="shadow", outside="zeroed", window="volume", least=1)
@register("metrics", "ssim_lit_istd", region="lit", outside="zeroed", window="volume", least=1)
class RegionSsim(RegionMetric):
    """SSIM of the part of an image that a mask marks ("shadow": where the mask is ``least`` or more), or of the rest.

    ``outside=excluded`` is the mean over the windows centred in the region. ``outside=zeroed`` is what the ISTD papers
    print (evaluate_ISTD_results.m): both pictures times the mask, then the mean over all windows, most of which
    compare zeros with zeros and score 1. NaN where the region is empty.
    """

    higher_is_better = True
    unit = ""
    name = "ssim"
    smallest = TAPS

    def __init__(
        self,
        *,
        region: Literal["shadow", "lit"] = "shadow",
        outside: Literal["excluded", "zeroed"] = "excluded",
        least: Annotated[int, "[1, 255]"] = 128,
        window: Literal["plane", "volume"] = "plane",
    ) -> None:
        self.region, self.outside, self.least, self.window = region, outside, least, window
        self._settings = f"range=255;channels=all;{self.marked};outside={outside};{STAMPS[window]};{CONSTANTS}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None) -> float:
        """The mean similarity of one image's region, -1 to 1; NaN for a region with no window."""
        region = self.inside(mask)
        x, y = (picture.astype(np.float64) for picture in (image, clean))
        values = OUTSIDE[self.outside](x, y, region, MAPS[self.window])
        return float(values.mean()) if values.size else float("nan")


@register("metrics", "ms_ssim")
@register("metrics", "ms_ssim_y", channel="y")
class MsSsim(ChannelMetric):
    """Multi-scale SSIM of Wang, Simoncelli and Bovik, Asilomar 2003, eq. 7, M = 5 scales::

        l_M(x, y)^w_M  prod_j cs_j(x, y)^w_j,      w = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333

    cs is the contrast-structure term of SSIM and l_M cs_M at the last scale SSIM itself, each averaged over the whole
    windows of 11 x 11 pixels inside the image; the next scale takes the mean of 2 x 2 pixels. A negative average counts
    as 0, since its root is not real. Each channel by itself, then the mean. Images need 176 pixels a side.
    """

    higher_is_better = True
    unit = ""
    name = "ms_ssim"
    smallest = TAPS << (len(SCALES) - 1)  # so that the coarsest scale still holds a window
    how = f"scales={len(SCALES)},mean2x2;window=gaussian{TAPS},{SIGMA};border=valid;per-channel;negative=0;{CONSTANTS}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The similarity of one image, 0 to 1; `UserError` for images below 176 x 176 pixels."""
        x, y = (values.astype(np.float64) for values in self.compared(image, clean))
        product = np.ones(x.shape[-1])
        for scale, weight in enumerate(SCALES):
            above, below, over, under = terms(x, y, 2)
            last = scale == len(SCALES) - 1
            values = above * over / (below * under) if last else over / under
            product *= np.maximum(values.mean((0, 1)), 0) ** weight
            x, y = _halved(x), _halved(y)
        return float(product.mean())


def _halved(x: np.ndarray) -> np.ndarray:
    """The mean of each 2 x 2 block; an odd last row or column is left out."""
    x = x[: len(x) // 2 * 2, : x.shape[1] // 2 * 2]
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4


def similarity(x: np.ndarray, y: np.ndarray, axes: int = 2) -> np.ndarray:
    """The map of eq. 13 for (H, W, C): (H - 10, W - 10, C), one value per whole window and channel; as `terms`."""
    above, below, over, under = terms(x, y, axes)
    return above * over / (below * under)


def terms(x: np.ndarray, y: np.ndarray, axes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Numerator and denominator of eq. 13's luminance, and of its contrast times structure, per whole window.

    Windows span the first ``axes`` axes of x and y.
    """
    mx, my, square, product = (_windows(values, axes) for values in (x, y, x * x + y * y, x * y))
    means, cross = mx * mx + my * my, mx * my
    return 2 * cross + C1, means + C1, 2 * (product - cross) + C2, square - means + C2


def _volume(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The map of eq. 13 (H, W, C) under windows across rows, columns and channels, borders replicated."""
    x, y = (np.pad(values, TAPS // 2, mode="edge") for values in (x, y))
    return similarity(x, y, 3)


def _windows(x: np.ndarray, axes: int) -> np.ndarray:
    """The Gaussian mean of each whole window over the first ``axes`` axes, one after the other."""
    for axis in range(axes):
        x = np.moveaxis(x, axis, 0)
        size = len(x) - TAPS + 1
        rows = sum(weight * x[shift : shift + size] for shift, weight in enumerate(WINDOW))
        x = np.ascontiguousarray(np.moveaxis(rows, 0, axis))
    return x


def _centred(x: np.ndarray, y: np.ndarray, region: np.ndarray, similar: Similarity) -> np.ndarray:
    """The values of the windows whose middle pixel lies in the region."""
    values = similar(x, y)
    margin = (len(region) - len(values)) // 2
    return values[region[margin : len(region) - margin, margin : region.shape[1] - margin]]


def _zeroed(x: np.ndarray, y: np.ndarray, region: np.ndarray, similar: Similarity) -> np.ndarray:
    """All values of the pictures with zeros outside the region; none for an empty region."""
    inside = region[..., None]
    return similar(x * inside, y * inside) if region.any() else np.empty(0)


MAPS: dict[str, Similarity] = {"plane": similarity, "volume": _volume}
STAMPS = {
    "plane": f"window=gaussian{TAPS},{SIGMA};border=valid;per-channel",
    "volume": f"window=gaussian{TAPS},{SIGMA},volume;border=replicate",
}
OUTSIDE = {"excluded": _centred, "zeroed": _zeroed}
