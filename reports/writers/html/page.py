"""The page: one file with its style, its script and its pictures in it, allowed to reach nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.store.files import plainly, write_atomic
from reports.analysis.model import Report
from reports.pictures.pictures import Gallery, galleries
from reports.writers.html.drawn import Drawn
from reports.writers.html.limits import limits
from reports.writers.html.markup import Markup, element, joined
from reports.writers.html.sections import Section, sections_of

ASSETS = Path(__file__).parent / "assets"
STYLES = ("page.css", "table.css", "pictures.css", "print.css")  # print last: it overrules
SCRIPTS = ("table.js", "slider.js", "copy.js")
NAMED = 4  # blocks in the line under the title
VIEWS = 40  # metrics that the style can show one at a time


def write_html(report: Report, folder: Path, figures: Mapping[str, bytes]) -> Path:
    """Write ``report.html`` into a folder, which is made; whole or not there. Gives its path.

    ``figures`` are SVG or PNG by file name, put where their names belong (`reports.writers.html.drawn`). The page opens
    from the disk and its policy forbids every request. Raises `UserError` where the folder can't be written.
    """
    path = Path(folder) / "report.html"
    with plainly(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    shown = galleries(report, limits(report, figures).pictures)
    write_atomic(path, document(report, figures, shown).encode())
    return path


def document(report: Report, figures: Mapping[str, bytes], shown: Sequence[Gallery | None]) -> str:
    """The page as text; ``shown`` are the pictures of each block."""
    drawn = Drawn(figures, report.blocks)
    sections = sections_of(report, drawn, shown, limits(report, figures))
    script = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    body = joined(
        element("a", {"class": "skip", "href": "#main"}, "Skip to the report"),
        _header(report),
        element(
            "div", {"class": "columns"}, _contents(sections), element("main", {"id": "main"}, *map(_section, sections))
        ),
        element("footer", {}, element("p", {}, "Made by restorebench. This page is one file and asks for no network.")),
        element("script", {}, Markup(script)),
    )
    page = element("html", {"lang": "en"}, _head(report, script), element("body", {}, body))
    return f"<!doctype html>\n{page}\n"


def _head(report: Report, script: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
    policy += "base-uri 'none'; form-action 'none'"
    views = (f'[data-view="{k}"] .g:not(.g{k}){{display:none}}' for k in range(VIEWS))
    style = "\n".join([*((ASSETS / name).read_text(encoding="utf-8") for name in STYLES), *views])
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("title", {}, report.title),
        element("link", {"rel": "icon", "href": "data:,"}),
        element("style", {}, Markup(style)),
    )


def _header(report: Report) -> Markup:
    question = element("p", {"class": "question"}, report.question) if report.question else None
    counts = [
        f"{report.done} of {report.asked} runs{' so far' if report.waiting else ''}",
        _counted(report.methods, "method"),
        _counted([one for block in report.blocks for one in block.conditions], "condition"),
        *(block.name for block in report.blocks[:NAMED]),
    ]
    summary = element("p", {"class": "note"}, " · ".join(counts))
    return element("header", {}, element("h1", {}, report.title), question, summary)


def _counted(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _contents(sections: Iterable[Section]) -> Markup:
    return element("nav", {"aria-label": "Contents"}, element("h2", {}, "Contents"), _links(sections))


def _links(sections: Iterable[Section]) -> Markup:
    items = (
        element(
            "li",
            {},
            element("a", {"href": f"#{section.key}"}, section.title),
            _links(section.parts) if section.parts else None,
        )
        for section in sections
    )
    return element("ol", {}, *items)


def _section(section: Section, level: int = 2) -> Markup:
    heading = element(f"h{level}", {"id": f"{section.key}-title"}, section.title)
    parts = (_section(part, level + 1) for part in section.parts)
    attributes = {"id": section.key, "aria-labelledby": f"{section.key}-title"}
    return element("section", attributes, heading, section.body, *parts)
