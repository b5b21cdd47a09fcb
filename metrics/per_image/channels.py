"""What of a picture is compared: its channels or its luma, without a border, inside or outside a mask."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from errors import UserError
from metrics.base import Metric

# ITU-R BT.601 luma of 8-bit R'G'B' in the studio range 16 to 235, in thousandths: MATLAB's rgb2ycbcr, first row.
LUMA = np.array([65481, 128553, 24966])
_UNIT = 255_000
GREY = np.array([298936, 587043, 114021])  # BT.601 luma in full range, in millionths


def luma(image: np.ndarray) -> np.ndarray:
    """Y' = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, whole numbers, halves up: int64 (H, W, 1) of uint8 (H, W, C).

    As MATLAB's rgb2ycbcr gives it for uint8 input (ITU-R BT.601, 16 for black, 235 for white). One channel counts as
    three equal ones.
    """
    return 16 + (_weighted(image) + _UNIT // 2) // _UNIT


def exact_luma(image: np.ndarray) -> np.ndarray:
    """`luma` before it is rounded to 8 bit, float64, as BasicSR compares it."""
    return 16 + _weighted(image) / _UNIT


def grey(image: np.ndarray) -> np.ndarray:
    """0.298936 R + 0.587043 G + 0.114021 B, whole numbers, halves up, as MATLAB's rgb2gray: int64 (H, W, 1)."""
    three = np.broadcast_to(image, (*image.shape[:2], 3))
    return (three.astype(np.int64) @ GREY + 500_000)[..., None] // 1_000_000


def _weighted(image: np.ndarray) -> np.ndarray:
    three = np.broadcast_to(image, (*image.shape[:2], 3))
    return (three.astype(np.int64) @ LUMA)[..., None]


CHANNELS = {"rgb": lambda image: image.astype(np.int64), "y": luma, "y_float": exact_luma}
STAMPS = {"rgb": "channels=all", "y": "channels=y,bt601,16-235,8bit", "y_float": "channels=y,bt601,16-235,float"}


def planes(image: np.ndarray, channel: str, crop: int) -> np.ndarray:
    """The numbers to compare, (h, w, c), of a uint8 picture (H, W, C): ``channel`` of `CHANNELS`, without the border.

    ``crop`` pixels go on every side, as super-resolution papers do by the factor. Raises `UserError` where nothing
    would be left.
    """
    rows, columns = image.shape[:2]
    if 2 * crop >= min(rows, columns):
        raise UserError(f"crop={crop} leaves nothing of a picture of {rows}x{columns} pixels; take less")
    return CHANNELS[channel](image)[crop : rows - crop, crop : columns - crop]


REGIONS = {"shadow": lambda marked: marked, "lit": lambda marked: ~marked}


def gaussian_window(taps: int, sigma: float) -> np.ndarray:
    """exp(-k^2 / (2 sigma^2)) at the ``taps`` whole numbers k around 0, of sum 1."""
    weights = np.exp(-((np.arange(taps) - taps // 2) ** 2) / (2 * sigma**2))
    return np.asarray(weights / weights.sum())


class ChannelMetric(Metric):
    """What compares the ``channel`` of `CHANNELS` of two pictures without a border of ``crop`` pixels.

    ``how`` is the part of the stamp behind the range, the channels and the border.
    """

    how: str = "per-image"

    def __init__(
        self,
        *,
        channel: Literal["rgb", "y", "y_float"] = "rgb",
        crop: Annotated[int, "[0, inf)"] = 0,
    ) -> None:
        self.channel, self.crop = channel, crop
        self._settings = f"range=255;{STAMPS[channel]};crop={crop};{self.how}"

    def compared(self, image: np.ndarray, clean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The `planes` of both."""
        return planes(image, self.channel, self.crop), planes(clean, self.channel, self.crop)


class RegionMetric(Metric):
    """What compares the ``region`` of two pictures: "shadow" where the mask is ``least`` or more, "lit" elsewhere."""

    needs = ("pair", "mask")
    region: str
    least: int
    suffix: str = ""  # behind the region in the name that it is registered by

    @property
    def marked(self) -> str:
        """The part of a stamp that names the region."""
        return f"region={self.region},mask>={self.least}"

    def inside(self, mask: np.ndarray | None) -> np.ndarray:
        """The pixels of the region, bool; `UserError` without a mask."""
        if mask is None:
            who = f"{self.name}_{self.region}{self.suffix}"
            raise UserError(f"metrics={who} needs masks, which this data set or task does not bring; leave it out")
        return REGIONS[self.region](mask >= self.least)
