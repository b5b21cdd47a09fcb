"""The one rule by which a comparison is decided, and the comparisons that it is applied to."""

from collections.abc import Sequence

import numpy as np

from reports.analysis.differences import differences, endless, win_rates
from reports.analysis.figures import Figures
from reports.analysis.model import Comparison, Estimate, Verdict
from reports.statistics.multiplicity import adjust
from reports.statistics.spread import Spread

ALPHA = 0.05


def decide(gap: Estimate, p_adjusted: float, sign: float) -> Verdict:
    """The verdict of a difference, first minus second; ``sign`` is 1 where higher is better, else -1.

    "better" or "worse" where the 95% interval leaves out 0 *and* the adjusted p is below 0.05; "leads" or "trails"
    where the interval alone does, so that the result does not outlast the adjustment for the other comparisons of its
    family; else "inconclusive".
    """
    if not (gap.low > 0 or gap.high < 0):
        return "inconclusive"
    ahead = sign * gap.value > 0
    if p_adjusted < ALPHA:
        return "better" if ahead else "worse"
    return "leads" if ahead else "trails"


def compare_pairs(figures: Figures, pairs: Sequence[tuple[int, int]], sign: float) -> list[Comparison | None]:
    """The comparisons of pairs of conditions, (first, second), which are one family: p values are adjusted over all of
    them that can be tested. None where the two share no figure.

    Where a picture is infinite for one of the two, the mean difference is that of the others, and it decides nothing
    that an infinite win or loss speaks against.
    """
    met = [figures.seeds.pair(*pair) for pair in pairs]
    gaps, rates = differences(figures, met), win_rates(figures, met, sign)
    p_adjusted, adjustment = adjust(gaps.p)
    family = int(np.isfinite(gaps.p).sum())
    comparisons: list[Comparison | None] = []
    for k, pair in enumerate(met):
        gap = estimate(gaps, k)
        verdict = "refused" if pair.why else decide(gap, float(p_adjusted[k]), sign)
        if gaps.infinite[k] and endless(figures, pair, sign)[verdict in ("better", "leads")]:
            verdict = "inconclusive"
        comparison = Comparison(
            difference=gap,
            win_rate=Estimate(*rates[k].tolist()),
            p=float(gaps.p[k]),
            p_adjusted=float(p_adjusted[k]),
            adjustment=adjustment,
            detectable=float(gaps.detectable[k]),
            images=int(gaps.images[k]),
            seeds=int(gaps.seeds[k]),
            verdict=verdict,
            means=(float(gaps.ours[k]), float(gaps.ours[k] - gaps.mean[k])),
            photographs=int(gaps.units[k]),
            infinite=int(gaps.infinite[k]),
            others=int(gaps.others[k]),
            left_out=pair.left_out,
            trainings=pair.trainings,
            family=family,
            why=pair.why,
        )
        comparisons.append(comparison if pair.why or gaps.images[k] + gaps.infinite[k] else None)
    return comparisons


def estimate(found: Spread, place: int) -> Estimate:
    """One of many, as the model has it."""
    return Estimate(float(found.mean[place]), float(found.low[place]), float(found.high[place]))
