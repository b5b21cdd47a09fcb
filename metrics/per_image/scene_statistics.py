"""Statistics of natural scenes that no-reference metrics rest on: local contrast normalisation and its distribution."""

from __future__ import annotations

import functools
from typing import Literal, NamedTuple

import numpy as np

from metrics.per_image.channels import gaussian_window

TAPS = 7
WINDOW = gaussian_window(TAPS, 7 / 6)
_SHAPES = np.arange(0.2, 10.0005, 0.001)  # the grid of the authors' code, over which the shape is looked up

_FLAT = 1e-10  # what rounding leaves of a flat area is below 1e-12, a difference of one grey level above 1e-6


class GeneralizedGaussian(NamedTuple):
    """An asymmetric generalised Gaussian: shape, and the root mean square of the values below and above zero."""

    shape: float
    left: float
    right: float


def contrast_normalized(x: np.ndarray, floor: float, border: str) -> np.ndarray:
    """(x - m) / (s + floor), eq. 1 of Mittal et al., IEEE TIP 21(12), 2012; float64 (H, W).

    m and s are mean and deviation under a Gaussian window of 7 pixels and sigma 7/6. ``border`` is how pictures go on
    outside, in the words of numpy.pad: "edge" (NIQE) or "constant", that is black (BRISQUE).
    """
    mean = _smooth(x, border)
    deviation = np.sqrt(np.abs(_smooth(x * x, border) - mean * mean))
    return (x - mean) / (deviation + floor)


def _smooth(x: np.ndarray, border: str) -> np.ndarray:
    padded = np.pad(x, TAPS // 2, mode=border)  # type: ignore[call-overload]
    for _ in range(2):
        size = len(padded) - TAPS + 1
        padded = sum(weight * padded[shift : shift + size] for shift, weight in enumerate(WINDOW)).T
    return padded


def halved(x: np.ndarray, kernel: np.ndarray, pad: tuple[int, int], border: str) -> np.ndarray:
    """(H, W) at every second place between pixels, by a kernel along both axes; half sizes round halves to even."""
    for _ in range(2):
        size = round(len(x) / 2)
        padded = np.pad(x, (pad, (0, 0)), mode=border)  # type: ignore[call-overload]
        x = sum(weight * padded[k : k + 2 * size : 2] for k, weight in enumerate(kernel)).T
    return x


def fit(x: np.ndarray, flat: Literal["neither", "right"]) -> GeneralizedGaussian:
    """Moments to parameters: Lasmar et al., ICIP 2009, as the authors' ``estimateaggdparam`` does it.

    With g = left / right and r = mean|x|^2 / mean x^2, the shape a is the grid point whose
    Gamma(2/a)^2 / (Gamma(1/a) Gamma(3/a)) is nearest to r (g^3 + 1)(g + 1) / (g^2 + 1)^2. NaN where a side is empty.

    Flat areas are 0 up to rounding, on either side by chance. So that a figure does not depend on how a machine rounds,
    what is that near to 0 is taken for 0, and ``flat`` says on which side 0 counts: on neither where the right side is
    x > 0 (NIQE), on the right where it is x >= 0 (BRISQUE as the package brisque has it). Codes that count it as it
    falls give figures of partly flat pictures that move between single and double precision.
    """
    below, above = x[x < -_FLAT], x[x > {"neither": _FLAT, "right": -_FLAT}[flat]]
    if not (below.size and above.size):
        return GeneralizedGaussian(np.nan, np.nan, np.nan)
    left, right = float(np.sqrt(np.mean(below**2))), float(np.sqrt(np.mean(above**2)))
    g = left / right
    ratio = np.mean(np.abs(x)) ** 2 / np.mean(x**2) * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    return GeneralizedGaussian(float(_SHAPES[np.argmin((_ratios() - ratio) ** 2)]), left, right)


@functools.lru_cache(maxsize=1)
def _ratios() -> np.ndarray:
    from scipy.special import gamma

    return gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))


def scales(shape: float) -> tuple[float, float]:
    """Of a generalised Gaussian: scale per deviation, sqrt(Gamma(1/a) / Gamma(3/a)), and mean per scale difference.

    The latter is Gamma(2/a) / Gamma(1/a): the mean is (right scale - left scale) times it.
    """
    from scipy.special import gamma

    return float(np.sqrt(gamma(1 / shape) / gamma(3 / shape))), float(gamma(2 / shape) / gamma(1 / shape))
