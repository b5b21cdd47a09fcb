"""The report's sentences: who wins on which metric, by how much, over whom, and on what that depends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reports.analysis.basis import basis
from reports.analysis.layout import IDENTITY
from reports.analysis.leads import Lead
from reports.analysis.model import Comparison, Condition, Estimate, MetricInfo
from reports.wording.numbers import decimals, fixed
from reports.wording.wording import adjusted, adjustment, named, opposed, plain, spread, units

NAMED = 4  # conditions that a sentence names; of more it gives the number
WORDS = {"better": "better", "leads": "leads (not after the adjustment)", "worse": "worse"}
WORDS |= {"trails": "trails (not after the adjustment)", "inconclusive": "inconclusive"}


def verdict(facts: MetricInfo, conditions: Sequence[Condition], lead: Lead) -> str:
    """One metric in a sentence: the winner, if it is better than all others, or those that can't be told apart.

    A winner's lead over the runner-up is given, with both means over what the two share.
    """
    found = lead.comparison
    if found.verdict == "refused":
        first, second = conditions[lead.first], conditions[lead.second]
        return f"{named(facts)}: {_said(first)} and {_said(second)} can't be compared: {found.why}."
    text = _open(facts, conditions, lead) if lead.kind == "open" else _ahead(facts, conditions, lead)
    left = "".join(f"; not compared with {said}" for said in _refused(conditions, lead.refused))
    return f"{named(facts)}: {text}; {basis(found, lead.trained, facts)}{left}{_floor(facts)}."


def _ahead(facts: MetricInfo, conditions: Sequence[Condition], lead: Lead) -> str:
    found, second = lead.comparison, conditions[lead.second]
    ours, theirs = _means(found)
    direction = "" if facts.higher_is_better else " (lower is better)"
    text = f"{_said(conditions[lead.first])} {lead.kind} with {ours}{direction}, ahead of the runner-up "
    text += f"{_said(second)} ({theirs}) by {_gain(found, facts, 1)}"
    if lead.doubt is None:
        return f"{text} ({_p(found)})"
    return f"{text}, but is not better than all others after the adjustment ({_p(lead.doubt)})"


def _open(facts: MetricInfo, conditions: Sequence[Condition], lead: Lead) -> str:
    """The two in the order of the means that they share."""
    found, sign = lead.comparison, 1 if facts.higher_is_better else -1
    pair = [conditions[lead.first], conditions[lead.second]]
    figures = list(_means(found))
    turn = -1 if sign * found.difference.value < 0 else 1
    direction = "" if sign > 0 else " (lower is better)"
    (first, second), (ours, theirs) = pair[::turn], figures[::turn]
    text = f"inconclusive: {_said(first)} has {ours}{direction}, ahead of {_said(second)} ({theirs}) by "
    text += f"{_gain(found, facts, turn)}, "
    text += "which infinite figures speak against" if opposed(found) else "and can't be told from it"
    others = [conditions[place] for place in lead.tied if place != lead.second]
    also = "nor from" if turn > 0 else f"nor {_said(pair[0])} from"
    return f"{text}{f', {also} {_listed(others)}' if others else ''}{_detectable(found)}"


def _p(found: Comparison) -> str:
    said = adjusted(found)
    return f"p {said}" if said.startswith("<") else f"p = {said}"


def _means(found: Comparison) -> tuple[str, ...]:
    """With the decimals of their difference, which is that of what stands there."""
    return tuple(fixed(mean, decimals([found.difference])) for mean in found.means)


def _gain(found: Comparison, facts: MetricInfo, turn: int) -> str:
    """The difference as a gain: positive where the first is better."""
    gap = found.difference
    if turn * (1 if facts.higher_is_better else -1) < 0:
        gap = Estimate(0.0 - gap.value, 0.0 - gap.high, 0.0 - gap.low)  # no negative zero
    return spread(gap, decimals([gap]), "+")


def _refused(conditions: Sequence[Condition], reasons: Mapping[int, str]) -> list[str]:
    """Those that were not compared, by the reason."""
    return [
        f"{_listed([conditions[place] for place, one in reasons.items() if one == why])} ({why})"
        for why in dict.fromkeys(reasons.values())
    ]


def _detectable(found: Comparison) -> str:
    if opposed(found) or not math.isfinite(found.detectable):
        return ""
    size = fixed(found.detectable, decimals([found.difference]))
    return f"; a true difference of {size} would be found with a power of 0.8"


def against(facts: MetricInfo, conditions: Sequence[Condition], baseline: Condition) -> str:
    """How many conditions are better or worse than the baseline on a metric, after adjustment; empty if none was
    compared."""
    groups: dict[str, list[Condition]] = {kind: [] for kind in WORDS}
    tested, refused = [], {}
    for place, one in enumerate(conditions):
        found = one.scores[facts.name].comparison if facts.name in one.scores else None
        if found is not None and found.verdict == "refused":
            refused[place] = found.why
        elif found is not None:
            groups[found.verdict].append(one)
            tested.append(found)
    said = [f"{word}: {_listed(groups[kind])}" for kind, word in WORDS.items() if groups[kind]]
    said += [f"not compared: {text}" for text in _refused(conditions, refused)]
    if not said:
        return ""
    spans = list(dict.fromkeys(units(found, facts) for found in tested))
    over = spans[0] if len(spans) == 1 else f"the {facts.counted}s that both have"
    rule = f" (95% intervals and {adjustment(tested[0])}; {over})" if tested else ""
    return f"{named(facts)} against {_said(baseline)}: {'; '.join(said)}{rule}."


def alone(facts: MetricInfo, conditions: Sequence[Condition]) -> str:
    """The sentence where there is nothing to compare with."""
    scored = [one for one in conditions if facts.name in one.scores]
    if len(scored) != 1:
        return f"{named(facts)}: the two best share no picture, so that there is no verdict."
    mean = scored[0].scores[facts.name].mean
    return f"{named(facts)}: {_said(scored[0])} alone: {spread(mean, decimals([mean]))}; nothing to compare it with."


def _said(condition: Condition) -> str:
    return f"{plain(condition.label)} (the degraded input)" if condition.method == IDENTITY else plain(condition.label)


def _listed(conditions: Sequence[Condition]) -> str:
    if len(conditions) > NAMED:
        return f"{len(conditions)} conditions"
    return ", ".join(map(_said, conditions))


def _floor(facts: MetricInfo) -> str:
    return "" if math.isnan(facts.floor) else f"; real against real it is {facts.floor:.4g}"
