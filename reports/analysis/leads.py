"""Who has the best mean of a metric, and whether it beats all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.analysis.decision import compared
from reports.analysis.layout import Layout
from reports.analysis.measured import Measured
from reports.analysis.model import Comparison

BEATEN = ("better", "leads")  # the verdicts that leave the other one behind


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


def lead(one: Measured, layout: Layout) -> Lead | None:
    """The first of those that none beats against all the others; None with fewer than two conditions.

    Choosing a winner among C conditions is the family of the C - 1 comparisons of the first with each other one: p is
    adjusted over these, and the first wins only if each single one of them is "better". A wrong condition is then
    named with a probability below 5%: it must beat the truly best one at 5% two-sided, and that the first is chosen
    by its mean adds nothing, as it must be the largest of all as well (Gutmann, Maymin 1987, Annals of Statistics 15,
    456); Holm's adjustment asks for more, and is there so that a result has one word wherever it stands. Where the
    table compares the two with a baseline, its own family must agree.
    """
    sign = 1.0 if one.facts.higher_is_better else -1.0
    order = sorted(one.scores, key=lambda place: -sign * one.means[place])
    if len(order) < 2:
        return None
    first = next((place for place in order if one.scores[place].best), order[0])
    others = [place for place in order if place != first]
    found = dict(zip(others, compared(one.figures, [(first, other) for other in others], sign), strict=True))
    refused = {place: why for place, met in found.items() if (why := "no common picture" if met is None else met.why)}
    tied = [place for place in others if place not in refused and _verdict(found[place]) not in BEATEN]
    second = (tied or [place for place in others if place not in refused] or others)[0]
    if (chosen := found[second]) is None:
        return None
    doubt = _doubt(one, layout, first, [met for met in found.values() if met is not None])
    kind: Literal["wins", "leads", "open"] = "open" if tied or second in refused else "leads"
    kind = "wins" if kind == "leads" and doubt is None and not refused else kind
    trained = layout.groups[first].trained or layout.groups[second].trained
    return Lead(first, second, kind, chosen, tuple(tied), refused, doubt, trained)


def _verdict(found: Comparison | None) -> str:
    return "" if found is None else found.verdict


def _doubt(one: Measured, layout: Layout, first: int, found: Sequence[Comparison]) -> Comparison | None:
    """The least sure of the comparisons, in the table too, that the adjustment takes back."""
    key = layout.groups[first].key
    table = [score.comparison for score in one.scores.values() if score.comparison]
    ours = one.scores[first].comparison
    doubted = [met for met in found if met.verdict == "leads"]
    doubted += [met for met in table if met.baseline == key and met.verdict == "trails"]
    doubted += [ours] if ours is not None and ours.verdict == "leads" else []
    return max(doubted, key=lambda met: met.p_adjusted, default=None)
