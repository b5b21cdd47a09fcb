"""Student's t for many comparisons at once: p values, quantiles, and the true mean that a test finds."""

import numpy as np
from scipy import special

LEVEL = 0.975  # quantile of a two-sided 95% interval
POWER = 0.8
LEAST, MOST = 1.0, 1e4  # degrees of freedom; beyond, the normal distribution to four decimals of its quantiles


def two_sided(t: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """P(|T| >= |t|) for Student's T; NaN where either is. ``freedom`` is clipped to [1, 10^4]."""
    return np.asarray(2 * special.stdtr(np.clip(freedom, LEAST, MOST), -np.abs(t)))


def quantile(freedom: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """The t with P(T <= t) = ``level``; ``freedom`` is clipped to [1, 10^4]."""
    return np.asarray(special.stdtrit(np.clip(freedom, LEAST, MOST), level))


def freedom_of(factor: np.ndarray) -> np.ndarray:
    """The degrees of freedom in [1, 10^4] whose 97.5% quantile is ``factor``, or the nearest to it."""
    low, high = quantile(np.array([MOST, LEAST]))
    return np.clip(special.stdtridf(LEVEL, np.clip(factor, low, high)), LEAST, MOST)


def multiple(factor: np.ndarray) -> np.ndarray:
    """How many standard errors the true mean must be for the power 0.8, by the factor of the interval.

    With f degrees of freedom, those that have ``factor`` as their 97.5% quantile, the power at a true mean of d
    standard errors is P(T > t_0.975), T of the noncentral t distribution with noncentrality d. The standard error is
    itself estimated, as x times the true one, x^2 ~ chi^2_f / f, and its median is below the truth: at f = 2 by a
    factor of 0.83. So d is divided by the median of x: half of all reported values are then above what is needed and
    half below, and at the median one the power is 0.8. (d alone, or the customary t_0.975 + t_0.8, gives 62 to 78%.)
    """
    freedom = freedom_of(factor)
    median = np.sqrt(special.chdtri(freedom, 0.5) / freedom)
    return np.asarray(special.nctdtrinc(freedom, 1 - POWER, quantile(freedom)) / median)
