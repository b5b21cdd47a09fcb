"""Words that the figures and the written reports share; their numbers are those of `reports.wording.numbers`."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from errors import visible
from registry import components
from reports.analysis.model import Comparison, Estimate, MetricInfo
from reports.wording.numbers import NOTHING, fixed, interval, probability, worded

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
BOLD = "bold: no other condition is better beyond the 95% interval of their difference, which is not adjusted"
HOW = (
    "Differences are paired by picture and by training seed, and means beside them are over what both have. Where "
    "pictures are crops of fewer photographs, means are taken by photograph first; intervals (95%), tests and win "
    "rates count what the headings say. Infinite figures win, lose or tie and are in no mean. Better or worse: the "
    "interval leaves out 0 and p is below 0.05 after the "
    "adjustment for several comparisons. Leads or trails: the interval alone leaves out 0. Inconclusive: it does not; "
    "beside it stands the difference that would have been found with a power of 0.8."
)
LONGEST = 80  # letters of a slug


def plain(value: Any) -> str:
    """A value as one printable line: what would break the line, turn it round or colour a terminal is escaped."""
    return visible(worded(value))


def plain_lines(text: str) -> str:
    """As `plain`, with its line breaks and tabs."""
    return "".join(letter if letter in "\n\t" else visible(letter) for letter in text)


def slug(name: object) -> str:
    """A name as part of a figure's name (`reports.plots.figures`): a-z, 0-9 and single hyphens, never empty."""
    return re.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-")[:LONGEST].strip("-") or "x"


def spread(estimate: Estimate, digits: int, sign: str = "") -> str:
    """A figure with its interval, ``12.72 [11.90, 13.41]``; without one the figure alone."""
    return f"{fixed(estimate.value, digits, sign)} {interval(estimate, digits, sign)}".rstrip()


def named(facts: MetricInfo, what: str = "") -> str:
    """A metric, or ``what`` of it, with its unit: ``psnr (dB)``."""
    return f"{plain(facts.name)}{what}" + (f" ({plain(facts.unit)})" if facts.unit else "")


def titled(facts: MetricInfo) -> str:
    """A metric as a heading: ``psnr (dB) ↑``."""
    return f"{named(facts)} {ARROWS[facts.higher_is_better]}"


def count(number: int, noun: str) -> str:
    """``1 picture``, ``24 pictures``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def units(found: Comparison, facts: MetricInfo) -> str:
    """What a comparison is over: ``24 samples``, ``24 pictures``, ``16 pictures of 3 photographs``,
    of samples too; and how many more have an infinite figure, which wins, loses or ties and is in no mean."""
    said = count(found.images, "sample" if facts.kind == "set" else "picture")
    said += f" of {count(found.photographs, 'photograph')}" if facts.counted == "photograph" else ""
    return f"{said}, {found.infinite} more infinite" if found.infinite else said


def over(found: Comparison, facts: MetricInfo) -> str:
    """What a comparison is over: `units`, and the trainings."""
    if found.verdict == "refused":
        return NOTHING
    seeds = f"{found.seeds} and {found.others} seeds" if found.others else count(found.seeds, "seed")
    return f"{units(found, facts)}, {seeds}{left_out(found)}"


def left_out(found: Comparison) -> str:
    """How many trainings have no partner with their seed: `` (4 trainings left out)``; empty where there is none."""
    return f" ({count(found.left_out, 'training')} left out)" if found.left_out else ""


def counted(facts: Iterable[MetricInfo]) -> str:
    """What intervals count, in words: ``photographs``, or ``photographs; samples of fd``."""
    names: dict[str, list[str]] = {}
    for one in facts:
        names.setdefault(one.counted, []).append(plain(one.name))
    return "; ".join(f"{noun}s" + (f" of {', '.join(names[noun])}" if len(names) > 1 else "") for noun in names)


def wins(facts: MetricInfo) -> str:
    """The heading of the shares of wins, with what they count: ``wins (photographs)``."""
    return "wins" if facts.kind == "set" else f"wins ({facts.counted}s)"


def adjustment(found: Comparison) -> str:
    """How p values are adjusted, and over how many: ``Holm over 4``."""
    return f"{found.adjustment} over {found.family}" if found.family else found.adjustment


def adjusted(found: Comparison) -> str:
    """An adjusted p value and how: ``0.087, Holm over 4``."""
    p = probability(found.p_adjusted)
    return p if math.isnan(found.p_adjusted) else f"{p}, {adjustment(found)}"


def opposed(found: Comparison) -> bool:
    """Whether infinite figures, which are in no mean, took back what the interval says."""
    return found.verdict == "inconclusive" and (found.difference.low > 0 or found.difference.high < 0)


def bibtex(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The entries of these methods, each once, in the methods' order; and the methods that state none.

    ``bibtex = ""`` says that a method has nothing to cite: it is in neither list. A name that is not registered
    (any more) counts as stating none. The classes are read from their source and not imported.
    """
    known = components("method")
    entries: list[str] = []
    silent: list[str] = []
    for name in dict.fromkeys(names):
        stated = known[name].facts.bibtex if name in known else None
        if stated is None:
            silent.append(name)
        elif (entry := textwrap.dedent(stated).strip()) and entry not in entries:
            entries.append(entry)
    return entries, silent


class Names:
    """Slugs that are unique: the second ``psnr`` is ``psnr-2``."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, *parts: str) -> str:
        """The parts as one slug that was not given before."""
        wanted = "-".join(map(slug, parts))
        number, name = 1, wanted
        while name in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name)
        return name
