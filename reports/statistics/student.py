"""Student's t in NumPy: what intervals, p values and power need of it, for many comparisons at once."""

from __future__ import annotations

import functools
import math

import numpy as np

MOST = 1e4  # degrees of freedom; beyond, the normal distribution to four decimals of its quantiles
LEAST = 1.0
_ROUNDS = 400  # of the continued fraction; it needs about the square root of the degrees of freedom
_LGAMMA = np.frompyfunc(math.lgamma, 1, 1)


def two_sided(t: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """P(|T| >= |t|) for Student's T: ``I_x(f / 2, 1 / 2)`` at ``x = f / (f + t^2)`` (Abramowitz, Stegun 26.7.1).

    Arrays of one shape; NaN where either is. ``freedom`` is clipped to [1, 10^4].
    """
    f, t = np.broadcast_arrays(np.clip(freedom, LEAST, MOST), np.asarray(t, np.float64))
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.where(np.isinf(t), 0.0, f / (f + t * t))
    return _beta(x, f / 2, np.full(f.shape, 0.5))


def quantile(probability: float, freedom: np.ndarray) -> np.ndarray:
    """The t with P(T <= t) = ``probability`` in [0.5, 1), from a table in 1 / freedom; error below 1e-5."""
    inverse, values = _table(probability)
    found = np.interp(1 / np.clip(np.asarray(freedom, np.float64), LEAST, MOST), inverse, values)
    return np.where(np.isnan(freedom), np.nan, found)


def freedom_of(factor: np.ndarray) -> np.ndarray:
    """The degrees of freedom whose 97.5% quantile is ``factor``: the inverse of `quantile` at 0.975."""
    inverse, values = _table(0.975)
    found = np.interp(factor, values, inverse)
    return np.where(np.isnan(factor), np.nan, 1 / found)


@functools.lru_cache(maxsize=4)
def _table(probability: float) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles at 2000 values of 1 / freedom, by bisection of the distribution function."""
    inverse = np.linspace(1 / MOST, 1 / LEAST, 2000)
    low, high = np.zeros(inverse.size), np.full(inverse.size, 1 / (1 - probability))
    for _ in range(60):
        middle = (low + high) / 2
        above = 1 - two_sided(middle, 1 / inverse) / 2 >= probability
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return inverse, (low + high) / 2


def _beta(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz, Stegun 26.5.8)."""
    turned = x > (a + 1) / (a + b + 2)  # there the fraction converges fast for 1 - x
    a, b, x = np.where(turned, b, a), np.where(turned, a, b), np.where(turned, 1 - x, x)
    scale = (_LGAMMA(a + b) - _LGAMMA(a) - _LGAMMA(b)).astype(np.float64)
    with np.errstate(divide="ignore"):
        front = np.exp(a * np.log(x) + b * np.log1p(-x) + scale) / a
    value = front * _fraction(x, a, b)
    return np.where(turned, 1 - value, value)


def _fraction(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The continued fraction 1 / (1 + d1 / (1 + d2 / ...)), evaluated from the front (modified Lentz)."""
    c = np.ones_like(x)
    d = 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + even * d), 1 + even / c
        value = value * d * c
        d, c = 1 / (1 + odd * d), 1 + odd / c
        value = value * d * c
        if not np.any(np.abs(d * c - 1) > 1e-15):
            break
    return value
