"""The table of a metric's comparisons: each condition against its baseline."""

from __future__ import annotations

from collections.abc import Sequence

from reports.analysis.model import Block, Comparison
from reports.wording.numbers import NOTHING, decimals, fixed, probability
from reports.wording.wording import adjustment, named, over, percent, plain, spread, titled, verdict, wins
from reports.writers.cells import Cell, Sheet, cells, digits_of, label


def compare_sheet(block: Block, metric: str, name: str) -> Sheet:
    """Means over what both have, difference, share of wins, p, verdict; what they are over where that differs."""
    facts, scored = block.metrics[metric], [one for one in block.conditions if metric in one.scores]
    found = {one.key: comparison for one in scored if (comparison := one.scores[metric].comparison)}
    digits = decimals(comparison.difference for comparison in found.values())
    shown = max(digits, digits_of(block, metric))
    labels = {condition.key: plain(condition.label) for condition in block.conditions}
    bases = {key: labels.get(one.baseline or block.baseline, NOTHING) for key, one in found.items()}
    paired, base = _same(list(bases.values()), "paired with", "its baseline of equal options")
    spans, span = _same([over(one, facts) for one in found.values()], "over", "what both have")
    rows = []
    for condition in scored:
        one = found.get(condition.key)
        own = [Cell(fixed(condition.scores[metric].mean.value, shown)), *cells([NOTHING] * 6)]
        row = [label(block, condition), *(own if one is None else _compared(one, shown, digits))]
        row += [Cell(bases.get(condition.key, NOTHING))] if paired else []
        row += [Cell(NOTHING if one is None else over(one, facts))] if spans else []
        rows.append(tuple(row))
    header = ["condition", titled(facts), "baseline", "difference", wins(facts), "p", _adjustment(found), "verdict"]
    caption = f"{plain(block.name)}: {named(facts)}, each condition paired with {base}; means over {span}"
    return Sheet("compare", metric, name, caption, (*header, *paired, *spans), tuple(rows))


def _same(texts: Sequence[str], head: str, words: str) -> tuple[list[str], str]:
    """A column's heading and what its caption says, where texts differ; else no column and the one text."""
    kinds = list(dict.fromkeys(text for text in texts if text != NOTHING))
    return ([head], words) if len(kinds) > 1 else ([], kinds[0] if kinds else words)


def _adjustment(found: dict[str, Comparison]) -> str:
    return next((f"p, {adjustment(one)}" for one in found.values() if one.family), "p adjusted")


def _compared(comparison: Comparison, shown: int, digits: int) -> list[Cell]:
    return cells(
        [
            *(fixed(mean, shown) for mean in comparison.means),
            spread(comparison.difference, digits, "+"),
            percent(comparison.win_rate),
            probability(comparison.p),
            probability(comparison.p_adjusted),
            verdict(comparison, digits),
        ]
    )
