"""Blind restoration: both degradation pipelines of DiffBIR, with every random choice drawn before it is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from datasets.tasks.basic import Task
from datasets.tasks.filters import Bell, Range, convolve, divided, draw_gaussian, resize, sharpen
from datasets.tasks.jpeg import compress
from datasets.tasks.realesrgan import TwoRounds, realesrgan
from registry import register


@dataclass(frozen=True)
class OneRound:
    """What `codeformer` drew: the blur, the downsampling factor, noise in 8-bit units, the JPEG quality."""

    blur: Bell
    down: float
    noise: float
    quality: int

    def apply(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Blur, bilinear down, clipped white noise, JPEG, bilinear up; ``rng`` draws the noise."""
        height, width = clean.shape[:2]
        small = resize(convolve(clean, self.blur.kernel()), *divided((height, width), self.down), "bilinear")
        noise = np.float32(self.noise / 255) * rng.standard_normal(small.shape, dtype=np.float32)
        return resize(compress(np.clip(small + noise, 0, 1), self.quality), height, width, "bilinear")


@dataclass(frozen=True)
class Ranges:
    """The ranges of one variant of the CodeFormer pipeline, each uniform."""

    sigma: Range
    down: Range
    noise: Range
    quality: Range


GENERAL = Ranges(sigma=(0.1, 12.0), down=(1.0, 12.0), noise=(0.0, 15.0), quality=(30.0, 100.0))
FACES = Ranges(sigma=(0.1, 10.0), down=(0.8, 8.0), noise=(0.0, 20.0), quality=(60.0, 100.0))


def codeformer(rng: np.random.Generator, ranges: Ranges) -> OneRound:
    """CodeFormer's degradation with DiffBIR's ranges (its train_stage1.yaml and, for faces, face_train.yaml)."""
    blur = draw_gaussian(rng, 41, ranges.sigma)
    down, noise, quality = (float(rng.uniform(*r)) for r in (ranges.down, ranges.noise, ranges.quality))
    return OneRound(blur, down, noise, int(quality))


PIPELINES: dict[str, Callable[[np.random.Generator], OneRound | TwoRounds]] = {
    "codeformer": partial(codeformer, ranges=GENERAL),
    "codeformer_faces": partial(codeformer, ranges=FACES),
    "realesrgan": realesrgan,
}
_SHARPEN: dict[str, Callable[[np.ndarray], np.ndarray]] = {"none": lambda image: image, "usm": sharpen}


@register("task", "blind")
class Blind(Task):
    """Unknown degradation, drawn anew for each picture (DiffBIR, Lin et al. 2024, and its code's configurations).

    ``codeformer``        Gaussian blur (41 x 41, round or elongated, sigma 0.1 to 12), down 1 to 12 times, noise 0 to
                          15, JPEG 30 to 100, back up; ``codeformer_faces`` with sigma 0.1 to 10, down 0.8 to 8,
                          noise 0 to 20, JPEG 60 to 100.
    ``realesrgan``        two rounds of blur, resizing, noise and JPEG, and sinc filters (`FIRST`, `SECOND`).
    ``sharpen=usm``       the degradation starts from the sharpened picture, as Real-ESRGAN's; the truth stays as is.

    Where it leaves the reference: realesrgan's JPEG is the real codec with whole qualities instead of a
    differentiable imitation, resizing takes its ratio from the sizes, and there is no pool of earlier pairs, since
    each picture has its own draw already. The published ranges are for pictures of 512 pixels.
    """

    name = "blind"

    def __init__(
        self,
        pipeline: Literal["codeformer", "codeformer_faces", "realesrgan"] = "codeformer",
        sharpen: Literal["none", "usm"] = "none",
    ) -> None:
        self.draw = PIPELINES[pipeline]
        self.sharpen = _SHARPEN[sharpen]

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the parameters, then apply them."""
        return self.draw(rng).apply(self.sharpen(clean), rng)
