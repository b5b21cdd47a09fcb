"""A metric in a block: means, paired comparisons with the baseline, who beats whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.findings.ablations import estimate
from reports.findings.comparisons import beaten, estimates, undominated, win_rates
from reports.findings.gathered import Figures
from reports.findings.layout import ANCHOR, Layout
from reports.findings.verdicts import Lead
from reports.model import Comparison, Estimate, MetricFacts, Score, Verdict
from reports.stats.multiplicity import adjusted

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
FRONTS = ("nfe", "seconds_per_image", "peak_memory_mb")  # costs that a front is drawn against


@dataclass(frozen=True)
class Measured:
    """A metric's facts and figures, the conditions' means (C,), who beats whom (P, 2), a score by condition."""

    facts: MetricFacts
    figures: Figures
    means: np.ndarray
    won: np.ndarray
    scores: Mapping[int, Score]


def measured(
    figures: Figures,
    layout: Layout,
    stamp: tuple[str, str, str, bool],
    to: Sequence[int],
    costs: Mapping[str, np.ndarray],
) -> Measured:
    """All that is told of a metric; ``to`` is by condition the place of its baseline, ``costs`` by name (C,)."""
    metric, protocol, unit, higher = stamp
    sign = 1.0 if higher else -1.0
    own = estimates(figures, [figures.seeds.own(place) for place in range(len(layout.groups))], None)
    won = beaten(figures, own.mean, sign, [costs[name] for name in FRONTS])
    compared, losers = _compared(figures, layout, to, sign), set(won[:, 1].tolist())
    scores = {
        place: Score(estimate(own, place), int(own.images[place]), place not in losers, compared.get(place))
        for place in np.flatnonzero(np.isfinite(own.mean)).tolist()
    }
    anchors = own.mean[[group.method == ANCHOR for group in layout.groups]]
    anchor = float(anchors[np.isfinite(anchors)].mean()) if np.isfinite(anchors).any() else math.nan
    kind = "image" if figures.replicates is None else "set"
    facts = MetricFacts(metric, unit, protocol, higher, kind, figures.floor, anchor)
    return Measured(facts, figures, own.mean, won, scores)


def _compared(figures: Figures, layout: Layout, to: Sequence[int], sign: float) -> dict[int, Comparison]:
    """By condition its comparison; none for a baseline, and none without a common picture."""
    places = [place for place, other in enumerate(to) if place != other]
    pairs = [figures.seeds.pair(place, to[place]) for place in places]
    left, right = [one for one, _ in pairs], [other for _, other in pairs]
    gaps = estimates(figures, left, right)
    rates = np.stack(win_rates(figures, left, right, sign), 1)
    p, detectable = gaps.p, gaps.detectable
    p_adjusted, adjustment = adjusted(p)
    found = {}
    for k in np.flatnonzero(np.isfinite(gaps.mean)).tolist():
        gap = estimate(gaps, k)
        wins = Estimate(*rates[k].tolist())
        tested = float(p[k]), float(p_adjusted[k]), adjustment, float(detectable[k])
        used = int(gaps.images[k]), int(gaps.seeds[k])
        key = layout.groups[to[places[k]]].key
        found[places[k]] = Comparison(gap, wins, *tested, *used, decided(gap, tested[1], sign), key)
    return found


def decided(gap: Estimate, p_adjusted: float, sign: float) -> Verdict:
    """Better or worse where the interval leaves out 0 and the adjusted p value is below 0.05."""
    if not p_adjusted < ALPHA or not (gap.low > 0 or gap.high < 0):
        return "inconclusive"
    return "better" if sign * gap.value > 0 else "worse"


def lead(one: Measured, layout: Layout) -> Lead | None:
    """The winner against the next best; where there is none, the best mean against the best that it doesn't beat.

    None where fewer than two conditions have the metric, or these two share no picture.
    """
    sign = 1.0 if one.facts.higher_is_better else -1.0
    order = sorted(one.scores, key=lambda place: -sign * one.means[place])
    best = [place for place in order if one.scores[place].best]
    if len(order) < 2:
        return None
    first = best[0] if len(best) == 1 else order[0]
    second = next(place for place in (order if len(best) == 1 else best + order) if place != first)
    ours, theirs = one.figures.seeds.pair(first, second)
    gap = estimates(one.figures, [ours], [theirs])
    if not np.isfinite(gap.mean[0]):
        return None
    trained = layout.groups[first].trained or layout.groups[second].trained
    used = int(gap.images[0]), int(gap.seeds[0])
    return Lead(first, second, estimate(gap, 0), float(gap.detectable[0]), *used, trained)


def fronts(one: Measured, layout: Layout, costs: Mapping[str, np.ndarray]) -> dict[str, tuple[str, ...]]:
    """By cost the keys of the conditions that none beats at the same cost or less."""
    scored = np.isfinite(one.means)
    found = {}
    for name in FRONTS:
        kept = undominated(np.where(scored, costs[name], np.nan), one.won)
        found[name] = tuple(layout.groups[place].key for place in np.flatnonzero(kept))
    return found


def table(one: Measured, layout: Layout) -> pd.DataFrame:
    """Figures by picture and condition, means over seeds."""
    import pandas as pd

    own = [one.figures.seeds.own(place) for place in one.scores]
    values = np.empty((len(one.figures.images), len(own)))
    for length in {len(rows) for rows in own}:
        places = [k for k, rows in enumerate(own) if len(rows) == length]
        values[:, places] = one.figures.cells(np.array([own[k] for k in places])).mean(1).T
    keys = [layout.groups[place].key for place in one.scores]
    return pd.DataFrame(values, index=pd.Index(one.figures.images, name="image"), columns=keys)
