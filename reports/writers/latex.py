"""The tables of a report as LaTeX with booktabs, each a file to be included, and a document that includes them all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.store.files import write_files
from reports.analysis.model import Report
from reports.tables.blocks import tables_of
from reports.tables.table import Table
from reports.wording.wording import bibtex, plain
from reports.writers.document import TABLES

ROWS = 60  # of a table
FLOATS = 10  # tables between two page ends: LaTeX keeps only so many in mind
KINDS = ("main", "compare", "ablation", "interaction", "costs")
# Every character of ASCII that LaTeX, or a ligature of its fonts, reads as something else.
ASCII = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
ASCII |= {letter: f"\\{letter}" for letter in "_%&#$"}
ASCII |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"}
ASCII |= {"`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "[": "{[}", "]": "{]}", "*": "{*}"}
SIGNS = {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\rightarrow$", "←": r"$\leftarrow$", "−": "$-$", "–": "--"}
SIGNS |= {"—": "---", "≥": r"$\geq$", "≤": r"$\leq$", "×": r"$\times$", "÷": r"$\div$", "±": r"$\pm$"}
SIGNS |= {"∞": r"$\infty$", "…": r"\dots{}", "σ": r"$\sigma$", "η": r"$\eta$", "α": r"$\alpha$", "β": r"$\beta$"}
SIGNS |= {"λ": r"$\lambda$", "µ": r"\textmu{}", "μ": r"\textmu{}", "Δ": r"$\Delta$", "·": r"\textperiodcentered{}"}
LATIN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ")
KNOWN = {letter: letter for letter in (*map(chr, range(128)), *LATIN)} | ASCII | SIGNS


def write_latex(report: Report, folder: Path) -> list[Path]:
    r"""Write ``<table>.tex`` for each table, ``references.bib`` and ``report.tex``, which includes and compiles them.

    A table needs the packages booktabs and graphicx: ``\input{main-photos-lowlight}``. Gives the paths, report.tex
    last. Raises `UserError` where the folder, which is made, can't be written.
    """
    blocks = [chosen(tables) for tables in tables_of(report)]
    files = {f"{one.name}.tex": table(one) for tables in blocks for one in tables}
    entries, _ = bibtex(report.methods)
    if entries:
        files["references.bib"] = "\n\n".join(entries) + "\n"
    files["report.tex"] = _environment().get_template("report.tex").render(report=report, blocks=blocks, floats=FLOATS)
    return write_files(folder, {name: text.encode() for name, text in files.items()})


@cache
def _environment() -> Environment:
    """The templates, in which every value is escaped."""
    signs: dict[str, Any] = {"variable_start_string": "<<", "variable_end_string": ">>", "block_start_string": "<%"}
    signs |= {"block_end_string": "%>", "trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, finalize=escape, undefined=StrictUndefined, **signs)


def table(one: Table) -> str:
    """A table float, its caption above, with the label ``tab:<name>``; made smaller where it is wider than the text."""
    return _environment().get_template("table.tex").render(table=one, most=ROWS)


def chosen(tables: Sequence[Table]) -> list[Table]:
    """The tables of a block that LaTeX gets: `KINDS`, of each the first `TABLES`."""
    return [one for kind in KINDS for one in [table for table in tables if table.kind == kind][:TABLES]]


def escape(value: object) -> str:
    """A value as LaTeX text on one line. A letter that pdfLaTeX's fonts lack stands as its number, ``{[}U+4E2D{]}``."""
    text = re.sub(r"(?<=-)-|(?<=,),", lambda found: f"\0{found[0]}", plain(value))  # two would be another sign
    return "".join(KNOWN.get(letter) or f"{{[}}U+{ord(letter):04X}{{]}}" for letter in text).replace("\0", "{}")
