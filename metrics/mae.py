"""Mean absolute error."""

from __future__ import annotations

import numpy as np

from metrics.base import Metric
from registry import register


@register("metrics", "mae")
class Mae(Metric):
    """mean |image - clean| over all pixels and channels of one image, in 8-bit levels: 0 to 255.

    Of the RGB values as saved. The MAE that shadow-removal papers print is another one: a sum over Lab channels.
    """

    version = 1
    higher_is_better = False
    unit = "8-bit levels"

    @property
    def protocol(self) -> str:
        """8 bit, all channels in one mean, per image."""
        return f"mae;8bit;range=255;channels=all;per-image;v{self.version}"

    def score(self, image: np.ndarray, clean: np.ndarray) -> float:
        """The error of one image in 8-bit levels."""
        errors = image.astype(np.int64) - clean
        return int(np.abs(errors).sum()) / errors.size
