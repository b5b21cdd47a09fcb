"""The columns of a metric: means, and what came of each comparison with the baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.analysis.model import Block, Comparison, Condition, Estimate, MetricInfo, Score
from reports.tables.table import ABSENT, MISSING, Cell, Column, Table, figure, number
from reports.wording.numbers import NOTHING, decimals, fixed, probability
from reports.wording.wording import adjustment, named, opposed, over, plain, titled, wins


def label(block: Block, condition: Condition) -> Cell:
    """A condition's name, with a note where it is the baseline."""
    return Cell(plain(condition.label), note="baseline" if condition.key == block.baseline else "")


def mean_digits(block: Block, metric: str) -> int:
    """The decimals of a metric's means."""
    return decimals(condition.scores[metric].mean for condition in block.conditions if metric in condition.scores)


def means(block: Block, metric: str) -> Column:
    """The mean of every condition, strong where it is the best; infinite figures, which are in no mean, are counted."""
    digits = mean_digits(block, metric)
    scores = (condition.scores.get(metric) for condition in block.conditions)
    return Column(titled(block.metrics[metric]), [_mean(score, digits) if score else MISSING for score in scores])


def _mean(score: Score, digits: int) -> Cell:
    note = f"{score.infinite} infinite" if score.infinite and score.images else ""
    return figure(score.mean, digits)._replace(strong=score.best, note=note)


def share(rate: Estimate) -> Cell:
    """A share in per cent with its interval, ``67 % [52, 80]``."""
    if math.isnan(rate.value):
        return MISSING
    hundred = figure(Estimate(100 * rate.value, 100 * rate.low, 100 * rate.high), 0)
    return hundred._replace(text=f"{hundred.text} %")


def verdict(comparison: Comparison, digits: int) -> Cell:
    """The verdict in a word; beside one that is open, the smallest difference that would have been found."""
    word, note = comparison.verdict.replace("refused", "not compared"), comparison.why
    if opposed(comparison):
        note = "infinite figures speak against the mean"
    elif word == "inconclusive" and not math.isnan(comparison.detectable):
        note = f"finds ≥ {fixed(comparison.detectable, digits)}"
    return Cell(word, note=note, verdict=comparison.verdict)


def comparison_columns(facts: MetricInfo, found: Sequence[Comparison | None]) -> list[Column]:
    """Difference, share of wins, p, adjusted p and verdict of comparisons; dashes where there is none."""
    there = [one for one in found if one is not None]
    digits = decimals(one.difference for one in there)
    adjusted = next((f"p, {adjustment(one)}" for one in there if one.family), "p adjusted")
    rows = [(MISSING,) * 4 + (ABSENT,) if one is None else comparison_cells(one, digits) for one in found]
    heads = ("difference", wins(facts), "p", adjusted, "verdict")
    columns = [Column(head, [row[place] for row in rows]) for place, head in enumerate(heads)]
    return [*columns[:-1], columns[-1]._replace(kind="word")]


def comparison_cells(one: Comparison, digits: int) -> tuple[Cell, Cell, Cell, Cell, Cell]:
    """The cells of `comparison_columns`."""
    p, adjusted = (Cell(probability(value), value) for value in (one.p, one.p_adjusted))
    return figure(one.difference, digits, "+"), share(one.win_rate), p, adjusted, verdict(one, digits)


def comparison_table(block: Block, metric: str, name: str) -> Table:
    """Means over what both have, difference, wins, p, verdict; what they are over where that differs."""
    facts, scored = block.metrics[metric], [one for one in block.conditions if metric in one.scores]
    found = [one.scores[metric].comparison for one in scored]
    digits = max(decimals(one.difference for one in found if one), mean_digits(block, metric))
    both = [
        one.means if one else (condition.scores[metric].mean.value, math.nan)
        for one, condition in zip(found, scored, strict=True)
    ]
    ours, theirs = ([number(pair[side], digits) for pair in both] for side in (0, 1))
    labels = {condition.key: plain(condition.label) for condition in block.conditions}
    bases = [labels[one.baseline] if one else NOTHING for one in found]
    spans = [over(one, facts) if one else NOTHING for one in found]
    columns = [Column("condition", [label(block, condition) for condition in scored], "label")]
    columns += [Column(titled(facts), ours), Column("baseline", theirs), *comparison_columns(facts, found)]
    caption = f"{plain(block.name)}: {named(facts)}, each condition paired with "
    caption += _shared(columns, "paired with", bases, "its baseline of equal options") + "; means over "
    caption += _shared(columns, "over", spans, "what both have")
    return Table("compare", metric, name, caption, tuple(columns))


def _shared(columns: list[Column], head: str, texts: Sequence[str], words: str) -> str:
    """What a caption says: the one text; where there are several, these words, and the texts are a column."""
    kinds = list(dict.fromkeys(text for text in texts if text != NOTHING))
    if len(kinds) > 1:
        columns.append(Column(head, [Cell(text) for text in texts], "word"))
        return words
    return kinds[0] if kinds else words
