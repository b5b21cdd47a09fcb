"""Structural similarity over five scales."""

from __future__ import annotations

import numpy as np

from metrics.per_image.channels import ChannelMetric
from metrics.per_image.ssim import CONSTANTS, SIGMA, TAPS, terms
from registry import register

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SMALLEST = TAPS << (len(WEIGHTS) - 1)  # pixels a side, so that the coarsest scale still holds a window


@register("metrics", "ms_ssim")
@register("metrics", "ms_ssim_y", channel="y")
class MsSsim(ChannelMetric):
    """Multi-scale SSIM of Wang, Simoncelli and Bovik, Asilomar 2003, eq. 7, M = 5 scales::

        l_M(x, y)^w_M  prod_j cs_j(x, y)^w_j,      w = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333

    cs is the contrast-structure term of SSIM and l_M cs_M at the last scale SSIM itself, each averaged over the whole
    windows of 11 x 11 pixels inside the image; the next scale takes the mean of 2 x 2 pixels. A negative average counts
    as 0, since its root is not real. Each channel by itself, then the mean. Images need 176 pixels a side.
    """

    version = 1
    higher_is_better = True
    unit = ""
    name = "ms_ssim"
    smallest = SMALLEST

    def settings(self) -> str:
        """Range 255, channels and border left out, scales, window, whole windows only, the constants."""
        window = f"scales={len(WEIGHTS)},mean2x2;window=gaussian{TAPS},{SIGMA};border=valid;per-channel;negative=0"
        return f"range=255;{self.seen};{window};{CONSTANTS}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The similarity of one image, 0 to 1; `UserError` for images below 176 x 176 pixels."""
        x, y = (values.astype(np.float64) for values in self.compared(image, clean))
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
