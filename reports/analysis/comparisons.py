"""Conditions against conditions on a metric: differences, win rates, who is beaten beyond the interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reports.analysis.cells import Pair, Rows
from reports.analysis.gathered import Figures
from reports.statistics.crossed import DRAWS, apart, share, spread
from reports.statistics.sets import spread_of_sets
from reports.statistics.spread import ROOM, Spread, blank, put

MANY = 64  # conditions up to which each is compared with each, and bootstrapped
PAIRS = 50_000  # beyond, comparisons made to find who is beaten
_ROUNDING = 1e-12  # relative size below which a difference is none


def means(figures: Figures, rows: Sequence[Rows], draws: int = DRAWS) -> Spread:
    """The means of conditions, each given by its rows by training seed; infinite where all of its figures are."""

    def of(members: np.ndarray) -> Spread:
        wanted = np.array([rows[k] for k in members])
        cells = figures.cells(wanted)
        if figures.replicates is None:
            return spread(cells, draws, photographs=figures.photographs)
        return spread_of_sets([(cells[:, :, 0], figures.resampled(wanted))], *_counted(figures, members))

    found = _filled(len(rows), _groups([(len(one), 0) for one in rows], figures), of)
    for place in np.flatnonzero((found.images == 0) & (found.infinite > 0)).tolist():
        cells = figures.cells(np.array(rows[place]))
        with np.errstate(invalid="ignore"):
            found.mean[place] = cells[np.isinf(cells)].sum()
    return found


def differences(figures: Figures, pairs: Sequence[Pair], draws: int = DRAWS) -> Spread:
    """The differences left minus right, paired by picture and, where the pair is, by training seed; NaN if refused."""

    def of(members: np.ndarray) -> Spread:
        left, right = (np.array([getattr(pairs[k], side) for k in members]) for side in ("left", "right"))
        ours, theirs = figures.cells(left), figures.cells(right)
        together = pairs[members[0]].kind == "paired"
        if figures.replicates is not None:
            sides = [(ours[:, :, 0], figures.resampled(left)), (theirs[:, :, 0], figures.resampled(right))]
            joint = [(sides[0][0] - sides[1][0], sides[0][1] - sides[1][1])]
            return spread_of_sets(joint if together else sides, *_counted(figures, members), ours[:, :, 0])
        if not together:
            return apart(ours, theirs, draws, photographs=figures.photographs)
        return spread(_gaps(ours, theirs), draws, photographs=figures.photographs, ours=ours)

    return _filled(len(pairs), _groups([_lengths(pair) for pair in pairs], figures), of)


def _filled(count: int, groups: Sequence[np.ndarray], of: Callable[[np.ndarray], Spread]) -> Spread:
    found = blank(count)
    for members in groups:
        put(found, members, of(members))
    return found


def _counted(figures: Figures, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The items of sets, and the units that their replicates draw."""
    items, units = (np.full(len(members), float(number)) for number in (figures.items, figures.units))
    return items, units


