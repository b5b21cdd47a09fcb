"""Markdown from values: text that is never markup, fences that hold, tables as GitHub reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reports.wording.wording import plain
from reports.writers.sheets import Cell, Sheet

ROWS = 300  # of a table
_SPECIAL = re.compile(r"([\\`*_|~$])")
_LINK = re.compile(r"^\[|\][(\[:]")
_START = re.compile(r"^([-+=:#]|\d+(?=[.)]))")


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
    kept = "".join(letter if letter in "\n\t" or letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    longest = max(map(len, re.findall(r"`+", kept)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{kept.rstrip()}\n{fence}"


def table(sheet: Sheet) -> str:
    """A table as GitHub reads it, its caption above."""
    rule = ["---" if place < sheet.texts else "---:" for place in range(len(sheet.header))]
    lines = [_row([inline(head) for head in sheet.header]), _row(rule)]
    lines += [_row([_cell(cell) for cell in row]) for row in sheet.rows[:ROWS]]
    left = len(sheet.rows) - ROWS
    note = f"\n\n{left} further rows are left out; table.csv has them." if left > 0 else ""
    return f"{escape(sheet.caption)}.\n\n" + "\n".join(lines) + note


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return f"**{inline(cell.text)}**" if cell.strong else inline(cell.text)
