"""The tables of a report as LaTeX with booktabs, each a file to be included, and a document that includes them all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from reports.analysis.model import Report
from reports.tables.blocks import tables_of
from reports.tables.table import Cell, Table
from reports.wording.citations import bibtex
from reports.wording.wording import plain
from reports.writers.document import TABLES
from reports.writers.export import write_files

ROWS = 60  # of a table
FLOATS = 10  # tables between two page ends: LaTeX keeps only so many in mind
KINDS = ("main", "compare", "ablation", "interaction", "costs")
PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{textcomp}
\usepackage{booktabs}
\usepackage{graphicx}
\begin{document}
"""
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
    files["report.tex"] = document(report, blocks)
    return write_files(folder, {name: text.encode() for name, text in files.items()})


def chosen(tables: Sequence[Table]) -> list[Table]:
    """The tables of a block that LaTeX gets: `KINDS`, of each the first `TABLES`."""
    return [one for kind in KINDS for one in [table for table in tables if table.kind == kind][:TABLES]]


def escape(value: object) -> str:
    """A value as LaTeX text on one line. A letter that pdfLaTeX's fonts lack stands as its number, ``{[}U+4E2D{]}``."""
    text = re.sub(r"(?<=-)-|(?<=,),", lambda found: f"\0{found[0]}", plain(value))  # two would be another sign
    return "".join(map(_letter, text)).replace("\0", "{}")


def _letter(letter: str) -> str:
    known = ASCII.get(letter) or SIGNS.get(letter)
    if known:
        return known
    return letter if letter.isascii() or letter in LATIN else f"{{[}}U+{ord(letter):04X}{{]}}"


def table(one: Table) -> str:
    """A table float, its caption above, with the label ``tab:<name>``; made smaller where it is wider than the text."""
    columns = "".join("l" if column.left else "r" for column in one.columns)
    rows = one.rows
    left = len(rows) - ROWS
    note = f"; {left} further rows are in table.csv" if left > 0 else ""
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape(one.caption)}{note}.}}",
        rf"\label{{tab:{one.name}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(escape, one.header)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_cell, row)) + r" \\" for row in rows[:ROWS]),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _cell(cell: Cell) -> str:
    text = escape(cell.words)
    return rf"\textbf{{{text}}}" if cell.strong else text


def document(report: Report, blocks: Sequence[Sequence[Table]]) -> str:
    """The document: title, question, verdicts, then the tables of each block."""
    lines = [rf"\title{{{escape(report.title)}}}", r"\date{}", r"\maketitle", escape(report.question), ""]
    for block in report.blocks:
        lines += [rf"\section*{{{escape(block.name)}}}", *_items(block.verdicts)]
    lines += ["", escape(report.conditional), "", escape(f"{report.counted}."), ""]
    for tables in blocks:
        for place, one in enumerate(tables, 1):
            lines.append(rf"\input{{{one.name}}}")
            if place % FLOATS == 0 or place == len(tables):
                lines.append(r"\clearpage")
    return PREAMBLE + "\n".join(lines) + "\n" + r"\end{document}" + "\n"


def _items(sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    return [r"\begin{itemize}", *(rf"\item {escape(sentence)}" for sentence in sentences), r"\end{itemize}"]
