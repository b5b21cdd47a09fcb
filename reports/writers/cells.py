"""What a table is as text: cells, and rows of them below a heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.analysis.model import Block, Condition, Score
from reports.wording.numbers import NOTHING, decimals
from reports.wording.wording import mean, plain


@dataclass(frozen=True)
class Cell:
    """The text of a cell; ``strong`` where it is the best beyond its interval."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table: ``kind`` is "main", "compare", "ablation", "interaction", "costs" or "protocols"; ``subject`` the metric
    or axis that it is about, ``name`` its file name without an ending; the first ``texts`` columns are words."""

    kind: str
    subject: str
    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    texts: int = 1


def label(block: Block, condition: Condition) -> Cell:
    """A condition's name, marked where it is the baseline."""
    return Cell(plain(condition.label) + (" (baseline)" if condition.key == block.baseline else ""))


def cells(texts: Sequence[str]) -> list[Cell]:
    """Texts as cells."""
    return [Cell(text) for text in texts]


def digits_of(block: Block, metric: str) -> int:
    """The decimals of a metric's means."""
    return decimals(condition.scores[metric].mean for condition in block.conditions if metric in condition.scores)


def mean_cell(score: Score | None, digits: int) -> Cell:
    """A mean with its interval."""
    return Cell(NOTHING) if score is None else Cell(mean(score, digits), score.best)
