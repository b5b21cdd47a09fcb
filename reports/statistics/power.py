"""What a test finds: the true mean that Student's t tells from 0 with a power of 0.8."""

from __future__ import annotations

import functools
import math

import numpy as np

from reports.statistics.student import LEAST, MOST, freedom_of, quantile

POWER = 0.8
_PLACES, _STEPS = 64, 400
_ERF = np.frompyfunc(math.erf, 1, 1)


def multiple(factor: np.ndarray) -> np.ndarray:
    """How many standard errors the true mean must be for the power 0.8, by the factor of the interval.

    With f degrees of freedom, those that have ``factor`` as their 97.5% quantile, the power at a true mean of d
    standard errors is P(T > t_0.975), T of the noncentral t distribution with noncentrality d. The standard error is
    itself estimated, as x times the true one, x^2 ~ chi^2_f / f, and its median is below the truth: at f = 2 by a
    factor of 0.83. So d is divided by the median of x: half of all reported values are then above what is needed and
    half below, and at the median one the power is 0.8. (d alone, or the customary t_0.975 + t_0.8, gives 62 to 78%.)
    """
    inverse, values = _table()
    found = np.interp(1 / np.clip(freedom_of(factor), LEAST, MOST), inverse, values)
    return np.where(np.isnan(factor), np.nan, found)


@functools.lru_cache(maxsize=1)
def _table() -> tuple[np.ndarray, np.ndarray]:
    """The multiples at 64 values of 1 / f, by integrating over the law of x."""
    inverse = np.linspace(math.sqrt(1 / MOST), math.sqrt(1 / LEAST), _PLACES) ** 2
    f = (1 / inverse)[:, None]
    reach = 8 / np.sqrt(2 * f)
    start = np.maximum(1 - reach, 0)
    x = start + (1 + reach - start) * (np.arange(_STEPS) + 0.5) / _STEPS
    logs = (f - 1) * np.log(x) - f * x * x / 2  # the density of x, but for its constant
    weight = np.exp(logs - logs.max(1, keepdims=True))
    weight /= weight.sum(1, keepdims=True)
    passed = np.cumsum(weight, 1) - weight / 2
    median = np.array([np.interp(0.5, one, at) for one, at in zip(passed, x, strict=True)])
    bound = quantile(0.975, 1 / inverse)[:, None] * x
    low, high = np.zeros(_PLACES), np.full(_PLACES, 40.0)
    for _ in range(40):
        middle = (low + high) / 2
        above = (weight * _normal(middle[:, None] - bound)).sum(1) >= POWER
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return inverse, (low + high) / 2 / median


def _normal(z: np.ndarray) -> np.ndarray:
    """The normal distribution function."""
    return (1 + np.asarray(_ERF(z / math.sqrt(2)), np.float64)) / 2
