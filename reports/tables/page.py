"""The two wide tables of a block, which a page lets sort and filter: figures, and costs, beside the options."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence

from reports.analysis.model import Block, Comparison, Estimate, Score
from reports.pictures.choice import counterparts
from reports.tables.blocks import BESIDE, costs
from reports.tables.scores import comparison_columns, mean_digits, means
from reports.tables.table import ABSENT, Cell, Column, IntervalBar, Table, word
from reports.wording.numbers import NOTHING, decimals, fixed
from reports.wording.wording import BOLD, count, counted

FARTHEST = 2.0  # times the median: how far the scale of the small plots reaches, so that one outlier flattens none
RULE = "from the interval and the adjusted p (better, worse) or the interval alone (leads, trails)"
RULE += "; if inconclusive, the difference that would be found with power 0.8"
WON = {"picture": "of pictures", "photograph": "of pictures, by photograph", "sample": "of samples"}


def main_page(block: Block, name: str, metrics: Sequence[str]) -> Table:
    """Every condition with its options, its figures on these metrics, its costs and the command of its first run."""
    columns = [*_options(block), *(column for metric in metrics for column in _metric(block, metric))]
    commands = [Cell(one.command) for one in block.conditions]
    command = Column("command", commands, "command", "repeats the first run of the row")
    found = [score.comparison for one in block.conditions for score in one.scores.values()]
    there = [one for one in found if one and one.verdict != "refused"]
    compared = _spans(block, there) if there else "nothing to compare"
    caption = f"{block.name} · {count(len(block.conditions), 'condition')} · {compared}"
    return Table("main", "", name, caption, (*columns, *costs(block, (*BESIDE, "train_seconds")), command))


def costs_page(block: Block, name: str) -> Table:
    """What each condition cost, all of it, with its runs."""
    runs = Column("runs", [word(len(one.runs)) for one in block.conditions], about="runs with a record")
    seeds = Column("seeds", [Cell(", ".join(map(str, one.seeds))) for one in block.conditions], "word")
    columns = (*_options(block), *costs(block), runs, seeds)
    return Table("costs", "", name, f"Costs of {block.name}, means over the runs", columns)


def _options(block: Block) -> list[Column]:
    """Method, the options that vary, and, where there are several baselines, which of them a row is compared with."""
    of, conditions = counterparts(block), block.conditions
    keys = set(of.values())
    bases = {one.key: one.label for one in conditions if one.key in keys}
    methods = [Cell(one.method, note="baseline" if one.key in keys else "") for one in conditions]
    columns = [Column("method", methods, "option")]
    for name in dict.fromkeys(name for one in conditions for name in one.options if name != "method"):
        cells = [word(one.options[name]) if name in one.options else ABSENT for one in conditions]
        columns.append(Column(name, cells, "option"))
    if len(bases) > 1:
        against = [ABSENT if one.key in keys else Cell(bases.get(of[one.key], NOTHING)) for one in conditions]
        columns.append(Column("compared with", against, "choice", "the baseline of equal options"))
    return columns


def _metric(block: Block, metric: str) -> list[Column]:
    """Mean, difference, verdict, wins and p; only the first stays where the means of all metrics are asked for."""
    facts = block.metrics[metric]
    scores = [condition.scores.get(metric) for condition in block.conditions]
    found = [score.comparison if score else None for score in scores]
    difference, won, _, adjusted, verdict = comparison_columns(facts, found)
    over = f"over {facts.counted}s"
    columns = [
        means(block, metric)._replace(about=f"mean and its 95% interval {over}; {BOLD}"),
        difference._replace(
            about=f"to the baseline, paired, with its 95% interval {over}",
            cells=list(_differences(block, metric, scores, difference.cells)),
        ),
        verdict._replace(about=RULE),
        won._replace(
            about=f"share {WON[facts.counted]} on which it beats the baseline",
            cells=[cell._replace(interval="") for cell in won.cells],
        ),
        adjusted._replace(about=f"two-sided {over}, adjusted over the metric's comparisons"),
    ]
    return [column._replace(metric=metric, detail=place > 0) for place, column in enumerate(columns)]


def _differences(block: Block, metric: str, scores: Sequence[Score | None], cells: Sequence[Cell]) -> Iterator[Cell]:
    """The differences with a plot on one scale, and the means that they are of where the table's are over more."""
    found = [score.comparison for score in scores if score and score.comparison]
    digits = max(mean_digits(block, metric), decimals(one.difference for one in found))
    own = {one.key: score.mean.value for one, score in zip(block.conditions, scores, strict=True) if score}
    low, high = _scale(found)
    for condition, score, cell in zip(block.conditions, scores, cells, strict=True):
        one = score.comparison if score else None
        if score and one and one.verdict != "refused":
            whole = (own[condition.key], own.get(one.baseline, math.nan))
            ours, theirs = (fixed(mean, digits) for mean in one.means)
            same = math.isnan(one.means[0]) or [ours, theirs] == [fixed(mean, digits) for mean in whole]
            shared = "" if same else f"{ours} against {theirs} over {count(one.images, 'shared picture')}"
            note = f"{one.infinite} infinite" if one.infinite > score.infinite else ""
            cell = cell._replace(bar=_bar(one.difference, low, high), verdict=one.verdict, note=note, more=shared)
        yield cell


def _scale(found: Sequence[Comparison]) -> tuple[float, float]:
    """The ends of the scale: all intervals and zero, but no farther than `FARTHEST` times the median end."""
    triples = [(one.difference.value, one.difference.low, one.difference.high) for one in found]
    known = [value for triple in triples for value in triple if math.isfinite(value)]
    ends = [end for triple in triples if math.isfinite(end := max(map(abs, triple)))]
    far = FARTHEST * statistics.median(ends) if ends else math.inf
    return max(-far, min([0.0, *known])), min(far, max([0.0, *known]))


def _bar(estimate: Estimate, low: float, high: float) -> IntervalBar | None:
    """The small plot of a difference; what is beyond the scale stands at its end."""
    value = estimate.value
    if not math.isfinite(value):
        return None
    ends = [bound if math.isfinite(bound) else value for bound in (estimate.low, estimate.high)]
    shown = [min(max(one, low), high) - low for one in (ends[0], value, ends[1], 0.0)]
    start, middle, end, zero = (round(1000 * one / ((high - low) or 1.0)) for one in shown)
    return IntervalBar(start, middle, end, zero, "below" if value < low else "above" if value > high else "")


def _spans(block: Block, found: Sequence[Comparison]) -> str:
    """What comparisons are over: ``24 pictures of 3 photographs, 2 to 3 seeds, intervals over photographs``."""

    def span(values: Iterable[int], noun: str) -> str:
        low, *_, high = (*(ordered := sorted(set(values)))[:1], *ordered)
        return count(low, noun) if low == high else f"{low} to {high} {noun}s"

    pictures = span((one.images for one in found), "picture")
    if any(facts.counted == "photograph" for facts in block.metrics.values()):
        pictures += f" of {span((one.photographs for one in found), 'photograph')}"
    seeds = span((one.seeds for one in found), "seed")
    return f"{pictures}, {seeds}, intervals over {counted(block.metrics.values())}"
