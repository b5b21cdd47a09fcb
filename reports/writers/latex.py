"""The tables of a report as LaTeX with booktabs, each a file to be included, and a document that includes them all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.store.files import write_atomic
from reports.analysis.model import Report
from reports.wording.citations import bibtex
from reports.wording.wording import plain
from reports.writers.sheets import TABLES, Cell, Sheet, sheets

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
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    blocks = [kept(found) for found in sheets(report)]
    files = {f"{sheet.name}.tex": table(sheet) for found in blocks for sheet in found}
    entries, _ = bibtex(report.methods)
    if entries:
        files["references.bib"] = "\n\n".join(entries) + "\n"
    files["report.tex"] = document(report, blocks)
    for name, text in files.items():
        write_atomic(folder / name, text.encode())
    return [folder / name for name in files]


def kept(found: Sequence[Sheet]) -> list[Sheet]:
    """The tables of a block that LaTeX gets: `KINDS`, of each the first `sheets.TABLES`."""
    return [sheet for kind in KINDS for sheet in [one for one in found if one.kind == kind][:TABLES]]


def escape(value: object) -> str:
    """A value as LaTeX text on one line. A letter that pdfLaTeX's fonts lack stands as its number, ``{[}U+4E2D{]}``."""
    text = re.sub(r"(?<=-)-|(?<=,),", lambda found: f"\0{found[0]}", plain(value))  # two would be another sign
    return "".join(map(_letter, text)).replace("\0", "{}")


def _letter(letter: str) -> str:
    known = ASCII.get(letter) or SIGNS.get(letter)
    if known:
        return known
    return letter if letter.isascii() or letter in LATIN else f"{{[}}U+{ord(letter):04X}{{]}}"


def table(sheet: Sheet) -> str:
    """A table float, its caption above, with the label ``tab:<name>``; made smaller where it is wider than the text."""
    columns = "l" * sheet.texts + "r" * (len(sheet.header) - sheet.texts)
    rows = [_row([Cell(head) for head in sheet.header]), r"\midrule", *map(_row, sheet.rows[:ROWS])]
    left = len(sheet.rows) - ROWS
    note = f"; {left} further rows are in table.csv" if left > 0 else ""
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape(sheet.caption)}{note}.}}",
        rf"\label{{tab:{sheet.name}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[Cell]) -> str:
    texts = [escape(cell.text) for cell in cells]
    told = [rf"\textbf{{{text}}}" if cell.strong else text for text, cell in zip(texts, cells, strict=True)]
    return " & ".join(told) + r" \\"


def document(report: Report, blocks: Sequence[Sequence[Sheet]]) -> str:
    """The document: title, question, verdicts, then the tables of each block."""
    lines = [rf"\title{{{escape(report.title)}}}", r"\date{}", r"\maketitle", escape(report.question), ""]
    for block in report.blocks:
        lines += [rf"\section*{{{escape(block.name)}}}", *_items(block.verdicts)]
    lines += ["", escape(report.conditional), "", escape(f"{report.counted}."), ""]
    for found in blocks:
        for place, sheet in enumerate(found, 1):
            lines.append(rf"\input{{{sheet.name}}}")
            if place % FLOATS == 0 or place == len(found):
                lines.append(r"\clearpage")
    return PREAMBLE + "\n".join(lines) + "\n" + r"\end{document}" + "\n"


def _items(sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    return [r"\begin{itemize}", *(rf"\item {escape(sentence)}" for sentence in sentences), r"\end{itemize}"]
