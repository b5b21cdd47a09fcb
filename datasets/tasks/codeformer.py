"""CodeFormer's degradation as DiffBIR sets it: one round of blur, downsampling, noise and JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.tasks.jpeg import compress
from datasets.tasks.kernels import Bell, Range, draw_gaussian
from datasets.tasks.resampling import convolve, divided, resize


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


def _codeformer(rng: np.random.Generator, ranges: Ranges) -> OneRound:
    blur = draw_gaussian(rng, 41, ranges.sigma)
    down, noise, quality = (float(rng.uniform(*r)) for r in (ranges.down, ranges.noise, ranges.quality))
    return OneRound(blur, down, noise, int(quality))


def codeformer(rng: np.random.Generator) -> OneRound:
    """CodeFormer's degradation with DiffBIR's ranges for pictures in general (its train_stage1.yaml)."""
    return _codeformer(rng, GENERAL)


def codeformer_faces(rng: np.random.Generator) -> OneRound:
    """The same with DiffBIR's ranges for faces (its face_train.yaml)."""
    return _codeformer(rng, FACES)
