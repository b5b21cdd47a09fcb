"""The report as sections of a few kinds of items: what Markdown and the page write, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import product
from typing import Any, Literal, NamedTuple

from reports.analysis.model import Block, Report
from reports.tables.table import Table
from reports.wording.wording import bibtex, slug

TABLES = 60  # of a kind in a block
FAILURES = 100


class Piece(NamedTuple):
    """A piece of a section. ``value`` by ``kind``: "text" and "title" a string, "list" sentences, "facts" pairs of name
    and value, "figures" their names, "code" text and language, "pictures" what the writer makes of them, else a value
    of that class."""

    kind: Literal["text", "title", "list", "facts", "figures", "code", "pictures", "table", "failure"]
    value: Any


class Section(NamedTuple):
    """A section: ``key`` is unique in the document."""

    key: str
    title: str
    items: tuple[Piece, ...]
    parts: tuple[Section, ...] = ()


class BlockContent(NamedTuple):
    """What a writer shows of a block: its tables, how to read the first, its pictures, and what comes after all."""

    tables: Sequence[Table]
    reading: str
    pictures: Sequence[Piece]
    last: Sequence[Section] = ()


class FigureNames:
    """The names of figures, ``kind-block-...``, each given out once."""

    def __init__(self, names: Iterable[str], blocks: Iterable[Block]) -> None:
        self._waiting = dict.fromkeys(names, "")  # with the slug of the block, the longest that fits
        for known, name in product(sorted((slug(block.name) for block in blocks), key=len), self._waiting):
            if f"{name.partition('-')[2]}-".startswith(f"{known}-"):
                self._waiting[name] = known

    def take(self, kind: str, block: Block, subject: str = "") -> list[Piece]:
        """All figures of that kind, block and beginning that nobody took before."""
        own = slug(block.name)
        start = f"{kind}-{own}-{slug(subject)}-" if subject else f"{kind}-{own}-"
        return self._taken([name for name, of in self._waiting.items() if of == own and f"{name}-".startswith(start)])

    def rest(self) -> list[Piece]:
        """What nobody took."""
        return self._taken(list(self._waiting))

    def _taken(self, names: list[str]) -> list[Piece]:
        for name in names:
            del self._waiting[name]
        return [Piece("figures", names)] if names else []


def sections(report: Report, blocks: Sequence[BlockContent], figures: FigureNames, left: int = 0) -> list[Section]:
    """All that has something to show: verdicts, what ran, block by block, then where it all came from. ``left`` is the
    number of figures that there is no room for."""
    found = [Section("verdicts", "Verdicts", tuple(_verdicts(report))), Section("ran", "What ran", (_ran(report),))]
    for place, (block, content) in enumerate(zip(report.blocks, blocks, strict=True), 1):
        found.append(_block(block, f"b{place}", content, figures))
    lost = [Piece("text", f"{left} figures are left out, for the size of this page.")] if left else []
    found.append(Section("others", "Other figures", (*figures.rest(), *lost)))
    found.append(Section("failures", "Failures", tuple(_failures(report))))
    known = dict(report.provenance)
    settings = [(str(name), value) for name, value in report.settings.items() if str(name) not in known]
    found.append(Section("provenance", "Provenance", (Piece("facts", [*report.provenance, *settings]),)))
    found.append(Section("citations", "Citations", tuple(_citations(report))))
    return [section for section in found if section.items or section.parts]


def _verdicts(report: Report) -> list[Piece]:
    items = [one for block in report.blocks for one in (Piece("title", block.name), Piece("list", block.verdicts))]
    items += [] if report.blocks else [Piece("text", "No run has a record yet, so there is nothing to compare.")]
    return [*items, Piece("text", report.conditional)] if report.conditional else items


def _ran(report: Report) -> Piece:
    metrics = dict.fromkeys(name for block in report.blocks for name in block.metrics)
    facts = {
        "Runs": report.counted,
        "Methods": ", ".join(report.methods) or "none",
        "Data and tasks": ", ".join(block.name for block in report.blocks) or "none",
        "Conditions": sum(len(block.conditions) for block in report.blocks),
        "Metrics": ", ".join(metrics) or "none",
    }
    return Piece("facts", list(facts.items()))


def _block(block: Block, key: str, content: BlockContent, figures: FigureNames) -> Section:
    def tables(kind: str) -> list[Piece]:
        found = [Piece("table", table) for table in content.tables if table.kind == kind]
        left = len(found) - TABLES
        return [*found[:TABLES], *([Piece("text", f"{left} further tables are left out.")] if left > 0 else [])]

    charts = partial(figures.take, block=block)
    parts: Sequence[tuple[str, str, Sequence[Piece]]] = (
        ("main", "Main table", [*tables("main"), *tables("compare"), Piece("text", content.reading)]),
        ("differences", "Differences", charts("difference")),
        ("ablations", "Ablations", _by_axis(tables("ablation"), block, figures)),
        ("interactions", "Interactions", [*tables("interaction"), *charts("interaction")]),
        ("pareto", "Quality against cost", charts("pareto")),
        ("pictures", "Pictures", content.pictures),
        ("scatter", "Image by image", charts("scatter")),
        ("curves", "Training curves", charts("curve")),
        ("costs", "Costs", [*charts("costs"), *tables("costs")]),
        ("protocols", "Metrics and protocols", tables("protocols")),
    )
    shown = [Section(f"{key}-{part}", title, tuple(items)) for part, title, items in parts if items]
    return Section(key, block.name, (), (*shown, *content.last))


def _by_axis(tables: Sequence[Piece], block: Block, figures: FigureNames) -> list[Piece]:
    """The tables of each axis, and the figures of it behind them; a remark on tables left out at the end."""
    axes = dict.fromkeys(item.value.subject for item in tables if item.kind == "table")
    items: list[Piece] = []
    for axis in axes:
        items += [item for item in tables if item.kind == "table" and item.value.subject == axis]
        items += figures.take("ablation", block, axis)
    return items + [item for item in tables if item.kind != "table"]


def _failures(report: Report) -> list[Piece]:
    items = [Piece("text", f"{report.counted}."), *(Piece("failure", one) for one in report.failures[:FAILURES])]
    left = len(report.failures) - FAILURES
    if not report.failures and report.asked > report.done + report.waiting:
        items.append(Piece("text", "No failure was recorded."))
    return [*items, Piece("text", f"{left} further failures are left out.")] if left > 0 else items


def _citations(report: Report) -> list[Piece]:
    """BibTeX of exactly the methods shown, and the names of those that state none."""
    entries, silent = bibtex(report.methods)
    items = [Piece("code", ("\n\n".join(entries), "bibtex"))] if entries else []
    return [*items, Piece("text", f"Without a citation: {', '.join(silent)}.")] if silent else items
