"""Structural similarity."""

from __future__ import annotations

import numpy as np

from errors import UserError
from metrics.base import Metric
from registry import register

TAPS, SIGMA = 11, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def _gaussian() -> np.ndarray:
    weights = np.exp(-((np.arange(TAPS) - TAPS // 2) ** 2) / (2 * SIGMA**2))
    return weights / weights.sum()


WINDOW = _gaussian()


@register("metrics", "ssim")
class Ssim(Metric):
    """The mean structural similarity of Wang et al., IEEE TIP 13(4), 2004, eq. 13, over the windows inside the image::

        (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sx^2 + sy^2 + C2)),   C1 = (0.01 255)^2, C2 = (0.03 255)^2

    Moments under a Gaussian window of 11 x 11 pixels and sigma 1.5, weighted without the n / (n - 1) of samples;
    each channel by itself, then the mean over channels. Only whole windows count, as in the authors' own code:
    padding the borders changes the figures of small images by several hundredths. Images need 11 pixels a side.
    """

    version = 1
    higher_is_better = True
    unit = ""

    @property
    def protocol(self) -> str:
        """8 bit, range 255, mean over channels, the window, whole windows only, the constants."""
        window = f"window=gaussian{TAPS},{SIGMA};border=valid"
        return f"ssim;8bit;range=255;channels=mean;{window};k=0.01,0.03;covariance=population;v{self.version}"

    def score(self, image: np.ndarray, clean: np.ndarray) -> float:
        """The mean similarity of one image, -1 to 1; `UserError` for images below 11 x 11 pixels."""
        if min(image.shape[:2]) < TAPS:
            size = "x".join(map(str, image.shape[:2]))
            raise UserError(f"metrics=ssim needs images of at least {TAPS}x{TAPS} pixels, got {size}; leave it out")
        return float(_similarity(image.astype(np.float64), clean.astype(np.float64)).mean())


def _similarity(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The map of eq. 13 (H - 10, W - 10, C): one value per window and channel."""
    mx, my, square, product = (_windows(values) for values in (x, y, x * x + y * y, x * y))
    means, cross = mx * mx + my * my, mx * my
    return (2 * cross + C1) * (2 * (product - cross) + C2) / ((means + C1) * (square - means + C2))


def _windows(x: np.ndarray) -> np.ndarray:
    """The Gaussian mean of each whole window: (H, W, C) to (H - 10, W - 10, C), one axis after the other."""
    for _ in range(2):
        size = len(x) - TAPS + 1
        rows = sum(weight * x[shift : shift + size] for shift, weight in enumerate(WINDOW))
        x = np.ascontiguousarray(np.swapaxes(rows, 0, 1))
    return x
