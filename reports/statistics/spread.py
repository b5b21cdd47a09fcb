"""Means with their standard errors, and what follows from them: intervals, p values, power."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.statistics.student import freedom_of, multiple, quantile, two_sided

FEWEST = 3  # trainings from which on their spread can be told
SIGNS = 6  # units from which on the sign test can reach 0.05: 2^(1 - 6) = 0.031
ROOM = 4_000_000  # numbers held at a time
EQUAL = 1e-6  # standard error over mean, below which all units have the same figure


@dataclass(frozen=True)
class Spread:
    """M means with what their intervals need, arrays (M,); NaN where nothing can be told.

    ``error`` is the standard error, ``factor`` what it is multiplied with. ``ours`` is the mean of the first of the two
    whose difference ``mean`` is, over the same figures; ``mean`` itself where there is one alone. What was used:
    ``units`` (photographs, or pictures that are their own), ``images`` (pictures), ``seeds`` (trainings) and, where two
    sides are not paired by training seed, the ``others`` of the second (else 0). ``infinite`` pictures were left out.

    Where all units have the same figure, its spread is unknown rather than 0: two equal differences would win with
    p = 0. By the signs alone n equal differences have p = 2^(1 - n) (the sign test), which is what p is then, and with
    fewer than 6 units there is no interval. From 6 units on it is the range of the figures, of no width, which is the
    sign test's own 95% interval of the median (Thompson 1936, Annals of Mathematical Statistics 7, 122).
    """

    mean: np.ndarray
    error: np.ndarray
    factor: np.ndarray
    ours: np.ndarray
    units: np.ndarray
    images: np.ndarray
    infinite: np.ndarray
    seeds: np.ndarray
    others: np.ndarray

    @functools.cached_property
    def equal(self) -> np.ndarray:
        """Where all units have the same figure, but for rounding."""
        return self.error <= EQUAL * np.abs(self.mean)

    @functools.cached_property
    def half(self) -> np.ndarray:
        """Half the widths of the 95% intervals."""
        return np.where(self.equal & (self.units < SIGNS), np.nan, self.factor * self.error)

    @functools.cached_property
    def low(self) -> np.ndarray:
        """Lower bounds of the 95% intervals."""
        return self.mean - self.half

    @functools.cached_property
    def high(self) -> np.ndarray:
        """Upper bounds of the 95% intervals."""
        return self.mean + self.half

    @functools.cached_property
    def p(self) -> np.ndarray:
        """Two-sided p values of mean = 0: P(|t| >= |mean| / error), t with the degrees of freedom that have the
        interval's factor as their 97.5% quantile. So p < 0.05 where, and only where, the interval leaves out 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where((self.error == 0) & (self.mean == 0), 0.0, self.mean / self.error)
        p = two_sided(t, freedom_of(self.factor))
        return np.where(self.equal, np.maximum(p, 0.5 ** (self.units - 1.0)), p)

    @functools.cached_property
    def detectable(self) -> np.ndarray:
        """The true mean that is told from 0 with a power of 0.8, estimated without bias of its median."""
        return np.where(self.equal, np.nan, multiple(self.factor) * self.error)


def blank(count: int) -> Spread:
    """Nothing told of ``count`` quantities."""
    return Spread(*(np.full(count, np.nan) for _ in range(4)), *(np.zeros(count, np.int64) for _ in range(5)))


def put(whole: Spread, members: np.ndarray, parts: Mapping[str, Any]) -> None:
    """Write what is known of members, by the field of `Spread`: one value for each, or one for all."""
    for name, values in parts.items():
        getattr(whole, name)[members] = values


def trainings(sides: Sequence[np.ndarray]) -> dict[str, int]:
    """How many trainings the sides, (M, S) or more axes, have, by the field of `Spread`."""
    return dict(zip(("seeds", "others"), (side.shape[1] for side in sides), strict=False))


@dataclass(frozen=True)
class Pattern:
    """Members with the same figures: by side the trainings used, the pictures used, and how many are infinite."""

    members: np.ndarray
    rows: tuple[np.ndarray, ...]
    columns: np.ndarray
    infinite: int


def patterns(sides: Sequence[np.ndarray]) -> Iterator[Pattern]:
    """The patterns of missing (NaN) and infinite figures, sides (M, S, I) of the same members and pictures.

    Used are the trainings that have at least half as many pictures as the fullest of their side, and the pictures that
    all of them have; pictures that are infinite in one of them are counted and left out.
    """
    if not sides[0].size or not sides[-1].size:
        return
    for members in _alike(sides):
        firsts = [side[members[0]] for side in sides]
        rows = tuple(_full(~np.isnan(first)) for first in firsts)
        used = np.concatenate([first[row] for first, row in zip(firsts, rows, strict=True)])
        there, endless = ~np.isnan(used).any(axis=0), np.isinf(used).any(axis=0)
        if all(row.any() for row in rows) and there.any():
            yield Pattern(members, rows, there & ~endless, int((there & endless).sum()))


def _alike(sides: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The members of each pattern."""
    kinds = [(np.isnan(side) + 2 * np.isinf(side)).astype(np.uint8).reshape(len(side), -1) for side in sides]
    flat = np.concatenate(kinds, 1)
    if (flat == flat[0]).all():
        return [np.arange(len(flat))]
    _, inverse, counts = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")  # NumPy 2.0 gives it a second axis
    return np.split(order, np.cumsum(counts)[:-1])


def _full(known: np.ndarray) -> np.ndarray:
    counts = known.sum(1)
    return (counts > 0) & (2 * counts >= counts.max(initial=0))


def standard_error(
    by_training: Sequence[np.ndarray], of_units: np.ndarray, rest: np.ndarray, factor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Standard error (M,) and factor (M,) of a mean, of its independent parts: by side the means (M, S) of its
    trainings, which give it the variance v_k = Var / S; the variance ``of_units``, of which ``rest`` is in the
    trainings' already, with its ``factor``.

    With shares w_k = v_k / sum v and each part's own factor t_k, Student's t with S - 1 degrees of freedom for
    trainings, the whole has t^2 = z^2 + sum w_k^2 (t_k^2 - z^2), z = 1.96. That is Satterthwaite's (1946, Biometrics
    Bulletin 2, 110), for two sides Welch's, 1 / f = sum w_k^2 / f_k to the first order in 1 / f, exact where one part
    is all, and a little wider between. The interval is never narrower than that of the units alone, which it is where
    a side has fewer than 3 trainings.
    """
    if not can_tell(by_training):
        return np.sqrt(of_units), factor
    variances = [means.var(1, ddof=1) / means.shape[1] for means in by_training]
    parts = np.stack([*variances, np.maximum(of_units - rest, 0)])
    own = [np.broadcast_to(quantile(np.array(means.shape[1] - 1.0)), factor.shape) for means in by_training]
    z2, whole = quantile(np.array(np.inf)) ** 2, parts.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(whole > 0, parts / whole, 0)
        mixed = np.sqrt(z2 + (shares**2 * (np.stack([*own, factor]) ** 2 - z2)).sum(0))
    alone = (whole == 0) | (of_units * factor**2 > whole * mixed**2)
    return np.sqrt(np.where(alone, of_units, whole)), np.where(alone, factor, mixed)


def can_tell(sides: Sequence[np.ndarray]) -> bool:
    """Whether all sides, (M, S) or more axes, have trainings enough to tell their spread."""
    return min(side.shape[1] for side in sides) >= FEWEST
