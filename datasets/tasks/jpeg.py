"""JPEG compression by Pillow's codec, in memory."""

from __future__ import annotations

import io
from typing import Annotated, Literal

import numpy as np

from datasets.io.pixels import from_uint8, to_uint8
from datasets.tasks.basic import Task
from registry import register


def compress(image: np.ndarray, quality: int, chroma: str = "4:2:0") -> np.ndarray:
    """A picture (H, W, C) in [0, 1], C in {1, 3}, through an 8-bit JPEG and back; float32, whole 255ths.

    ``quality`` as libjpeg scales its tables, 1 to 100; ``chroma`` is the subsampling "4:2:0", "4:2:2" or "4:4:4".
    """
    from PIL import Image

    pixels = to_uint8(image)
    grey = pixels.shape[2] == 1
    memory = io.BytesIO()
    picture = Image.fromarray(pixels[:, :, 0] if grey else pixels)
    # a grey JPEG has no chroma to subsample, and says so when asked
    picture.save(memory, "JPEG", quality=quality, **({} if grey else {"subsampling": chroma}))
    decoded = np.asarray(Image.open(memory))
    return from_uint8(decoded[:, :, None] if grey else decoded)


@register("task", "jpeg")
class Jpeg(Task):
    """JPEG artefacts: y is x as 8-bit JPEG of ``quality`` (libjpeg's scale) and chroma subsampling, decoded again.

    The values are those of the installed Pillow's codec; nothing is random.
    """

    name = "jpeg"

    def __init__(
        self,
        quality: Annotated[int, "[1, 100]"] = 10,
        chroma: Literal["4:2:0", "4:2:2", "4:4:4"] = "4:2:0",
    ) -> None:
        self.quality, self.chroma = quality, chroma

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Y = decode(encode(x)); ``rng`` is not used."""
        return compress(clean, self.quality, self.chroma)
