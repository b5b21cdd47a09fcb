"""The report's sentences: who wins on which metric, by how much, over whom, and on what that depends."""

import math
from collections.abc import Iterable, Mapping, Sequence

from reports.analysis.layout import IDENTITY
from reports.analysis.model import Comparison, Condition, Estimate, MetricInfo
from reports.analysis.scores import Lead
from reports.statistics.spread import FEWEST
from reports.wording.numbers import decimals, fixed
from reports.wording.wording import adjusted, adjustment, count, left_out, named, opposed, plain, spread, units

NAMED = 4  # conditions that a sentence names; of more it gives the number
WORDS = {"better": "better", "leads": "leads (not after the adjustment)", "worse": "worse"}
WORDS |= {"trails": "trails (not after the adjustment)", "inconclusive": "inconclusive"}
TRAININGS = {1: "one training run", 2: "these two training runs"}


def title(methods: Sequence[str], places: Sequence[str]) -> str:
    """The report's name: the methods and where they were run."""
    return f"{_and(methods)} on {_and(places)}" if methods else "No runs"


def question(methods: Sequence[str], places: Sequence[str], axes: Mapping[str, Sequence[str]]) -> str:
    """What a sweep asks, in its own words: the methods, the places, the values that were varied."""
    if not methods:
        return "Nothing was run to its end."
    asks = f"Which of {_and(methods)} does best" if len(methods) > 1 else f"How does {_and(methods)} do"
    varied = [f"{plain(name)} ({', '.join(map(plain, values))})" for name, values in axes.items()]
    also = f", and what does {_and(varied)} change" if varied else ""
    return f"{asks} on {_and(places)}{also}?"


