"""Conditions against conditions on a metric: differences, win rates, who is beaten beyond the interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.findings.cells import Rows
from reports.findings.gathered import Figures
from reports.statistics import DRAWS, share, spread
from reports.stats.sets import spread_of_sets
from reports.stats.spread import ROOM, Spread, blank, put

MANY = 64  # conditions up to which each is compared with each, and bootstrapped
PAIRS = 50_000  # beyond, comparisons made to find who is beaten
_ROUNDING = 1e-12  # relative size below which a difference is none


def estimates(figures: Figures, left: Sequence[Rows], right: Sequence[Rows] | None, draws: int = DRAWS) -> Spread:
    """The means of conditions or, with ``right``, of the differences left minus right, paired by seed and picture.

    Each item of ``left`` and ``right`` names rows by training seed, as many in both.
    """
    found = blank(len(left))
    for members in _groups(left, figures):
        ours = np.array([left[k] for k in members])
        theirs = None if right is None else np.array([right[k] for k in members])
        gaps = _gaps(figures.cells(ours), None if theirs is None else figures.cells(theirs))
        if figures.replicates is None:
            put(found, members, spread(gaps, draws))
        else:
            again = figures.resampled(ours) - (0.0 if theirs is None else figures.resampled(theirs))
            put(found, members, spread_of_sets(gaps[:, :, 0], again, np.full(len(members), float(figures.items))))
    return found


def win_rates(
    figures: Figures, left: Sequence[Rows], right: Sequence[Rows], sign: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of (seed, picture) on which left is better, with their bounds; ``sign`` is 1 where higher is better."""
    rate, low, high = (np.full(len(left), np.nan) for _ in range(3))
    if figures.replicates is not None:
        return rate, low, high
    for members in _groups(left, figures):
        gaps = _gaps(*(figures.cells(np.array([rows[k] for k in members])) for rows in (left, right)))
        with np.errstate(invalid="ignore"):
            wins = np.where(np.isfinite(gaps), 0.5 + 0.5 * np.sign(sign * gaps), np.nan)
        rate[members], low[members], high[members] = share(wins)
    return rate, low, high


def _groups(rows: Sequence[Rows], figures: Figures) -> list[np.ndarray]:
    """Places of items with equally many seeds, not more at a time than fit."""
    lengths = np.array([len(one) for one in rows], np.int64)
    width = figures.rows.shape[1] if figures.replicates is None else figures.replicates.shape[1]
    parts: list[np.ndarray] = []
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        parts += np.array_split(places, -(-len(places) * length * width // ROOM))
    return parts


def _gaps(ours: np.ndarray, theirs: np.ndarray | None) -> np.ndarray:
    """Differences; those that are nothing but rounding are exactly 0."""
    if theirs is None:
        return ours
    with np.errstate(invalid="ignore"):
        gaps = ours - theirs
        return np.where(np.abs(gaps) <= _ROUNDING * (np.abs(ours) + np.abs(theirs)), 0.0, gaps)


def beaten(figures: Figures, means: np.ndarray, sign: float, costs: Sequence[np.ndarray]) -> np.ndarray:
    """Pairs (winner, loser) of conditions, (P, 2): the winner is better beyond the interval of their difference.

    Each condition meets each. Beyond 64 conditions, as many rivals as 50,000 comparisons allow are met by all: the
    best means and, in turn, those on the fronts of the means against each of ``costs``; intervals are Student's then.
    """
    known = np.flatnonzero(np.isfinite(means))
    rivals = known if len(known) <= MANY else _rivals(means, sign, costs, max(8, PAIRS // len(known)))
    draws = DRAWS if len(known) <= MANY else 0
    found = [np.zeros((0, 2), np.int64)]
    for rival in rivals:
        others = known[sign * means[known] < sign * means[rival]]  # paired means may differ: the interval decides
        others = known[known != rival] if len(known) <= MANY else others
        pairs = [figures.seeds.pair(int(rival), int(other)) for other in others]
        gaps = estimates(figures, [left for left, _ in pairs], [right for _, right in pairs], draws)
        won = others[np.where(sign > 0, gaps.low > 0, gaps.high < 0)]
        found.append(np.stack([np.full(len(won), rival), won], 1))
    return np.concatenate(found)


def _rivals(means: np.ndarray, sign: float, costs: Sequence[np.ndarray], most: int) -> np.ndarray:
    order = np.argsort(-sign * means, kind="stable")[: np.isfinite(means).sum()]
    fronts = [np.array([], np.int64)]
    for cost in costs:
        known = order[np.isfinite(cost[order])]
        cheapest = np.minimum.accumulate(cost[known]) if len(known) else cost[known]
        fronts.append(known[np.r_[True, cost[known][1:] < cheapest[:-1]]] if len(known) else known)
    kept = [*order[: most // 2], *np.concatenate(fronts)]
    return np.array(list(dict.fromkeys(int(one) for one in kept))[:most], np.int64)


def undominated(cost: np.ndarray, won: np.ndarray) -> np.ndarray:
    """Whether no condition that costs as much or less is better beyond the interval, by condition (C,).

    ``won`` are the pairs of `beaten`; an unknown cost is on no front and beats nobody there.
    """
    front = np.isfinite(cost)
    winners, losers = won[:, 0], won[:, 1]
    with np.errstate(invalid="ignore"):
        front[losers[cost[winners] <= cost[losers]]] = False
    return front
