"""Many comparisons at once: adjusted p values."""

import numpy as np

FEW = 10  # comparisons up to which every single one is guarded
HOLM = "Holm"
BENJAMINI_HOCHBERG = "Benjamini-Hochberg"


def adjust(p: np.ndarray) -> tuple[np.ndarray, str]:
    """Adjusted p values and how: Holm's for up to 10 comparisons, Benjamini and Hochberg's for more; NaN stays."""
    few = int(np.isfinite(p).sum()) <= FEW
    return (holm(p), HOLM) if few else (benjamini_hochberg(p), BENJAMINI_HOCHBERG)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm (1979): with p_(1) <= ... <= p_(m), the running maximum of (m - k + 1) p_(k), at most 1.

    Rejecting where it is below 0.05 makes any false rejection at all with a probability of at most 0.05. NaN is no
    comparison and stays NaN.
    """
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    found = np.full(np.shape(p), np.nan)
    found[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1)
    return found


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg (1995): the running minimum from the last of p_(k) m / k, at most 1.

    Rejecting where it is below 0.05 makes an expected share of at most 0.05 of the rejections false. NaN stays NaN.
    """
    from scipy.stats import false_discovery_control  # a second to import, which few comparisons do not need

    known, found = np.isfinite(p), np.full(np.shape(p), np.nan)
    if known.any():
        found[known] = false_discovery_control(p[known])
    return found
