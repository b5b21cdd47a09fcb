"""A metric in a block: means, paired comparisons with the baseline, who beats whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from reports.analysis.comparisons import beaten, means, undominated
from reports.analysis.decision import compared, estimate
from reports.analysis.gathered import Figures
from reports.analysis.layout import IDENTITY, Layout
from reports.analysis.model import Comparison, MetricInfo, Score

if TYPE_CHECKING:
    import pandas as pd

FRONTS = ("nfe", "seconds_per_image", "peak_memory_mb")  # costs that a front is drawn against


@dataclass(frozen=True)
class Measured:
    """A metric's facts and figures, the conditions' means (C,), who beats whom (P, 2), a score by condition."""

    facts: MetricInfo
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
    own = means(figures, [figures.seeds.own(place) for place in range(len(layout.groups))])
    won = beaten(figures, own.mean, sign, [costs[name] for name in FRONTS])
    against, losers = baselined(figures, layout, to, sign), set(won[:, 1].tolist())
    scored = sorted(np.flatnonzero(~np.isnan(own.mean)).tolist(), key=lambda place: -sign * own.mean[place])
    scores = {
        place: Score(
            estimate(own, place),
            int(own.images[place]),
            place not in losers and _met(figures, place, scored),
            against.get(place),
            int(own.infinite[place]),
        )
        for place in sorted(scored)
    }
    identities = own.mean[[group.method == IDENTITY for group in layout.groups]]
    degraded = float(identities[np.isfinite(identities)].mean()) if np.isfinite(identities).any() else math.nan
    kind = "image" if figures.replicates is None else "set"
    facts = MetricInfo(metric, unit, protocol, higher, kind, figures.floor, degraded, figures.counted)
    return Measured(facts, figures, own.mean, won, scores)


def _met(figures: Figures, place: int, order: Sequence[int]) -> bool:
    """Whether a condition can be compared with the first by the means; the first one, with any, or it is alone."""
    first, *others = order
    against = others if place == first else [first]
    return not against or any(not figures.seeds.pair(place, other).why for other in against)


def baselined(figures: Figures, layout: Layout, to: Sequence[int], sign: float) -> dict[int, Comparison]:
    """By condition its comparison with its baseline, all of them one family; none for a baseline, and none without a
    common picture."""
    places = [place for place, other in enumerate(to) if place != other]
    found = compared(figures, [(place, to[place]) for place in places], sign)
    return {
        place: replace(one, baseline=layout.groups[to[place]].key)
        for place, one in zip(places, found, strict=True)
        if one is not None
    }


def fronts(one: Measured, layout: Layout, costs: Mapping[str, np.ndarray]) -> dict[str, tuple[str, ...]]:
    """By cost the keys of the conditions that none beats at the same cost or less."""
    scored = ~np.isnan(one.means)
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
