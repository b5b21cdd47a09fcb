"""Intervals of figures that belong to a whole set of pictures, from their bootstrap replicates."""

from __future__ import annotations

import numpy as np

from reports.stats.spread import FEWEST, LEVEL, ROOM, Spread, blank, joined, patterns, put
from reports.stats.student import quantile


def spread_of_sets(values: np.ndarray, replicates: np.ndarray, items: np.ndarray) -> Spread:
    """As `statistics.spread` for figures of sets: values (M, S), bootstrap replicates (M, S, B), items (M,) of a set.

    Replicate b of every training resamples the same items. Only the spread of the replicates is used, times
    n / (n - 1), and not their place: resampled rows repeat, which shifts a Frechet distance upward. NaN replicates
    leave the part of the items out; with fewer than 3 trainings there is then no interval.
    """
    found = blank(len(values))
    for members, rows, _ in patterns(np.isfinite(values)[:, :, None]):
        step = max(1, ROOM // max(rows.sum() * replicates.shape[2], 1))
        for first in range(0, len(members), step):
            chunk = members[first : first + step]
            put(found, chunk, _sets(values[chunk][:, rows], replicates[chunk][:, rows], items[chunk]))
    return found


def _sets(values: np.ndarray, replicates: np.ndarray, items: np.ndarray) -> Spread:
    """`spread_of_sets` of complete values."""
    seeds, joint = values.shape[1], replicates.mean(1)
    grown = items / np.maximum(items - 1, 1)
    of_items, trainings = joint.var(1, ddof=1) * grown, np.zeros(len(values))
    factor = np.maximum(quantile(LEVEL, items - 1.0), _symmetric(joint))
    if seeds >= FEWEST:
        trainings = values.var(1, ddof=1) / seeds
        rest = (replicates - joint[:, None]).var(2, ddof=1).sum(1) * grown / ((seeds - 1) * seeds)
        of_items = np.nan_to_num(np.maximum(of_items - rest, 0))  # without replicates the trainings must do
        factor = np.nan_to_num(factor, nan=0.0)
    return joined(values.mean(1), (trainings, of_items), factor, (items, seeds))


def _symmetric(replicates: np.ndarray) -> np.ndarray:
    """0.95 quantiles of the distance of replicates (M, B) to their mean, in standard deviations; 0 without spread."""
    off = np.abs(replicates - replicates.mean(1, keepdims=True))
    deviation = replicates.std(1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(deviation == 0, 0.0, np.quantile(off, 0.95, axis=1) / deviation)
