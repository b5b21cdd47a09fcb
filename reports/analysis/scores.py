"""A metric in a block: means, paired comparisons with the baseline, who beats whom, who is first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from reports.analysis.decision import compare_pairs, estimate
from reports.analysis.differences import defeats, means
from reports.analysis.figures import Figures
from reports.analysis.layout import IDENTITY, Layout
from reports.analysis.model import Comparison, MetricInfo, Score
from reports.records.scan import Stamp

FRONTS = ("nfe", "seconds_per_image", "peak_memory_mb")  # costs that a front is drawn against
BEATEN = ("better", "leads")  # the verdicts that leave the other one behind


@dataclass(frozen=True)
class MetricScores:
    """A metric's facts and figures, the conditions' means (C,), who beats whom (P, 2), a score by condition."""

    facts: MetricInfo
    figures: Figures
    layout: Layout
    means: np.ndarray
    defeats: np.ndarray
    scores: Mapping[int, Score]


@dataclass(frozen=True)
class Lead:
    """The best condition of a metric against the runner-up, by place; ``comparison`` is first against second.

    ``kind`` is "wins" where it is better than every other condition by the rule of all comparisons, "leads" where it
    is ahead of every other one but not all of that outlasts the adjustment, else "open": ``tied`` are then the others
    that it can't be told from. ``refused`` are those that it could not be compared with, and why. ``doubt`` is the
    comparison that keeps a lead from being a win.
    """

    first: int
    second: int
    kind: Literal["wins", "leads", "open"]
    comparison: Comparison
    tied: tuple[int, ...]
    refused: Mapping[int, str]
    doubt: Comparison | None
    trained: bool


def metric_facts(figures: Figures, stamp: Stamp, degraded: float = math.nan) -> MetricInfo:
    """What is known of a metric by its stamp and its figures."""
    metric, protocol, unit, higher = stamp
    kind = "image" if figures.replicates is None else "set"
    return MetricInfo(metric, unit, protocol, higher, kind, figures.floor, degraded, figures.counted)


def metric_scores(
    figures: Figures, layout: Layout, stamp: Stamp, to: Sequence[int], costs: Mapping[str, np.ndarray]
) -> MetricScores:
    """All that a report says of a metric; ``to`` is by condition the place of its baseline, ``costs`` by name (C,)."""
    own = means(figures, [figures.seeds.own(place) for place in range(len(layout.groups))])
    identities = own.mean[[group.method == IDENTITY for group in layout.groups]]
    known = identities[np.isfinite(identities)]
    facts = metric_facts(figures, stamp, float(known.mean()) if len(known) else math.nan)
    beaten = defeats(figures, own.mean, facts.sign, [costs[name] for name in FRONTS])
    against, losers = _against(figures, layout, to, facts.sign), set(beaten[:, 1].tolist())
    order = sorted(np.flatnonzero(~np.isnan(own.mean)).tolist(), key=lambda place: -facts.sign * own.mean[place])
    scores = {
        place: Score(
            estimate(own, place),
            int(own.images[place]),
            place not in losers and _comparable(figures, place, order),
            against.get(place),
            int(own.infinite[place]),
        )
        for place in sorted(order)
    }
    return MetricScores(facts, figures, layout, own.mean, beaten, scores)


def _comparable(figures: Figures, place: int, order: Sequence[int]) -> bool:
    """Whether a condition can be compared with the first by the means; the first one, with any, or it is alone."""
    first, *others = order
    against = others if place == first else [first]
    return not against or any(not figures.seeds.pair(place, other).why for other in against)


def _against(figures: Figures, layout: Layout, to: Sequence[int], sign: float) -> dict[int, Comparison]:
    """By condition its comparison with its baseline, all of them one family; none for a baseline, and none without a
    common picture."""
    places = [place for place, other in enumerate(to) if place != other]
    met = compare_pairs(figures, [(place, to[place]) for place in places], sign)
    keys = [layout.groups[to[place]].key for place in places]
    return {place: replace(one, baseline=key) for place, key, one in zip(places, keys, met, strict=True) if one}


def fronts(one: MetricScores, costs: Mapping[str, np.ndarray]) -> dict[str, tuple[str, ...]]:
    """By cost the keys of the conditions that none beats at the same cost or less, beyond the interval.

    An unknown cost is on no front and beats nobody there.
    """
    keys = {}
    winners, losers = one.defeats.T
    for name in FRONTS:
        cost = np.where(np.isnan(one.means), np.nan, costs[name])
        front = np.isfinite(cost)
        front[losers[cost[winners] <= cost[losers]]] = False
        keys[name] = tuple(one.layout.groups[place].key for place in np.flatnonzero(front))
    return keys


def table(one: MetricScores) -> pd.DataFrame:
    """Figures by picture and condition, means over seeds."""
    columns = {
        one.layout.groups[place].key: one.figures.cells(np.array(one.figures.seeds.own(place))).mean(0)
        for place in one.scores
    }
    return pd.DataFrame(columns, index=pd.Index(one.figures.images, name="image"))


def lead(one: MetricScores) -> Lead | None:
    """The first of those that none beats against all the others; None with fewer than two conditions.

    Choosing a winner among C conditions is the family of the C - 1 comparisons of the first with each other one: p is
    adjusted over these, and the first wins only if each single one of them is "better". A wrong condition is then
    named with a probability below 5%: it must beat the truly best one at 5% two-sided, and that the first is chosen
    by its mean adds nothing, as it must be the largest of all as well (Gutmann, Maymin 1987, Annals of Statistics 15,
    456); Holm's adjustment asks for more, and is there so that a result has one word wherever it stands. Where the
    table compares the two with a baseline, its own family must agree.
    """
    order = sorted(one.scores, key=lambda place: -one.facts.sign * one.means[place])
    if len(order) < 2:
        return None
    first = next((place for place in order if one.scores[place].best), order[0])
    others = [place for place in order if place != first]
    pairs = [(first, other) for other in others]
    met = dict(zip(others, compare_pairs(one.figures, pairs, one.facts.sign), strict=True))
    refused = {place: why for place, pair in met.items() if (why := "no common picture" if pair is None else pair.why)}
    tied = [place for place, pair in met.items() if pair and not pair.why and pair.verdict not in BEATEN]
    second = (tied or [place for place in others if place not in refused] or others)[0]
    if (comparison := met[second]) is None:
        return None
    doubt = _doubt(one, first, [pair for pair in met.values() if pair])
    kind: Literal["wins", "leads", "open"] = "open" if tied or second in refused else "leads"
    kind = "wins" if kind == "leads" and doubt is None and not refused else kind
    trained = one.layout.groups[first].trained or one.layout.groups[second].trained
    return Lead(first, second, kind, comparison, tuple(tied), refused, doubt, trained)


def _doubt(one: MetricScores, first: int, met: Sequence[Comparison]) -> Comparison | None:
    """The least sure of the comparisons, in the table too, that the adjustment takes back."""
    key, ours = one.layout.groups[first].key, one.scores[first].comparison
    in_table = [score.comparison for score in one.scores.values() if score.comparison]
    doubted = [pair for pair in (*met, ours) if pair is not None and pair.verdict == "leads"]
    doubted += [pair for pair in in_table if pair.baseline == key and pair.verdict == "trails"]
    return max(doubted, key=lambda pair: pair.p_adjusted, default=None)
