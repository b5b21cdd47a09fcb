"""Peak signal-to-noise ratio."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from metrics.base import Metric
from registry import register


@register("metrics", "psnr")
class Psnr(Metric):
    """10 log10(255^2 / MSE) in dB, the mean squared error taken over all pixels and channels of one image.

    A table averages these figures. Pooling the errors of several images into one MSE first is another quantity,
    which the worst image decides. Figures end at ``cap`` dB, also that of an image equal to the clean one.
    The squared errors are summed as integers, so the figure is exact up to the logarithm.
    """

    version = 1
    higher_is_better = True
    unit = "dB"

    def __init__(self, *, cap: Annotated[float, "(0, inf)"] = 100.0) -> None:
        self.cap = cap

    @property
    def protocol(self) -> str:
        """8 bit, range 255, all channels in one mean, per image, the cap."""
        return f"psnr;8bit;range=255;channels=all;per-image;cap={self.cap:g};v{self.version}"

    def score(self, image: np.ndarray, clean: np.ndarray) -> float:
        """The ratio of one image in dB, at most ``cap``."""
        errors = image.astype(np.int64) - clean
        total = int(np.square(errors).sum())
        return min(self.cap, 10 * np.log10(255**2 * errors.size / total)) if total else self.cap
