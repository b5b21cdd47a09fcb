"""Conditions against conditions on a metric: means, differences, win rates, who is beaten beyond the interval."""

from collections.abc import Iterator, Sequence

import numpy as np

from reports.analysis.figures import Figures
from reports.analysis.pairing import Pair, Rows
from reports.statistics.crossed import DRAWS, apart, share, spread
from reports.statistics.sets import spread_of_sets
from reports.statistics.spread import ROOM, Spread, blank, put

MANY = 64  # conditions up to which each is compared with each, and bootstrapped
PAIRS = 50_000  # beyond, comparisons made to find who is beaten
_ROUNDING = 1e-12  # relative size below which a difference is none


def means(figures: Figures, rows: Sequence[Rows], draws: int = DRAWS) -> Spread:
    """The means of conditions, each given by its rows by training seed; infinite where all of its figures are."""
    whole = blank(len(rows))
    for members in _batches(figures, [(len(one), 0) for one in rows]):
        wanted = np.array([rows[k] for k in members])
        cells = figures.cells(wanted)
        if figures.replicates is None:
            part = spread(cells, draws, photographs=figures.photographs)
        else:
            part = spread_of_sets([(cells[:, :, 0], figures.resampled(wanted))], figures.items, figures.units)
        put(whole, members, vars(part))
    for place in np.flatnonzero((whole.images == 0) & (whole.infinite > 0)).tolist():
        cells = figures.cells(np.array(rows[place]))
        with np.errstate(invalid="ignore"):
            whole.mean[place] = cells[np.isinf(cells)].sum()
    return whole


def differences(figures: Figures, pairs: Sequence[Pair], draws: int = DRAWS) -> Spread:
    """The differences left minus right, paired by picture and, where the pair is, by training seed; NaN if refused."""
    whole = blank(len(pairs))
    for members, left, right in _sides(figures, pairs):
        together = pairs[members[0]].kind == "paired"
        ours, theirs = figures.cells(left), figures.cells(right)
        if figures.replicates is not None:
            sides = [(ours[:, :, 0], figures.resampled(left)), (theirs[:, :, 0], figures.resampled(right))]
            joint = [(sides[0][0] - sides[1][0], sides[0][1] - sides[1][1])] if together else sides
            part = spread_of_sets(joint, figures.items, figures.units, ours[:, :, 0])
        elif together:
            part = spread(_gaps(ours, theirs), draws, photographs=figures.photographs, ours=ours)
        else:
            part = apart(ours, theirs, draws, photographs=figures.photographs)
        put(whole, members, vars(part))
    return whole


def win_rates(figures: Figures, pairs: Sequence[Pair], sign: float) -> np.ndarray:
    """Shares of pictures, means by photograph and over trainings, on which left is better, with their bounds: (P, 3).

    ``sign`` is 1 where higher is better. Infinite figures count: the greater one wins, two equal ones tie.
    """
    rates = np.full((len(pairs), 3), np.nan)
    for members, left, right in _sides(figures, pairs) if figures.replicates is None else ():
        ours, theirs = _meeting(pairs[members[0]], figures.cells(left), figures.cells(right))
        rates[members] = np.stack(share(win_scores(sign * ours, sign * theirs), figures.photographs), 1)
    return rates


