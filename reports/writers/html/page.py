"""The page: one file with its style, its script and its pictures in it, allowed to reach nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.store.files import write_files
from reports.analysis.model import Block, Report
from reports.pictures.choice import counterparts
from reports.pictures.pictures import CLEAN, DEGRADED, Gallery, galleries
from reports.tables.blocks import ablation_tables, interaction_tables, protocols
from reports.tables.page import costs_page, main_page
from reports.tables.table import Cell, Table
from reports.wording.numbers import amount
from reports.wording.wording import HOW, Names, count, plain_lines
from reports.writers.document import BlockContent, FigureNames, Piece, sections

HERE = Path(__file__).parent
STYLES = ("page.css", "table.css", "pictures.css", "print.css")  # print last: it overrules
SCRIPTS = ("table.js", "slider.js", "copy.js")
ROWS = 200  # of a table in the document at a time
# How much a page holds, so that it opens quickly whatever was run: what is left out is said where it would stand.
PAGE = 24_000_000  # bytes, about
TABLES = 11_500_000
FIGURES = 6_000_000  # before base64, as are the pictures
PICTURES = (2_000_000, 9_000_000)  # at least and at most
ROW, METRIC = 800, 300  # bytes of a condition in the tables, without metrics, and of each metric
MARKS = {"better": "▲ ", "worse": "▼ ", "leads": "△ ", "trails": "▽ ", "inconclusive": "≈ ", "refused": ""}
READ = (
    f"{HOW} A bold mean: no other condition is better beyond the 95% interval of their difference, which is not "
    "adjusted, and no infinite figure speaks against that. The command repeats the first run of its row."
)
NO_MARKUP = Markup("")
BARE = Cell("")[2:]  # all that a cell may have beside its text and value
ALONE = ("scatter", "curve")  # kinds of figures, the first word of their names, whose numbers are in no table
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.DOTALL)


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


def write_html(report: Report, folder: Path, figures: Mapping[str, bytes]) -> Path:
    """Write ``report.html`` into a folder, which is made; whole or not there. Gives its path.

    ``figures`` are SVG or PNG by name, put where their names belong. The page opens from the disk and its policy
    forbids every request. Raises `UserError` where the folder can't be written.
    """
    shown = galleries(report, limits(report, figures).pictures)
    return write_files(folder, {"report.html": document(report, figures, shown).encode()})[0]


def document(report: Report, figures: Mapping[str, bytes], shown: Sequence[Gallery | None]) -> str:
    """The page as text; ``shown`` are the pictures of each block."""
    limit, names, kept = limits(report, figures), Names(), fitting(figures)
    contents = [
        BlockContent(
            _tables(block, f"b{place}", limit, names),
            _reading(block, limit),
            [Piece("pictures", (gallery, block, f"b{place}-grid", _first_right(block, gallery)))],
        )
        for place, (block, gallery) in enumerate(zip(report.blocks, shown, strict=True), 1)
    ]
    found = sections(report, contents, FigureNames(kept, report.blocks), len(figures) - len(kept))
    script = _assets(SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = environment().get_template("page.html")
    values = {"report": report, "sections": found, "figures": kept, "page": ROWS}
    return page.render(**values, style=_assets(STYLES), script=script, digest=digest)


def environment() -> Environment:
    """The templates. Every value is escaped, and what can't be seen in it is shown as its escape."""
    loader = FileSystemLoader(HERE / "templates")
    templates = Environment(autoescape=True, finalize=visible_text, loader=loader, undefined=StrictUndefined)
    templates = templates.overlay(trim_blocks=True, lstrip_blocks=True)
    templates.tests["bare"] = lambda cell: cell[2:] == BARE
    templates.globals |= {"marks": MARKS, "count": count}
    templates.filters |= {"sort_key": _sort_key, "classes": _classes, "source": source, "title": _title}
    templates.filters |= {"alternative": _alternative, "amount": amount}
    return templates


def visible_text(value: object) -> str:
    """A value as text in which control and format characters (zero width, changes of direction), halves of surrogate
    pairs and unusual blanks are shown as their escapes; markup as it is."""
    if isinstance(value, Markup):
        return value
    text = str(value)
    return text if text.isprintable() else plain_lines(text)


def _assets(names: Sequence[str]) -> Markup:
    return Markup("\n".join((HERE / "assets" / name).read_text(encoding="utf-8") for name in names))


def _tables(block: Block, key: str, limit: Limits, names: Names) -> list[Table]:
    wide = [main_page(block, f"{key}-table", list(block.metrics)[: limit.metrics]), costs_page(block, f"{key}-cost")]
    cut = [table.first(limit.rows(block)) for table in wide]
    return [*cut, *ablation_tables(block, names), *interaction_tables(block, names), protocols(block, f"{key}-stamps")]


def _reading(block: Block, limit: Limits) -> str:
    left = {"metrics": len(block.metrics) - limit.metrics, "conditions": len(block.conditions) - limit.rows(block)}
    lost = [f"{number} {what}" for what, number in left.items() if number > 0]
    return READ + "".join(f" The last {words} are left out, for the size of this page." for words in lost)


def _first_right(block: Block, gallery: Gallery | None) -> int:
    """The source to begin with on the right: the first that changed its input, rather not the baseline."""
    if gallery is None or not gallery.rows:
        return 0
    tiles, keys = gallery.rows[0].tiles, set(counterparts(block).values())
    beside = {one.label for one in block.conditions if one.key in keys}
    places = [place for place, name in enumerate(gallery.sources) if name not in (DEGRADED, CLEAN)]
    changed = [place for place in places if tiles[place].picture != tiles[0].picture]
    return min(changed, key=lambda place: gallery.sources[place] in beside, default=len(tiles) - 1)


def _sort_key(cell: Cell) -> Markup:
    """The attribute that the script sorts a number by, empty for one that is missing, which stays last; texts have
    none."""
    if isinstance(cell.value, bool) or not isinstance(cell.value, (int, float)):
        return NO_MARKUP
    return Markup(' data-v=""' if math.isnan(cell.value) else f' data-v="{cell.value:.9g}"')


def _classes(table: Table) -> list[Markup]:
    """The class attribute of each column: its kind, the metric that it belongs to, whether it is a detail of that."""
    names = {"number": "num", "cost": "num", "code": "code", "command": "cmd"}
    metrics = list(dict.fromkeys(column.metric for column in table.columns if column.metric))
    found = []
    for column in table.columns:
        group = f" g g{metrics.index(column.metric)}" if column.metric else ""
        words = f"{names.get(column.kind, '')}{group}{' d' if column.detail else ''}".strip()
        found.append(Markup(f' class="{words}"' if words else ""))
    return found


def source(data: bytes) -> Markup:
    """PNG or SVG as a ``data:`` address; an SVG that is shown as an image runs no scripts."""
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/svg+xml"
    return Markup(f"data:{kind};base64,{base64.b64encode(data).decode()}")


def _title(data: bytes, name: str) -> str:
    """What an SVG says of itself, else its name."""
    found = _TITLE.search(data[:10_000])
    own = html.unescape(found[1].decode("utf-8", "replace")).strip() if found else ""
    return own or name.replace("-", " ")


def _alternative(data: bytes, name: str) -> str:
    """A figure in words: its title, and where its numbers are."""
    return f"{_title(data, name)}." + ("" if name.partition("-")[0] in ALONE else " The tables have the numbers.")
