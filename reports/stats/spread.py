"""Means with their standard errors, and what follows from them: intervals, p values, power."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from reports.stats.student import freedom_of, quantile, two_sided

FEWEST = 3  # trainings from which on their spread can be told
LEVEL = 0.975  # quantile of a two-sided 95% interval
ROOM = 4_000_000  # numbers held at a time


@dataclass(frozen=True)
class Spread:
    """M means with what their intervals need, arrays (M,): ``error`` is the standard error, ``factor`` what it is
    multiplied with; ``images`` and ``seeds`` are what was used. NaN where nothing can be told."""

    mean: np.ndarray
    error: np.ndarray
    factor: np.ndarray
    images: np.ndarray
    seeds: np.ndarray

    @functools.cached_property
    def low(self) -> np.ndarray:
        """Lower bounds of the 95% intervals."""
        return self.mean - self.factor * self.error

    @functools.cached_property
    def high(self) -> np.ndarray:
        """Upper bounds of the 95% intervals."""
        return self.mean + self.factor * self.error

    @functools.cached_property
    def p(self) -> np.ndarray:
        """Two-sided p values of mean = 0: P(|t| >= |mean| / error), t with the degrees of freedom that have the
        interval's factor as their 97.5% quantile. So p < 0.05 where, and only where, the interval leaves out 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where((self.error == 0) & (self.mean == 0), 0.0, self.mean / self.error)
        return two_sided(t, freedom_of(self.factor))

    @functools.cached_property
    def detectable(self) -> np.ndarray:
        """The true mean that is told from 0 with a power of 0.8: (factor + t_0.8) * error."""
        return (self.factor + quantile(0.8, freedom_of(self.factor))) * self.error


def blank(count: int) -> Spread:
    """Nothing told of ``count`` quantities."""
    return Spread(*(np.full(count, np.nan) for _ in range(3)), *(np.zeros(count, np.int64) for _ in range(2)))


def put(whole: Spread, members: np.ndarray, part: Spread) -> None:
    """Write a part where its members stand."""
    for one in fields(whole):
        getattr(whole, one.name)[members] = getattr(part, one.name)


def patterns(known: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Members, trainings used and pictures used, for each pattern of known figures (M, S, I) with any figure."""
    if not known.size:
        return
    flat = np.packbits(known.reshape(len(known), -1), axis=1)
    if (flat == flat[0]).all():
        first, inverse = np.array([0]), np.zeros(len(flat), np.int64)
    else:
        _, first, inverse = np.unique(flat, axis=0, return_index=True, return_inverse=True)
        inverse = inverse.reshape(-1)  # NumPy 2.0 gives it a second axis
    order = np.argsort(inverse, kind="stable")
    ends = np.searchsorted(inverse[order], np.arange(len(first) + 1))
    for place, one in enumerate(first):
        counts = known[one].sum(1)
        rows = (counts > 0) & (2 * counts >= counts.max(initial=0))
        columns = known[one][rows].all(0)
        if rows.any() and columns.any():
            yield order[ends[place] : ends[place + 1]], rows, columns


def joined(
    mean: np.ndarray, parts: tuple[np.ndarray, np.ndarray], factor: np.ndarray, used: tuple[int | np.ndarray, int]
) -> Spread:
    """The spread of a sum of two parts, variances of trainings and of pictures, with Cochran's factor."""
    trainings, pictures = parts
    whole, (images, seeds) = trainings + pictures, used
    of_seeds = quantile(LEVEL, np.array(max(seeds - 1.0, 1.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        mixed = np.where(whole > 0, (trainings * of_seeds + pictures * factor) / whole, factor)
    mixed = np.clip(mixed, quantile(LEVEL, np.array(np.inf)), quantile(LEVEL, np.array(1.0)))
    everywhere = np.broadcast_to(images, mean.shape)
    return Spread(mean, np.sqrt(whole), mixed, everywhere, np.full(mean.shape, seeds))
