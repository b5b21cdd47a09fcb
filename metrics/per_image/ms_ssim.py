"""Structural similarity over five scales."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from metrics.base import Metric
from metrics.per_image.channels import planes, stamp
from metrics.per_image.ssim import SIGMA, TAPS, terms
from registry import register

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SMALLEST = TAPS << (len(WEIGHTS) - 1)  # pixels a side, so that the coarsest scale still holds a window


@register("metrics", "ms_ssim")
@register("metrics", "ms_ssim_y", channel="y")
class MsSsim(Metric):
    """Multi-scale SSIM of Wang, Simoncelli and Bovik, Asilomar 2003, eq. 7, M = 5 scales::

        l_M(x, y)^w_M  prod_j cs_j(x, y)^w_j,      w = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333

    cs is the contrast-structure term of SSIM and l_M cs_M at the last scale SSIM itself, each averaged over the whole
    windows of 11 x 11 pixels inside the image; the next scale takes the mean of 2 x 2 pixels. A negative average counts
    as 0, since its root is not real. Each channel by itself, then the mean. Images need 176 pixels a side.
    """

    version = 1
    higher_is_better = True
    unit = ""
    smallest = SMALLEST

    def __init__(
        self,
        *,
        channel: Literal["rgb", "y", "y_float"] = "rgb",
        crop: Annotated[int, "[0, inf)"] = 0,
    ) -> None:
        self.channel, self.crop = channel, crop

    @property
    def protocol(self) -> str:
        """8 bit, range 255, channels and border left out, scales, window, whole windows only, the constants."""
        window = f"scales={len(WEIGHTS)},mean2x2;window=gaussian{TAPS},{SIGMA};border=valid;per-channel;negative=0"
        seen = f"{stamp(self.channel, self.crop)};{window}"
        return f"ms_ssim;8bit;range=255;{seen};k=0.01,0.03;covariance=population;v{self.version}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The similarity of one image, 0 to 1; `UserError` for images below 176 x 176 pixels."""
        x, y = (planes(picture, self.channel, self.crop).astype(np.float64) for picture in (image, clean))
        self.fits(*image.shape[:2])
        product = np.ones(x.shape[-1])
        for scale, weight in enumerate(WEIGHTS):
            above, below, over, under = terms(x, y, 2)
            last = scale == len(WEIGHTS) - 1
            values = above * over / (below * under) if last else over / under
            product *= np.maximum(values.mean((0, 1)), 0) ** weight
            x, y = _halved(x), _halved(y)
        return float(product.mean())


def _halved(x: np.ndarray) -> np.ndarray:
    """The mean of each 2 x 2 block; an odd last row or column is left out."""
    x = x[: len(x) // 2 * 2, : x.shape[1] // 2 * 2]
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4
