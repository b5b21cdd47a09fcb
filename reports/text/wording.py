"""Words that the figures and the written reports share; their numbers are those of `reports.html.numbers`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reports.html.markup import slug
from reports.html.numbers import NOTHING, fixed, interval, probability, worded
from reports.model import Comparison, Estimate, MetricFacts

ARROWS = {True: "↑", False: "↓"}
# The words of a cost on an axis or in a heading, in the order of the tables, with the unit in brackets.
COSTS: Mapping[str, str] = {
    "nfe": "NFE",
    "seconds_per_image": "time per image (s)",
    "gflops_per_image": "work per image (GFLOP)",
    "peak_memory_mb": "peak memory (MB)",
    "parameters": "parameters",
    "train_seconds": "training (s)",
}
LONGEST = 80  # letters of a part of a name


def plain(value: Any) -> str:
    """A value as one printable line: what would break the line, turn it round or colour a terminal is escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in worded(value))


def spread(estimate: Estimate, digits: int, sign: str = "") -> str:
    """A figure with its interval, ``12.72 [11.90, 13.41]``; without one the figure alone."""
    return f"{fixed(estimate.value, digits, sign)} {interval(estimate, digits, sign)}".rstrip()


def percent(share: Estimate) -> str:
    """A share in per cent with its interval, ``67 % [52, 80]``."""
    if math.isnan(share.value):
        return NOTHING
    hundred = Estimate(100 * share.value, 100 * share.low, 100 * share.high)
    return f"{fixed(hundred.value, 0)} % {interval(hundred, 0)}".rstrip()


def named(facts: MetricFacts) -> str:
    """A metric with its unit: ``psnr (dB)``."""
    return plain(facts.name) + (f" ({plain(facts.unit)})" if facts.unit else "")


def titled(facts: MetricFacts) -> str:
    """A metric as a heading: ``psnr (dB) ↑``."""
    return f"{named(facts)} {ARROWS[facts.higher_is_better]}"


def count(number: int, noun: str) -> str:
    """``1 picture``, ``24 pictures``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def units(found: Comparison, facts: MetricFacts) -> str:
    """What a comparison is over: ``24 samples``, ``24 pictures``, ``16 pictures of 3 photographs``."""
    if facts.kind == "set":
        return count(found.images, "sample")
    said = count(found.images, "picture")
    said += f" of {count(found.photographs, 'photograph')}" if facts.counted == "photograph" else ""
    return f"{said} and {found.infinite} infinite, which count as won, lost or tied alone" if found.infinite else said


def adjusted(found: Comparison) -> str:
    """An adjusted p value and how: ``0.087, Holm over 4``."""
    p = probability(found.p_adjusted)
    return p if math.isnan(found.p_adjusted) or not found.family else f"{p}, {found.adjustment} over {found.family}"


def verdict(comparison: Comparison, digits: int) -> str:
    """The verdict in a word; beside one that is open, the smallest difference that would have been found."""
    if comparison.verdict == "refused":
        return f"not compared: {comparison.why}"
    if comparison.verdict != "inconclusive" or math.isnan(comparison.detectable):
        return comparison.verdict
    return f"inconclusive (finds ≥ {fixed(comparison.detectable, digits)})"


class Names:
    """Slugs that are unique: the second ``psnr`` is ``psnr-2``."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, *parts: str) -> str:
        """The parts as one slug that was not given before."""
        wanted = "-".join(slug(part)[:LONGEST].rstrip("-") for part in parts)
        number, name = 1, wanted
        while name in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name)
        return name
