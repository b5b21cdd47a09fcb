"""The cells of a metric in the main table: mean, paired difference, verdict, wins and p."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from reports.analysis.model import Block, Comparison, Condition, Estimate, MetricInfo, Score
from reports.wording.numbers import NOTHING, decimals, fixed, interval, probability, share
from reports.wording.wording import adjustment, count, opposed, wins
from reports.writers.html.markup import Markup, element, joined
from reports.writers.html.tables import Cell, Column

FARTHEST = 2.0  # times the median: how far the scale of the small plots reaches, so that one outlier flattens none
MARKS = {"better": "▲ better", "worse": "▼ worse", "leads": "△ leads", "trails": "▽ trails"}
MARKS |= {"inconclusive": "≈ inconclusive", "refused": "not compared"}
BOLD = "bold: no other condition is better beyond the 95% interval of their difference, which is not adjusted"
RULE = "from the interval and the adjusted p (better, worse) or the interval alone (leads, trails)"
RULE += "; if inconclusive, the difference that would be found with power 0.8"
WON = {"picture": "of pictures", "photograph": "of pictures, by photograph", "sample": "of samples"}
MISSING = Cell(NOTHING, math.nan)
ABSENT = [MISSING, Cell(NOTHING), MISSING, MISSING]
EMPTY = Score(Estimate(math.nan, math.nan, math.nan), 0, False, None)


def arrow(facts: MetricInfo) -> str:
    """The direction of the better."""
    return "↑" if facts.higher_is_better else "↓"


def headings(block: Block, name: str, place: int) -> Iterator[Column]:
    """Five columns a metric: only the first stays when the means of all metrics are asked for."""
    facts = block.metrics[name]
    unit = f" {facts.unit}" if facts.unit else ""
    group = f"num g g{place}"
    more = f"{group} d"
    small = element("small", {}, f"{name} ")
    tested = (score.comparison for score in scores_of(block, name) if score.comparison)
    how = next((adjustment(one) for one in tested if one.family), "adjusted")
    over = f"over {facts.counted}s"
    yield Column(f"{name} {arrow(facts)}{unit}", f"mean and its 95% interval {over}; {BOLD}", group)
    yield Column(joined(small, "difference"), f"to the baseline, paired, with its 95% interval {over}", f"{more} diff")
    yield Column(joined(small, "verdict"), RULE, f"g g{place} d")
    yield Column(joined(small, wins(facts)), f"share {WON[facts.counted]} on which it beats the baseline", more)
    yield Column(joined(small, f"p, {how}"), f"two-sided {over}, adjusted over the metric's comparisons", more)


def scores_of(block: Block, name: str) -> Iterator[Score]:
    """Every condition's score on a metric, an empty one where it has none."""
    return (condition.scores.get(name, EMPTY) for condition in block.conditions)


class Shape:
    """What the cells of a metric have in common: decimals, and the scale of the small interval plots."""

    def __init__(self, block: Block, name: str) -> None:
        scores = list(scores_of(block, name))
        differences = [score.comparison.difference for score in scores if score.comparison]
        self.name, self.baseline = name, block.baseline
        self.means = {one.key: one.scores[name].mean.value for one in block.conditions if name in one.scores}
        self.mean = decimals(score.mean for score in scores)
        self.difference = decimals(differences)
        bounds = [bound for one in differences for bound in (one.value, one.low, one.high) if math.isfinite(bound)]
        ends = [max(map(abs, (one.value, one.low, one.high))) for one in differences]
        ends = [end for end in ends if math.isfinite(end)]
        far = FARTHEST * statistics.median(ends) if ends else math.inf
        self.low, self.high = max(-far, min([0.0, *bounds])), min(far, max([0.0, *bounds]))

    def at(self, value: float) -> int:
        """Where a difference lies on the scale, in per mille; what is beyond its ends stands at the end."""
        within = min(max(value, self.low), self.high)
        return round(1000 * (within - self.low) / ((self.high - self.low) or 1.0))


def cells_of(condition: Condition, shape: Shape) -> list[Cell]:
    """The five cells of a condition under the headings of a metric."""
    score = condition.scores.get(shape.name, EMPTY)
    mean = fixed(score.mean.value, shape.mean)
    best = joined(element("b", {}, mean), element("span", {"class": "vh"}, " (best)")) if score.best else mean
    more = f", {score.infinite} infinite" if score.infinite and score.images else ""
    first = Cell(joined(best, _small(f"{interval(score.mean, shape.mean)}{more}")), score.mean.value)
    if score.comparison is None:
        return [first, *ABSENT]
    return [first, *_compared(score, score.comparison, shape)]


def _small(bounds: str) -> Markup | None:
    return element("small", {}, f" {bounds}") if bounds else None


def _shared(score: Score, against: Comparison, shape: Shape) -> Markup | None:
    """Both means over what the two share, where those in the table are over more."""
    digits = max(shape.mean, shape.difference)
    shared = [fixed(mean, digits) for mean in against.means]
    whole = [score.mean.value, shape.means.get(against.baseline or shape.baseline, math.nan)]
    if math.isnan(against.means[0]) or shared == [fixed(mean, digits) for mean in whole]:
        return None
    said = f"{shared[0]} against {shared[1]} over {count(against.images, 'shared picture')}"
    return element("small", {"class": "shared"}, said)


def _compared(score: Score, against: Comparison, shape: Shape) -> list[Cell]:
    if against.verdict == "refused":
        return [
            MISSING,
            Cell(element("span", {"class": "refused", "title": against.why}, MARKS["refused"])),
            *[MISSING] * 2,
        ]
    estimate = against.difference
    bounds = interval(estimate, shape.difference, "+")
    difference = joined(fixed(estimate.value, shape.difference, "+"), _small(bounds), _plot(against, shape))
    difference = joined(difference, _shared(score, against, shape))
    if against.infinite > score.infinite:
        difference = joined(difference, _small(f"{against.infinite} infinite"))
    verdict = element("span", {"class": against.verdict}, MARKS[against.verdict])
    if opposed(against):
        verdict = joined(verdict, _small("infinite figures speak against the mean"))
    elif against.verdict == "inconclusive" and math.isfinite(against.detectable):
        verdict = joined(verdict, _small(f"finds ≥ {fixed(against.detectable, shape.difference)}"))
    return [
        Cell(difference, estimate.value),
        Cell(verdict),
        Cell(share(against.win_rate.value), against.win_rate.value),
        Cell(probability(against.p_adjusted), against.p_adjusted),
    ]


def _plot(against: Comparison, shape: Shape) -> Markup | None:
    """The interval on the scale that all rows share; the text beside it says the same."""
    estimate = against.difference
    if not math.isfinite(estimate.value):
        return None
    low, high = (bound if math.isfinite(bound) else estimate.value for bound in (estimate.low, estimate.high))
    places = ";".join(
        f"--{letter}:{shape.at(value)}" for letter, value in zip("lmhz", (low, estimate.value, high, 0.0), strict=True)
    )
    beyond = " below" if estimate.value < shape.low else " above" if estimate.value > shape.high else ""
    return element("i", {"class": f"plot {against.verdict}{beyond}", "style": Markup(places)})
