"""Tasks that take information away: inpainting and colorization."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from datasets.tasks.basic import MaskedTask, Measurement, Task
from errors import UserError
from registry import register


def _center(height: int, width: int, share: float, rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    mask[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    return mask


def _box(height: int, width: int, share: float, rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    tall, wide = (int(rng.integers(max(1, side // 4), side // 2 + 1)) for side in (height, width))
    top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
    mask[top : top + tall, left : left + wide] = True
    return mask


def _pixels(height: int, width: int, share: float, rng: np.random.Generator) -> np.ndarray:
    return rng.random((height, width)) < share


_MASKS = {"center": _center, "box": _box, "pixels": _pixels}


@register("task", "inpaint")
class Inpaint(MaskedTask):
    """Masked pixels become mid-grey: y = (1 - m) x + 0.5 m (RDDM's inpainting input), m the same in all channels.

    ``center``  the middle half of each axis, a quarter of the area (RDDM's).
    ``box``     a random box, each side uniform between a quarter and a half of the picture's.
    ``pixels``  each pixel by itself with probability ``share``, which the other masks do not use.
    """

    name = "inpaint"

    def __init__(
        self,
        mask: Literal["center", "box", "pixels"] = "center",
        share: Annotated[float, "(0, 1)"] = 0.5,
    ) -> None:
        self.mask, self.share = mask, share

    def degrade_with_mask(self, clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Y = (1 - m) x + 0.5 m, and m, which is 0 or 1."""
        height, width = clean.shape[:2]
        mask = _MASKS[self.mask](height, width, self.share, rng)
        return np.where(mask[:, :, None], np.float32(0.5), clean), mask

    def measurement(self) -> Measurement:
        """Each item's own mask: the mid-grey behind it is 0 in [-1, 1]."""
        return Measurement("mask", per_item=("mask",))


LUMA = (0.299, 0.587, 0.114)  # BT.601


@register("task", "colorize")
class Colorize(Task):
    """Colour removed: y = 0.299 R + 0.587 G + 0.114 B (BT.601 luma of the sRGB values) in all three channels."""

    name = "colorize"

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The luma, three times; ``rng`` is not used."""
        luma = clean @ np.array(LUMA, dtype=np.float32)
        return np.repeat(luma[:, :, None], 3, axis=2)

    def measurement(self) -> Measurement:
        """The luma, whose weights add up to 1."""
        return Measurement("grey", (LUMA,))

    def check(self, shape: tuple[int, ...]) -> None:
        """`UserError` for points and for grey pictures."""
        super().check(shape)
        if shape[0] != 3:
            raise UserError("task=colorize needs colour pictures, this data set is grey: use dataset=photos or folder")
