"""The parts of the page in their order: verdicts, what ran, then block by block, then where it all came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.analysis.model import Block, Report
from reports.pictures.pictures import Gallery
from reports.wording.wording import HOW
from reports.writers.html.ablations import ablations, interactions
from reports.writers.html.drawn import Drawn
from reports.writers.html.ends import citations, failures, protocols, provenance
from reports.writers.html.gallery import pictures
from reports.writers.html.limits import Limits
from reports.writers.html.main import costs_table, main_table
from reports.writers.html.markup import Markup, element, joined, rows_of

READ = (
    f"{HOW} A bold mean: no other condition is better beyond the 95% interval of their difference, which is not "
    "adjusted, and no infinite figure speaks against that. The command repeats the first run of its row."
)


@dataclass(frozen=True)
class Section:
    """A part of the page that the contents link to; ``parts`` are its own sections."""

    key: str
    title: str
    body: Markup
    parts: tuple[Section, ...] = ()


def sections_of(report: Report, drawn: Drawn, shown: Sequence[Gallery | None], limit: Limits) -> list[Section]:
    """All that has something to show, in the order of the page."""
    sections = [Section("verdicts", "Verdicts", _verdicts(report)), Section("ran", "What ran", _ran(report))]
    for place, (block, gallery) in enumerate(zip(report.blocks, shown, strict=True), 1):
        sections.append(_block(block, gallery, f"b{place}", (drawn, limit)))
    sections.append(Section("others", "Other figures", joined(drawn.rest(), _left(drawn))))
    sections.append(Section("failures", "Failures", failures(report)))
    sections.append(Section("provenance", "Provenance", provenance(report)))
    sections.append(Section("citations", "Citations", citations(report.methods)))
    return [section for section in sections if section.body or section.parts]


def _left(drawn: Drawn) -> Markup | None:
    if not drawn.left:
        return None
    return element("p", {"class": "note"}, f"{len(drawn.left)} figures are left out, for the size of this page.")


def _verdicts(report: Report) -> Markup:
    parts: list[Markup] = []
    for block in report.blocks:
        items = (element("li", {}, verdict) for verdict in block.verdicts)
        parts.append(element("h3", {}, block.name))
        parts.append(element("ul", {"class": "verdicts"}, *items))
    if not report.blocks:
        parts.append(element("p", {}, "No run has a record yet, so there is nothing to compare."))
    note = element("p", {"class": "note"}, report.conditional) if report.conditional else None
    return joined(*parts, note)


def _ran(report: Report) -> Markup:
    return rows_of(
        {
            "Runs": report.counted,
            "Methods": ", ".join(report.methods) or "none",
            "Data and tasks": ", ".join(block.name for block in report.blocks) or "none",
            "Conditions": sum(len(block.conditions) for block in report.blocks),
            "Metrics": ", ".join(dict.fromkeys(name for block in report.blocks for name in block.metrics)) or "none",
        }
    )


def _block(block: Block, gallery: Gallery | None, key: str, page: tuple[Drawn, Limits]) -> Section:
    drawn, limit = page
    spent = joined(drawn.take("costs", block), costs_table(block, f"{key}-cost", limit))
    parts = (
        Section(f"{key}-main", "Main table", joined(main_table(block, f"{key}-table", limit), _reading(block, limit))),
        Section(f"{key}-differences", "Differences", drawn.take("difference", block)),
        Section(f"{key}-ablations", "Ablations", ablations(block, f"{key}-ablation", drawn)),
        Section(f"{key}-interactions", "Interactions", interactions(block, f"{key}-interaction", drawn)),
        Section(f"{key}-pareto", "Quality against cost", drawn.take("pareto", block)),
        Section(f"{key}-pictures", "Pictures", pictures(block, gallery, f"{key}-grid")),
        Section(f"{key}-scatter", "Image by image", drawn.take("scatter", block)),
        Section(f"{key}-curves", "Training curves", drawn.take("curve", block)),
        Section(f"{key}-costs", "Costs", spent),
        Section(f"{key}-protocols", "Metrics and protocols", protocols(block, f"{key}-protocol")),
    )
    return Section(key, block.name, Markup(""), tuple(part for part in parts if part.body))


def _reading(block: Block, limit: Limits) -> Markup:
    left = {
        "metrics": len(block.metrics) - limit.metrics,
        "conditions": len(block.conditions) - limit.rows(block),
    }
    notes = [
        f" The last {count} {what} are left out, for the size of this page."
        for what, count in left.items()
        if count > 0
    ]
    return element("p", {"class": "note"}, READ + "".join(notes))
