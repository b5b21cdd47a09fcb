"""What stands at the end of the page: failures, where everything came from, whom to cite."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.analysis.model import Block, Failure, MetricInfo, Report
from reports.wording.citations import bibtex
from reports.wording.numbers import NOTHING, amount
from reports.writers.html.markup import Markup, element, joined, rows_of
from reports.writers.html.tables import Cell, Column, Frame, sortable

FAILURES = 100
LENGTH = 8_000  # characters of a traceback, its end


def failures(report: Report) -> Markup:
    """How many of the runs have a record, and why the others have none."""
    counted = element("p", {}, f"{report.counted}.")
    lacking = report.asked - report.done - report.waiting
    if not report.failures:
        return joined(counted, element("p", {}, "No failure was recorded.") if lacking else None)
    shown = [_failure(failure) for failure in report.failures[:FAILURES]]
    more = len(report.failures) - len(shown)
    note = element("p", {"class": "note"}, f"{more} further failures are left out.") if more > 0 else None
    return joined(counted, *shown, note)


def _failure(failure: Failure) -> Markup:
    words = failure.overrides or "(no overrides)"
    said = element("summary", {}, element("code", {}, words), element("span", {"class": "worse"}, failure.reason))
    if not failure.traceback:
        return element("details", {}, said, element("p", {}, "No traceback was kept."))
    cut = "...\n" if len(failure.traceback) > LENGTH else ""
    trace = element("pre", {"tabindex": "0"}, cut + failure.traceback[-LENGTH:])
    return element("details", {}, said, trace)


def provenance(report: Report) -> Markup:
    """Seeds, versions, hardware, code: as they were when the runs were made."""
    lines: dict[str, object] = {}
    for name, value in report.provenance:
        lines[name] = f"{lines[name]}; {value}" if name in lines else value
    settings = {str(name): value for name, value in report.settings.items() if str(name) not in lines}
    return rows_of({**lines, **settings})


def citations(methods: Sequence[str]) -> Markup:
    """BibTeX of exactly the methods shown, and the names of those that state none."""
    entries, unknown = bibtex(methods)
    lines = element("p", {}, f"Without a citation: {', '.join(unknown)}.") if unknown else None
    if not entries:
        return joined(lines)
    button = element("button", {"type": "button", "class": "copy", "aria-label": "Copy the BibTeX"}, "Copy")
    code = element("pre", {"tabindex": "0"}, element("code", {}, "\n\n".join(entries)))
    return joined(element("div", {"class": "copied"}, button, code), lines)


def protocols(block: Block, key: str) -> Markup:
    """The metrics of a block with the stamps that decide their figures, and the figures to read them by."""
    columns = [
        Column("metric"),
        Column("unit"),
        Column("better"),
        Column("input", "mean figure of the degraded input", "num"),
        Column("floor", "a set metric of real pictures against real ones, with the same n", "num"),
        Column("protocol", "all that decides the figure; different stamps are never mixed", "code"),
    ]
    rows = [_stamp(facts) for facts in block.metrics.values()]
    return sortable(Frame(key, joined("Metrics of ", block.name)), columns, rows)


def _stamp(facts: MetricInfo) -> list[Cell]:
    better = "higher" if facts.higher_is_better else "lower"
    numbers = [Cell(_known(value), value) for value in (facts.degraded, facts.floor)]
    return [Cell(facts.name), Cell(facts.unit or NOTHING), Cell(better), *numbers, Cell(facts.protocol)]


def _known(value: float) -> str:
    return NOTHING if math.isnan(value) else amount(value)
