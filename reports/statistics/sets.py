"""Intervals of figures that belong to a whole set of pictures, from their bootstrap replicates."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reports.statistics.spread import Spread, blank, can_tell, patterns, put, standard_error, trainings
from reports.statistics.student import quantile

Side = tuple[np.ndarray, np.ndarray]  # figures (M, S) and their replicates (M, S, B)


def spread_of_sets(
    sides: Sequence[Side], items: int, units: int | None = None, ours: np.ndarray | None = None
) -> Spread:
    """As `statistics.spread` for figures of sets of so many items each, of which the replicates draw ``units``: whole
    photographs, or items that are their own.

    One side is figures, or differences of paired ones; two sides, of which the first minus the second is told, have no
    training in common. ``ours`` (M, S) are the first ones of differences. Replicate b of every training resamples the
    same units. Only the spread of the replicates is used, times P / (P - 1) of P units, and not their place: resampled
    rows repeat, which shifts a Frechet distance upward. NaN replicates leave the part of the items out; with fewer than
    3 trainings there is then no interval, and with one unit there is none.

    These intervals are conservative where two sets are nearly equal: discrepancies between sets (KID, MMD, energy,
    Frechet) are quadratic in what sets them apart, rows that are drawn twice add to it, and the replicates of the
    difference then vary 1.6 to 2.1 times as much as the difference does (coverage about 100%, so that small
    differences are not found rather than made up).
    """
    found, units = blank(len(sides[0][0])), items if units is None else units
    signed = [(sign * values, sign * again) for sign, (values, again) in zip((1, -1), sides, strict=False)]
    known = [np.where(np.isfinite(values), values, np.nan)[:, :, None] for values, _ in signed]
    for one in patterns(known):
        parts = [
            (values[one.members][:, rows], again[one.members][:, rows])
            for (values, again), rows in zip(signed, one.rows, strict=True)
        ]
        first = (sides[0][0] if ours is None else ours)[one.members][:, one.rows[0]].mean(1)
        put(found, one.members, {"ours": first, "units": units, "images": items, **_sets(parts, units)})
    return found


def _sets(sides: Sequence[Side], units: int) -> dict[str, Any]:
    """`spread_of_sets` of complete figures, to be summed over the sides."""
    joint = np.sum([again.mean(1) for _, again in sides], 0)
    grown = units / max(units - 1, 1)
    of_items, rest = joint.var(1, ddof=1) * grown, np.zeros(len(joint))
    factor = np.maximum(quantile(np.array(units - 1.0)), _symmetric(joint))
    by_training = [values for values, _ in sides]
    if can_tell(by_training):  # without replicates the trainings must do
        rest = np.nan_to_num(np.sum([_rest(again) for _, again in sides], 0) * grown)
        of_items, factor = np.nan_to_num(of_items), np.nan_to_num(factor)
    error, factor = standard_error(by_training, of_items, rest, factor)
    mean = sum(values.mean(1) for values in by_training)
    return {"mean": mean, "error": error if units > 1 else np.nan, "factor": factor, **trainings(by_training)}


def _rest(replicates: np.ndarray) -> np.ndarray:
    """What the trainings' own resampling adds to the variance of their mean."""
    count = replicates.shape[1]
    return (replicates - replicates.mean(1, keepdims=True)).var(2, ddof=1).sum(1) / ((count - 1) * count)


def _symmetric(replicates: np.ndarray) -> np.ndarray:
    """0.95 quantiles of the distance of replicates (M, B) to their mean, in standard deviations; 0 without spread."""
    off = np.abs(replicates - replicates.mean(1, keepdims=True))
    deviation = replicates.std(1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(deviation == 0, 0.0, np.quantile(off, 0.95, axis=1) / deviation)
