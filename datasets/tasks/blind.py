"""Blind restoration: both degradation pipelines of DiffBIR, with every random choice drawn before it is applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from datasets.tasks.basic import Task
from datasets.tasks.codeformer import codeformer, codeformer_faces
from datasets.tasks.realesrgan import realesrgan
from datasets.tasks.resampling import sharpen
from registry import register


class Degradation(Protocol):
    """The parameters that a pipeline drew."""

    def apply(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The degraded picture of ``clean``, both float32 (H, W, C); ``rng`` draws the noise alone."""


PIPELINES: dict[str, Callable[[np.random.Generator], Degradation]] = {
    "codeformer": codeformer,
    "codeformer_faces": codeformer_faces,
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

    version = 1
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
