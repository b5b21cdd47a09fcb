"""The report as Markdown: the sections of the page, with narrower tables and the figures as PNG files."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from harness.store.files import write_files
from reports.analysis.model import Block, Report
from reports.pictures.grid import grid
from reports.pictures.pictures import Gallery, galleries
from reports.tables.blocks import tables_of
from reports.tables.table import Cell, Table
from reports.wording.wording import HOW, plain, plain_lines, slug
from reports.writers.document import BlockContent, FigureNames, Piece, Section, sections

ROWS = 300  # of a table
PICTURES = 9_000_000  # bytes of all of them
COLUMNS = 9  # pictures of a block
LENGTH = 20_000  # characters of a traceback, its end
_SPECIAL = re.compile(r"([\\`*_|~$])")
_LINK = re.compile(r"^\[|\][(\[:]")
_START = re.compile(r"^([-+=:#]|\d+(?=[.)]))")


def write_markdown(report: Report, folder: Path, figures: Mapping[str, bytes]) -> Path:
    """Write ``report.md`` and ``figures/<name>.png`` into a folder, which is made; each whole or not there.

    ``figures`` are PNG by name, as `reports.plots.figures.render` gives them. Gives the path of report.md. Raises
    `UserError` where the folder can't be written.
    """
    folder = Path(folder)
    write_files(folder / "figures", {f"{name}.png": data for name, data in figures.items()})
    shown = [
        pictures_of(gallery, slug(block.name), folder / "figures")
        for block, gallery in zip(report.blocks, galleries(report, PICTURES), strict=True)
    ]
    return write_files(folder, {"report.md": document(report, list(figures), shown).encode()})[0]


def document(report: Report, names: Sequence[str], shown: Sequence[Sequence[str]]) -> str:
    """The Markdown; ``names`` are the figures in figures/, ``shown`` the lines of each block's pictures."""
    contents = [
        BlockContent(tables, HOW, [Piece("pictures", lines)] if lines else [], [_commands(block)])
        for block, tables, lines in zip(report.blocks, tables_of(report), shown, strict=True)
    ]
    found = sections(report, contents, FigureNames(names, report.blocks))
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    page = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {"inline": inline, "escaped": escape, "fenced": fenced, "table": table}
    return page.get_template("report.md").render(report=report, sections=found, length=LENGTH).rstrip("\n") + "\n"


def _commands(block: Block) -> Section:
    lines = [f"# {plain(condition.label)}\n{condition.command}" for condition in block.conditions[:ROWS]]
    return Section("", "Commands", (Piece("code", ("\n".join(lines), "sh")),))


def inline(value: object) -> str:
    """A value as Markdown text within a line: nothing in it is markup, HTML, a link, a formula, or ends a cell."""
    text = plain(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    marked = _SPECIAL.sub(r"\\\1", text)
    return re.sub(r"([\[\]])", r"\\\1", marked) if _LINK.search(text) else marked


def escape(value: object) -> str:
    """As `inline`, and at the beginning of a line or of an item no list, heading or rule either."""
    return _START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", inline(value))


def fenced(text: str, language: str = "") -> str:
    """Text in a fence that it can't close: one backtick longer than the longest run in it."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{plain_lines(text).rstrip()}\n{fence}"


def table(one: Table) -> str:
    """A table as GitHub reads it, its caption above."""
    rows = one.rows
    lines = [map(inline, one.header), ("---" if column.left else "---:" for column in one.columns)]
    lines += [map(_cell, row) for row in rows[:ROWS]]
    left = len(rows) - ROWS
    note = f"\n\n{left} further rows are left out; table.csv has them." if left > 0 else ""
    return f"{escape(one.caption)}.\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + note


def _cell(cell: Cell) -> str:
    return f"**{inline(cell.words)}**" if cell.strong else inline(cell.words)


def pictures_of(gallery: Gallery | None, key: str, folder: Path) -> list[str]:
    """Write ``pictures-<key>.png`` into a folder, a row for each source and a column for each chosen picture, and give
    the Markdown that shows it; nothing where no pictures are left."""
    if gallery is None or not (gallery.points or gallery.rows):
        return []
    name, notes = f"pictures-{key}.png", [escape(note) for note in gallery.notes]
    if gallery.points:
        write_files(folder, {name: gallery.points})
        return [f"![points of every source](figures/{name})", *notes]
    rows, names = gallery.rows[:COLUMNS], [plain(source) for source in gallery.sources]
    labels = [one if names.count(one) == 1 else f"{one} ({place})" for place, one in enumerate(names, 1)]
    strips: dict[str, np.ndarray] = {}
    for label, tiles in zip(labels, zip(*(row.tiles for row in rows), strict=True), strict=True):
        strips[label] = np.stack([np.asarray(Image.open(io.BytesIO(one.picture)).convert("RGB")) for one in tiles])
    grid(strips, folder / name, len(rows))
    reasons = (f"{number}. {escape(row.image)}: {inline(row.why)}" for number, row in enumerate(rows, 1))
    return [f"![pictures of every source](figures/{name})", "The columns, from the left:", "\n".join(reasons), *notes]