def _and(words: Sequence[str]) -> str:
    shown = [plain(word) for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"


def conditional(seeds: Iterable[tuple[int, int]], crops: Iterable[tuple[int, int, bool]] = ()) -> str:
    """What all verdicts depend on: from the training seeds and trainings of each comparison with a training, and the
    test pictures and the photographs that they are ``crops`` of, with whether the records say which of which."""
    least, trainings = min(seeds, default=(0, 0))
    pictures = "The intervals cover the choice of test pictures"
    alike = "".join(_crops(*one) for one in sorted(set(crops)) if one[1] < one[0])
    if not least:
        return f"{pictures}; no training is involved.{alike}"
    if least < FEWEST:
        words = _on(max(least, trainings))
        return (
            f"{words[0].upper()}{words[1:]}: another training seed may turn it. {pictures} and of nothing else.{alike}"
        )
    return f"{pictures} and of training seeds ({least} at least).{alike}"


def _on(trainings: int) -> str:
    return f"conditional on {TRAININGS.get(trainings, f'these {trainings} training runs')}"


def _crops(images: int, photographs: int, recorded: bool) -> str:
    text = f" The {images} test pictures are crops of {count(photographs, 'photograph')}: crops of one are alike, "
    if not recorded:
        return f"{text}the intervals count them as independent, and other photographs may turn it."
    if photographs == 1:
        return f"{text}nothing is known of other photographs, and there is neither an interval nor a verdict."
    text += "so means of pictures are taken by photograph first, figures of sets resample whole photographs, and "
    return f"{text}photographs are what intervals and tests count, but for generated samples, each of which is its own."


def verdict(facts: MetricInfo, conditions: Sequence[Condition], lead: Lead) -> str:
    """One metric in a sentence: the winner, if it is better than all others, or those that can't be told apart.

    A winner's lead over the runner-up is given, with both means over what the two share.
    """
    met, pair = lead.comparison, [conditions[lead.first], conditions[lead.second]]
    if met.verdict == "refused":
        return f"{named(facts)}: {_label(pair[0])} and {_label(pair[1])} can't be compared: {met.why}."
    text = _open(facts, conditions, lead) if lead.kind == "open" else _ahead(facts, pair, lead)
    text += "".join(f"; not compared with {words}" for words in _refused(conditions, lead.refused))
    return f"{named(facts)}: {text}; {_basis(met, lead.trained, facts)}{_floor(facts)}."


def _ahead(facts: MetricInfo, pair: Sequence[Condition], lead: Lead) -> str:
    met = lead.comparison
    ours, theirs = _means(met)
    text = f"{_label(pair[0])} {lead.kind} with {ours}{_direction(facts)}, ahead of the runner-up "
    text += f"{_label(pair[1])} ({theirs}) by {_gain(met, facts, 1)}"
    if lead.doubt is None:
        return f"{text} ({_p(met)})"
    return f"{text}, but is not better than all others after the adjustment ({_p(lead.doubt)})"


def _open(facts: MetricInfo, conditions: Sequence[Condition], lead: Lead) -> str:
    """The two in the order of the means that they share."""
    met, pair = lead.comparison, [conditions[lead.first], conditions[lead.second]]
    turn = -1 if facts.sign * met.difference.value < 0 else 1
    (first, second), (ours, theirs) = pair[::turn], _means(met)[::turn]
    text = f"inconclusive: {_label(first)} has {ours}{_direction(facts)}, ahead of {_label(second)} ({theirs}) by "
    text += f"{_gain(met, facts, turn)}, "
    text += "which infinite figures speak against" if opposed(met) else "and can't be told from it"
    others = [conditions[place] for place in lead.tied if place != lead.second]
    also = "nor from" if turn > 0 else f"nor {_label(pair[0])} from"
    text += f", {also} {_labels(others)}" if others else ""
    if opposed(met) or not math.isfinite(met.detectable):
        return text
    size = fixed(met.detectable, decimals([met.difference]))
    return f"{text}; a true difference of {size} would be found with a power of 0.8"


def _direction(facts: MetricInfo) -> str:
    return "" if facts.higher_is_better else " (lower is better)"


def _p(met: Comparison) -> str:
    p = adjusted(met)
    return f"p {p}" if p.startswith("<") else f"p = {p}"


def _means(met: Comparison) -> tuple[str, ...]:
    """With the decimals of their difference, which is that of what stands there."""
    return tuple(fixed(mean, decimals([met.difference])) for mean in met.means)


def _gain(met: Comparison, facts: MetricInfo, turn: int) -> str:
    """The difference as a gain: positive where the first is better."""
    gap = met.difference
    if turn * facts.sign < 0:
        gap = Estimate(0.0 - gap.value, 0.0 - gap.high, 0.0 - gap.low)  # no negative zero
    return spread(gap, decimals([gap]), "+")


def _refused(conditions: Sequence[Condition], reasons: Mapping[int, str]) -> list[str]:
    """Those that were not compared, by the reason."""
    return [
        f"{_labels([conditions[place] for place, one in reasons.items() if one == why])} ({why})"
        for why in dict.fromkeys(reasons.values())
    ]


def _basis(met: Comparison, trained: bool, facts: MetricInfo) -> str:
    """What a comparison is over: pictures and trainings, and what it is conditional on."""
    what = units(met, facts)
    if not trained:
        return f"{what}, no training involved"
    if met.others:
        return f"{what}, {met.seeds} and {met.others} training seeds, fewer than {FEWEST} in common"
    limit = f", {_on(max(met.seeds, met.trainings))}" if met.seeds < FEWEST else ""
    return f"{what}, {count(met.seeds, 'training seed')}{left_out(met)}{limit}"


def against(facts: MetricInfo, conditions: Sequence[Condition], baseline: Condition) -> str:
    """How many conditions are better or worse than the baseline on a metric, after adjustment; empty if none was
    compared."""
    scores = {place: one.scores[facts.name] for place, one in enumerate(conditions) if facts.name in one.scores}
    met = {place: score.comparison for place, score in scores.items() if score.comparison}
    texts = []
    for kind, word in WORDS.items():
        alike = [conditions[place] for place, one in met.items() if one.verdict == kind]
        texts += [f"{word}: {_labels(alike)}"] if alike else []
    refused = {place: one.why for place, one in met.items() if one.verdict == "refused"}
    texts += [f"not compared: {text}" for text in _refused(conditions, refused)]
    if not texts:
        return ""
    tested = [one for one in met.values() if one.verdict != "refused"]
    spans = list(dict.fromkeys(units(one, facts) for one in tested))
    over = spans[0] if len(spans) == 1 else f"the {facts.counted}s that both have"
    rule = f" (95% intervals and {adjustment(tested[0])}; {over})" if tested else ""
    return f"{named(facts)} against {_label(baseline)}: {'; '.join(texts)}{rule}."


def alone(facts: MetricInfo, conditions: Sequence[Condition]) -> str:
    """The sentence where there is nothing to compare with."""
    scored = [one for one in conditions if facts.name in one.scores]
    if len(scored) != 1:
        return f"{named(facts)}: the two best share no picture, so that there is no verdict."
    mean = scored[0].scores[facts.name].mean
    return f"{named(facts)}: {_label(scored[0])} alone: {spread(mean, decimals([mean]))}; nothing to compare it with."


def _label(condition: Condition) -> str:
    return f"{plain(condition.label)} (the degraded input)" if condition.method == IDENTITY else plain(condition.label)


def _labels(conditions: Sequence[Condition]) -> str:
    return f"{len(conditions)} conditions" if len(conditions) > NAMED else ", ".join(map(_label, conditions))


def _floor(facts: MetricInfo) -> str:
    return "" if math.isnan(facts.floor) else f"; real against real it is {facts.floor:.4g}"
