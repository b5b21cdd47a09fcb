"""The report's sentences: who wins on which metric, by how much, over whom, and on what that depends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.findings.layout import ANCHOR
from reports.html.numbers import decimals, fixed, probability
from reports.model import Comparison, Condition, Estimate, MetricFacts
from reports.stats.spread import FEWEST
from reports.text.wording import named, plain, spread

NAMED = 4  # conditions that a sentence names; of more it gives the number
CONDITIONAL = {
    1: "conditional on one training run",
    2: "conditional on these two training runs",
}


@dataclass(frozen=True)
class Lead:
    """The best mean of a metric against the next: places of both conditions, and the first minus the second."""

    first: int
    second: int
    gap: Estimate
    detectable: float
    images: int
    seeds: int
    trained: bool


def verdict(facts: MetricFacts, conditions: Sequence[Condition], lead: Lead) -> str:
    """One metric in a sentence: the winner, if it alone is beaten by none, or those that can't be told apart.

    A winner's lead over the runner-up is given; the others are beaten beyond the intervals of their differences too.
    Where the runner-up is the baseline and their difference does not outlast the adjustment, it leads and does not win.
    """
    first, second = conditions[lead.first], conditions[lead.second]
    digits, gain = decimals([lead.gap]), _gain(lead, facts)
    tied = [one for one in conditions if facts.name in one.scores and one.scores[facts.name].best]
    rival = f"{_said(second)} ({_mean(second, facts)}) by {spread(gain, digits, '+')}"
    direction = "" if facts.higher_is_better else " (lower is better)"
    if len(tied) == 1:
        doubt = _doubt(first, second, facts)
        said = "leads" if doubt else "wins"
        text = f"{_said(first)} {said} with {_mean(first, facts)}{direction}, ahead of the runner-up {rival}{doubt}"
    else:
        others = [one for one in tied if one not in (first, second)]
        also = f", nor from {_listed(others)}" if others else ""
        text = f"inconclusive: {_said(first)} has the best mean, {_mean(first, facts)}{direction}, ahead of {rival}, "
        text += f"and can't be told from it{also}{_detectable(lead, digits)}"
    return f"{named(facts)}: {text}; {basis(lead.images, lead.seeds, lead.trained, facts.kind)}{_floor(facts)}."


def _doubt(first: Condition, second: Condition, facts: MetricFacts) -> str:
    """What is to be said where one of the two is the baseline and their comparison does not outlast the adjustment."""
    for one, other in ((first, second), (second, first)):
        found = one.scores[facts.name].comparison
        if found is not None and found.baseline == other.key and found.verdict == "inconclusive":
            return (
                f", inconclusive after {found.adjustment} for several comparisons (p = {probability(found.p_adjusted)})"
            )
    return ""


def _detectable(lead: Lead, digits: int) -> str:
    if not math.isfinite(lead.detectable):
        return ""
    return f"; a true difference of {fixed(lead.detectable, digits)} would be found with a power of 0.8"


def against(facts: MetricFacts, conditions: Sequence[Condition], baseline: Condition) -> str:
    """How many conditions are better or worse than the baseline on a metric, after adjustment; empty if none was
    compared."""
    scored = [one for one in conditions if facts.name in one.scores and one.scores[facts.name].comparison]
    if not scored:
        return ""
    groups: dict[str, list[Condition]] = {"better": [], "worse": [], "inconclusive": []}
    for one in scored:
        groups[_comparison(one, facts).verdict].append(one)
    adjustment = _comparison(scored[0], facts).adjustment
    said = [f"{kind}: {_listed(members)}" for kind, members in groups.items() if members]
    return f"{named(facts)} against {_said(baseline)}: {'; '.join(said)} (95% intervals and {adjustment})."


def alone(facts: MetricFacts, conditions: Sequence[Condition]) -> str:
    """The sentence where there is nothing to compare with."""
    scored = [one for one in conditions if facts.name in one.scores]
    if len(scored) != 1:
        return f"{named(facts)}: the two best share no picture, so that there is no verdict."
    mean = scored[0].scores[facts.name].mean
    return f"{named(facts)}: {_said(scored[0])} alone: {spread(mean, decimals([mean]))}; nothing to compare it with."


def basis(images: int, seeds: int, trained: bool, kind: str) -> str:
    """What a figure is over: pictures and trainings, and what it is conditional on."""
    what = f"{images} {'sample' if kind == 'set' else 'picture'}{'s' if images != 1 else ''}"
    if not trained:
        return f"{what}, no training involved"
    times = f"{seeds} training seed{'s' if seeds != 1 else ''}"
    return f"{what}, {times}" + (f", {CONDITIONAL[seeds]}" if seeds in CONDITIONAL else "")


def conditional(seeds: Iterable[int], cut: Iterable[tuple[int, int]] = ()) -> str:
    """What all verdicts depend on: from the numbers of training seeds of the comparisons with a training, and of test
    pictures and the photographs that they were ``cut`` from."""
    least = min(seeds, default=0)
    pictures = "The intervals cover the choice of test pictures"
    crops = "".join(
        f" The {images} test pictures are crops of {_number(photographs)}: crops of one are alike, the intervals count "
        "them as independent, and other photographs may turn it."
        for images, photographs in sorted(set(cut))
        if photographs < images
    )
    if not least:
        return f"{pictures}; no training is involved.{crops}"
    if least < FEWEST:
        said = CONDITIONAL[least]
        return f"{said[0].upper()}{said[1:]}: another training seed may turn it. {pictures} and of nothing else.{crops}"
    return f"{pictures} and of training seeds ({least} at least).{crops}"


def _number(photographs: int) -> str:
    return f"{photographs} photograph{'s' if photographs != 1 else ''}"


def _comparison(condition: Condition, facts: MetricFacts) -> Comparison:
    found = condition.scores[facts.name].comparison
    assert found is not None
    return found


def _gain(lead: Lead, facts: MetricFacts) -> Estimate:
    """The difference as a gain: positive where the first is better."""
    if facts.higher_is_better:
        return lead.gap
    gap = lead.gap
    return Estimate(0.0 - gap.value, 0.0 - gap.high, 0.0 - gap.low)  # no negative zero


def _said(condition: Condition) -> str:
    return f"{plain(condition.label)} (the degraded input)" if condition.method == ANCHOR else plain(condition.label)


def _mean(condition: Condition, facts: MetricFacts) -> str:
    mean = condition.scores[facts.name].mean
    return fixed(mean.value, decimals([mean]))


def _listed(conditions: Sequence[Condition]) -> str:
    if len(conditions) > NAMED:
        return f"{len(conditions)} conditions"
    return ", ".join(map(_said, conditions))


def _floor(facts: MetricFacts) -> str:
    return "" if math.isnan(facts.floor) else f"; real against real it is {facts.floor:.4g}"


def titled(methods: Sequence[str], places: Sequence[str]) -> str:
    """The report's name: the methods and where they were run."""
    return f"{_and(methods)} on {_and(places)}" if methods else "No runs"


def question(methods: Sequence[str], places: Sequence[str], axes: Mapping[str, Sequence[str]]) -> str:
    """What a sweep asks, in its own words: the methods, the places, the values that were varied."""
    if not methods:
        return "Nothing was run to its end."
    told = f"Which of {_and(methods)} does best" if len(methods) > 1 else f"How does {_and(methods)} do"
    varied = [f"{plain(name)} ({', '.join(map(plain, values))})" for name, values in axes.items()]
    also = f", and what does {_and(varied)} change" if varied else ""
    return f"{told} on {_and(places)}{also}?"


def _and(words: Sequence[str]) -> str:
    shown = [plain(word) for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"
