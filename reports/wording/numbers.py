"""Figures as the page shows them: true minus signs, decimals that the interval supports, a dash for what is missing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

from reports.analysis.model import Estimate

NOTHING = "–"
MOST = 6  # decimals
LEAST_P = 0.001


def decimals(estimates: Iterable[Estimate]) -> int:
    """Decimals for a column: two digits of the median half width of its intervals, else four digits of its values."""
    known = [estimate for estimate in estimates if math.isfinite(estimate.value)]
    halves = [(estimate.high - estimate.low) / 2 for estimate in known]
    halves = [half for half in halves if math.isfinite(half) and half > 0]
    if halves:
        return _places(statistics.median(halves), 2)
    sizes = [abs(estimate.value) for estimate in known if estimate.value]
    return _places(statistics.median(sizes), 4) if sizes else 0


def _places(size: float, significant: int) -> int:
    return min(MOST, max(0, significant - 1 - math.floor(math.log10(size))))


def fixed(value: float, places: int, sign: str = "") -> str:
    """``-0.314`` as ``−0.31``; with ``sign="+"`` positive figures carry theirs. A value that is no number is a dash."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, NOTHING)
    return f"{value:{sign},.{places}f}".replace("-", "−")


def interval(estimate: Estimate, places: int, sign: str = "") -> str:
    """``[22.91, 23.40]``, or nothing where there is none."""
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return ""
    return f"[{fixed(estimate.low, places, sign)}, {fixed(estimate.high, places, sign)}]"


def probability(p: float) -> str:
    """A p value: three decimals, ``<0.001`` below."""
    if math.isnan(p):
        return NOTHING
    return f"<{LEAST_P}" if p < LEAST_P else f"{p:.3f}"


def amount(value: float) -> str:
    """A cost in three digits: ``0.0312``, ``118``, ``1.23M``."""
    if not math.isfinite(value):
        return NOTHING
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.{_places(abs(value), 3)}f}"


def worded(value: object) -> str:
    """An option's value: floats without noise, None as ``none``."""
    if isinstance(value, float):
        return NOTHING if math.isnan(value) else f"{value:g}"
    return "none" if value is None else str(value)