def win_rates(figures: Figures, pairs: Sequence[Pair], sign: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of pictures, means by photograph and over trainings, on which left is better, with their bounds.

    ``sign`` is 1 where higher is better. Infinite figures count: the greater one wins, two equal ones tie.
    """
    rate, low, high = (np.full(len(pairs), np.nan) for _ in range(3))
    if figures.replicates is not None:
        return rate, low, high
    for members in _groups([_lengths(pair) for pair in pairs], figures):
        ours, theirs = (
            figures.cells(np.array([getattr(pairs[k], side) for k in members])) for side in ("left", "right")
        )
        if pairs[members[0]].kind == "apart":
            ours, theirs = ours[:, :, None], theirs[:, None]
        rate[members], low[members], high[members] = share(won(sign * ours, sign * theirs), figures.photographs)
    return rate, low, high


def won(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """1 where ours is greater, 0 where theirs is, 0.5 where they are equal but for rounding; NaN where either lacks."""
    missing = np.isnan(ours) | np.isnan(theirs)
    with np.errstate(invalid="ignore"):
        gaps = np.where(ours == theirs, 0.0, ours - theirs)  # of two equal infinities too
    return np.where(missing, np.nan, 0.5 + 0.5 * np.sign(_rounded(gaps, ours, theirs)))


def endless(figures: Figures, pair: Pair, sign: float) -> tuple[bool, bool]:
    """Whether any picture is won, and whether any is lost, by an infinite figure."""
    ours, theirs = (sign * figures.cells(np.array([rows]))[0] for rows in (pair.left, pair.right))
    if pair.kind == "apart":
        ours, theirs = ours[:, None], theirs[None]
    unlike = (np.isinf(ours) | np.isinf(theirs)) & (ours != theirs)
    return bool((unlike & (ours > theirs)).any()), bool((unlike & (ours < theirs)).any())


def _lengths(pair: Pair) -> tuple[int, int]:
    """Trainings of the left side, and of the right where they are others; none of a refused pair."""
    return {"paired": (len(pair.left), 0), "apart": (len(pair.left), len(pair.right)), "refused": (0, 0)}[pair.kind]


def _groups(lengths: Sequence[tuple[int, int]], figures: Figures) -> list[np.ndarray]:
    """Places of items with equally many trainings, not more at a time than fit; not of those without any."""
    width = figures.rows.shape[1] if figures.replicates is None else figures.replicates.shape[1]
    alike: dict[tuple[int, int], list[int]] = {}
    for place, one in enumerate(lengths):
        alike.setdefault(one, []).append(place)
    parts: list[np.ndarray] = []
    for (left, right), places in alike.items():
        size = left * max(1, right) * width
        parts += np.array_split(np.array(places), -(-len(places) * size // ROOM)) if left else []
    return parts


def _gaps(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Differences; infinite where either figure is, exactly 0 where they are nothing but rounding."""
    with np.errstate(invalid="ignore"):
        gaps = ours - theirs
    whole = np.isfinite(gaps)
    if whole.all():
        return _rounded(gaps, ours, theirs)
    there = ~(np.isnan(ours) | np.isnan(theirs))
    return np.where(whole, _rounded(gaps, ours, theirs), np.where(there, np.inf, np.nan))


def _rounded(gaps: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        size = np.abs(ours) + np.abs(theirs)
        return np.where(np.isfinite(size) & (np.abs(gaps) <= _ROUNDING * size), 0.0, gaps)


def beaten(figures: Figures, own: np.ndarray, sign: float, costs: Sequence[np.ndarray]) -> np.ndarray:
    """Pairs (winner, loser) of conditions, (P, 2): the winner is better beyond the interval of their difference, as it
    stands before any adjustment of p, and has lost no picture to an infinite figure.

    ``own`` are the conditions' means. Each condition meets each. Beyond 64 conditions, as many rivals as 50,000
    comparisons allow are met by all: the best means and, in turn, those on the fronts of the means against each of
    ``costs``; intervals are Student's then.
    """
    known = np.flatnonzero(~np.isnan(own))
    rivals = known if len(known) <= MANY else _rivals(own, sign, costs, max(8, PAIRS // len(known)))
    draws = DRAWS if len(known) <= MANY else 0
    found = [np.zeros((0, 2), np.int64)]
    for rival in rivals:
        others = known[sign * own[known] < sign * own[rival]]  # paired means may differ: the interval decides
        others = known[known != rival] if len(known) <= MANY else others
        pairs = [figures.seeds.pair(int(rival), int(other)) for other in others]
        gaps = differences(figures, pairs, draws)
        ahead = np.where(sign > 0, gaps.low > 0, gaps.high < 0)
        for k in np.flatnonzero(ahead & (gaps.infinite > 0)):
            ahead[k] = not endless(figures, pairs[k], sign)[1]
        lost = others[ahead]
        found.append(np.stack([np.full(len(lost), rival), lost], 1))
    return np.concatenate(found)


def _rivals(own: np.ndarray, sign: float, costs: Sequence[np.ndarray], most: int) -> np.ndarray:
    order = np.argsort(-sign * own, kind="stable")[: (~np.isnan(own)).sum()]
    fronts = [np.array([], np.int64)]
    for cost in costs:
        known = order[np.isfinite(cost[order])]
        cheapest = np.minimum.accumulate(cost[known]) if len(known) else cost[known]
        fronts.append(known[np.r_[True, cost[known][1:] < cheapest[:-1]]] if len(known) else known)
    kept = [*order[: most // 2], *np.concatenate(fronts)]
    return np.array(list(dict.fromkeys(int(one) for one in kept))[:most], np.int64)


def undominated(cost: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Whether no condition that costs as much or less is better beyond the interval, by condition (C,).

    ``beats`` are the pairs of `beaten`; an unknown cost is on no front and beats nobody there.
    """
    front = np.isfinite(cost)
    winners, losers = beats[:, 0], beats[:, 1]
    with np.errstate(invalid="ignore"):
        front[losers[cost[winners] <= cost[losers]]] = False
    return front
