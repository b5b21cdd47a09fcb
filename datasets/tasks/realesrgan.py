"""Real-ESRGAN's degradation as DiffBIR sets it: two rounds of blur, resizing, noise and JPEG, and sinc filters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.tasks.filters import Bell, Range, Sinc, convolve, divided, draw_mixed, draw_sinc, resize
from datasets.tasks.jpeg import compress
from datasets.tasks.masking import LUMA


@dataclass(frozen=True)
class NoiseSettings:
    """Clipped noise of ``kind`` "gaussian" (``strength`` in 8-bit units) or "poisson" (``strength`` its scale).

    Poisson: y = x + strength (Poisson(v x) / v - x), v the power of two from the number of distinct 8-bit values up.
    ``grey``: the same noise in all channels, Poisson's from the luma.
    """

    kind: str
    strength: float
    grey: bool

    def apply(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The picture (H, W, C) with noise, in [0, 1]."""
        source = image @ np.array(LUMA, np.float32)[:, None] if self.grey and image.shape[2] == 3 else image
        return np.clip(image + np.float32(self.strength) * _NOISE[self.kind](source, rng), 0, 1)


def _gaussian(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(image.shape, dtype=np.float32) / np.float32(255)


def _poisson(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    levels = np.rint(np.clip(image, 0, 1) * 255)
    distinct = np.count_nonzero(np.bincount(levels.astype(np.int64).ravel(), minlength=256))
    peak = 2.0 ** np.ceil(np.log2(distinct))
    light = levels / 255
    return (rng.poisson(light * peak) / peak - light).astype(np.float32)


_NOISE = {"gaussian": _gaussian, "poisson": _poisson}


@dataclass(frozen=True)
class Settings:
    """The ranges of one of Real-ESRGAN's two rounds; ``ways`` are the probabilities of up, down and keep."""

    sigma: Range
    blurred: float
    ways: tuple[float, float, float]
    scale: Range
    gaussian: Range
    poisson: Range


FIRST = Settings((0.2, 3.0), 1.0, (0.2, 0.7, 0.1), (0.15, 1.5), (1.0, 30.0), (0.05, 3.0))
SECOND = Settings((0.2, 1.5), 0.8, (0.3, 0.4, 0.3), (0.3, 1.2), (1.0, 25.0), (0.05, 2.5))
MODES = ("area", "bilinear", "bicubic")
QUALITY = (30.0, 95.0)
STAGE2_SCALE = 4  # the second round works at a quarter of the size


@dataclass(frozen=True)
class Round:
    """One round of Real-ESRGAN as drawn: blur (None: skipped), scale and mode of resizing, noise, JPEG quality."""

    blur: Bell | Sinc | None
    scale: float
    mode: str
    noise: NoiseSettings
    quality: int

    def before_jpeg(self, image: np.ndarray, base: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Blur, resize to ``scale`` times the (height, width) ``base``, noise."""
        blurred = image if self.blur is None else convolve(image, self.blur.kernel())
        return self.noise.apply(resize(blurred, *divided(base, 1 / self.scale), self.mode), rng)


@dataclass(frozen=True)
class TwoRounds:
    """What `realesrgan` drew: two rounds, the final sinc (None: skipped), the mode of resizing, and the order."""

    first: Round
    second: Round
    sinc: Sinc | None
    mode: str
    jpeg_last: bool

    def apply(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The second round ends with (resize, sinc) and JPEG in either order, then bicubic to the clean size."""
        height, width = clean.shape[:2]
        quarter = divided((height, width), STAGE2_SCALE)
        image = compress(self.first.before_jpeg(clean, (height, width), rng), self.first.quality)
        image = self.second.before_jpeg(image, quarter, rng)
        if not self.jpeg_last:
            image = compress(image, self.second.quality)
        image = resize(image, *quarter, self.mode)
        if self.sinc is not None:
            image = convolve(image, self.sinc.kernel())
        if self.jpeg_last:
            image = compress(image, self.second.quality)
        return np.clip(resize(image, height, width, "bicubic"), 0, 1)


def _draw_round(rng: np.random.Generator, settings: Settings) -> Round:
    blur = draw_mixed(rng, settings.sigma)
    blurred = rng.random() < settings.blurred
    up, down = rng.uniform(1.0, settings.scale[1]), rng.uniform(settings.scale[0], 1.0)
    scale = float((up, down, 1.0)[int(rng.choice(3, p=settings.ways))])
    mode = str(rng.choice(MODES))
    kind = "gaussian" if rng.random() < 0.5 else "poisson"
    strength = float(rng.uniform(*{"gaussian": settings.gaussian, "poisson": settings.poisson}[kind]))
    noise = NoiseSettings(kind, strength, bool(rng.random() < 0.4))
    return Round(blur if blurred else None, scale, mode, noise, round(rng.uniform(*QUALITY)))


def realesrgan(rng: np.random.Generator) -> TwoRounds:
    """Real-ESRGAN's two rounds with DiffBIR's ranges (its train_stage2_v2.1.yaml)."""
    first, second = _draw_round(rng, FIRST), _draw_round(rng, SECOND)
    sinc = draw_sinc(rng)
    return TwoRounds(
        first, second, sinc if rng.random() < 0.8 else None, str(rng.choice(MODES)), bool(rng.random() < 0.5)
    )
