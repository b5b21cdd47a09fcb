"""Mean absolute and root mean squared error, in 8-bit levels."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from metrics.base import Metric
from metrics.per_image.channels import planes, stamp
from registry import register


@register("metrics", "mae")
@register("metrics", "mae_y", channel="y")
class Mae(Metric):
    """mean |image - clean| over all pixels and channels of one image, in 8-bit levels: 0 to 255.

    Of the values as saved. The MAE that shadow-removal papers print is another one: a sum over Lab channels
    (`metrics.lab`). ``channel`` and ``crop`` as `metrics.channels.planes` takes them.
    """

    version = 1
    higher_is_better = False
    unit = "8-bit levels"

    def __init__(
        self,
        *,
        channel: Literal["rgb", "y", "y_float"] = "rgb",
        crop: Annotated[int, "[0, inf)"] = 0,
    ) -> None:
        self.channel, self.crop = channel, crop

    @property
    def protocol(self) -> str:
        """8 bit, the channels in one mean, the border, per image."""
        return f"mae;8bit;range=255;{stamp(self.channel, self.crop)};per-image;v{self.version}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The error of one image in 8-bit levels."""
        x, y = (planes(picture, self.channel, self.crop) for picture in (image, clean))
        return float(np.abs(x - y).sum()) / x.size


@register("metrics", "rmse")
@register("metrics", "rmse_y", channel="y")
class Rmse(Metric):
    """sqrt(mean (image - clean)^2) over all pixels and channels of one image, in 8-bit levels: 0 to 255.

    A table averages roots, which is less than the root of the averaged squares.
    """

    version = 1
    higher_is_better = False
    unit = "8-bit levels"

    def __init__(
        self,
        *,
        channel: Literal["rgb", "y", "y_float"] = "rgb",
        crop: Annotated[int, "[0, inf)"] = 0,
    ) -> None:
        self.channel, self.crop = channel, crop

    @property
    def protocol(self) -> str:
        """8 bit, the channels in one mean, the border, per image."""
        return f"rmse;8bit;range=255;{stamp(self.channel, self.crop)};per-image;v{self.version}"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The error of one image in 8-bit levels."""
        x, y = (planes(picture, self.channel, self.crop) for picture in (image, clean))
        return float(np.sqrt(float(np.square(x - y).sum()) / x.size))
