"""How much a page holds, so that it opens quickly whatever was run: what is left out is said where it would stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.analysis.model import Block, Report

PAGE = 24_000_000  # bytes, about
TABLES = 11_500_000
FIGURES = 6_000_000  # before base64, as are the pictures
PICTURES = (2_000_000, 9_000_000)  # at least and at most
ROW, METRIC = 800, 300  # bytes of a condition in the tables, without metrics, and of each metric


@dataclass(frozen=True)
class Limits:
    """``metrics`` of each main table, the first ones; ``share`` of each block's conditions; bytes for pictures."""

    metrics: int
    share: float
    pictures: int

    def rows(self, block: Block) -> int:
        """How many of a block's conditions the tables have."""
        return min(len(block.conditions), max(1, int(self.share * len(block.conditions))))


def limits(report: Report, figures: Mapping[str, bytes]) -> Limits:
    """What there is room for: first rows, then metrics, then figures, and pictures with what is left."""
    conditions = max(1, sum(len(block.conditions) for block in report.blocks))
    share = min(1.0, TABLES / (conditions * (ROW + METRIC)))
    metrics = max(1, int((TABLES / (share * conditions) - ROW) / METRIC))
    shown = min(metrics, max((len(block.metrics) for block in report.blocks), default=0))
    tables = share * conditions * (ROW + METRIC * shown)
    charts = min(FIGURES, sum(map(len, figures.values())))
    least, most = PICTURES
    return Limits(metrics, share, int(min(most, max(least, 0.75 * (PAGE - tables) - charts))))


def fitting(figures: Mapping[str, bytes]) -> dict[str, bytes]:
    """The figures that together have `FIGURES` bytes at most; one that is too large makes room for those after it."""
    kept: dict[str, bytes] = {}
    for name, data in figures.items():
        if len(data) + sum(map(len, kept.values())) <= FIGURES:
            kept[name] = data
    return kept