def win_scores(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """1 where ours is greater, 0 where theirs is, 0.5 where they are equal but for rounding; NaN where either lacks."""
    missing = np.isnan(ours) | np.isnan(theirs)
    with np.errstate(invalid="ignore"):
        gaps = np.where(ours == theirs, 0.0, ours - theirs)  # of two equal infinities too
    return np.where(missing, np.nan, 0.5 + 0.5 * np.sign(_rounded(gaps, ours, theirs)))


def endless(figures: Figures, pair: Pair, sign: float) -> tuple[bool, bool]:
    """Whether any picture is won, and whether any is lost, by an infinite figure."""
    sides = (sign * figures.cells(np.array([rows])) for rows in (pair.left, pair.right))
    ours, theirs = _meeting(pair, *sides)
    unlike = (np.isinf(ours) | np.isinf(theirs)) & (ours != theirs)
    return bool((unlike & (ours > theirs)).any()), bool((unlike & (ours < theirs)).any())


def _meeting(pair: Pair, ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Figures (M, S, I) and (M, T, I) so that those meet which are compared: each with each where they stand apart."""
    return (ours[:, :, None], theirs[:, None]) if pair.kind == "apart" else (ours, theirs)


def _sides(figures: Figures, pairs: Sequence[Pair]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Places of pairs of one kind, and the rows (M, S) and (M, T) of their sides; not of refused ones."""
    none = {"paired": (1, 0), "apart": (1, 1), "refused": (0, 0)}
    lengths = [(len(pair.left) * none[pair.kind][0], len(pair.right) * none[pair.kind][1]) for pair in pairs]
    for members in _batches(figures, lengths):
        left, right = (np.array([getattr(pairs[k], side) for k in members]) for side in ("left", "right"))
        yield members, left, right


def _batches(figures: Figures, lengths: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    """Places of items with equally many trainings, not more at a time than fit; not of those without any."""
    width = (figures.rows if figures.replicates is None else figures.replicates).shape[1]
    alike: dict[tuple[int, int], list[int]] = {}
    for place, one in enumerate(lengths):
        alike.setdefault(one, []).append(place)
    for (left, right), places in alike.items():
        size = left * max(1, right) * width
        yield from np.array_split(np.array(places), -(-len(places) * size // ROOM)) if left else ()


def _gaps(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Differences; infinite where either figure is, exactly 0 where they are nothing but rounding."""
    with np.errstate(invalid="ignore"):
        gaps = ours - theirs
    there = ~(np.isnan(ours) | np.isnan(theirs))
    return np.where(np.isfinite(gaps), _rounded(gaps, ours, theirs), np.where(there, np.inf, np.nan))


def _rounded(gaps: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        size = np.abs(ours) + np.abs(theirs)
        return np.where(np.isfinite(size) & (np.abs(gaps) <= _ROUNDING * size), 0.0, gaps)


def defeats(figures: Figures, own: np.ndarray, sign: float, costs: Sequence[np.ndarray]) -> np.ndarray:
    """Pairs (winner, loser) of conditions, (P, 2): the winner is better beyond the interval of their difference, as it
    stands before any adjustment of p, and has lost no picture to an infinite figure.

    ``own`` are the conditions' means. Each condition meets each. Beyond 64 conditions, as many rivals as 50,000
    comparisons allow are met by all: the best means and, in turn, those on the fronts of the means against each of
    ``costs``; intervals are Student's then.
    """
    known = np.flatnonzero(~np.isnan(own))
    few = len(known) <= MANY
    pairs = [np.zeros((0, 2), np.int64)]
    for rival in known if few else _rivals(own, sign, costs, max(8, PAIRS // len(known))):
        # Paired means may differ from the means of all: among few the interval decides.
        others = known[known != rival] if few else known[sign * own[known] < sign * own[rival]]
        met = [figures.seeds.pair(int(rival), int(other)) for other in others]
        gaps = differences(figures, met, DRAWS if few else 0)
        ahead = np.where(sign > 0, gaps.low > 0, gaps.high < 0)
        for k in np.flatnonzero(ahead & (gaps.infinite > 0)):
            ahead[k] = not endless(figures, met[k], sign)[1]
        pairs.append(np.stack([np.full(ahead.sum(), rival), others[ahead]], 1))
    return np.concatenate(pairs)


def _rivals(own: np.ndarray, sign: float, costs: Sequence[np.ndarray], most: int) -> np.ndarray:
    """The best means, and those that no cheaper condition equals; at most so many."""
    order = np.argsort(-sign * own, kind="stable")[: (~np.isnan(own)).sum()]
    rivals = order[: most // 2].tolist()
    for cost in costs:
        known = order[np.isfinite(cost[order])]
        cheapest = np.minimum.accumulate(np.r_[np.inf, cost[known]])[:-1]
        rivals += known[cost[known] < cheapest].tolist()
    return np.array(list(dict.fromkeys(rivals))[:most], np.int64)
