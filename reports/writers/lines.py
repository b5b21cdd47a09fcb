"""A table as lines of a terminal."""

from __future__ import annotations

from errors import visible
from reports.writers.sheets import Sheet

GAP = "  "


def lines(sheet: Sheet) -> str:
    """The caption, and the table below it: words to the left, figures to the right, nothing cut."""
    from rich.cells import cell_len

    rows = [list(map(visible, sheet.header)), *([visible(cell.text) for cell in row] for row in sheet.rows)]
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(sheet.header))]

    def padded(text: str, place: int) -> str:
        blank = " " * (widths[place] - cell_len(text))
        return text + blank if place < sheet.texts else blank + text

    told = [GAP.join(padded(text, place) for place, text in enumerate(row)).rstrip() for row in rows]
    rule = "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    return "\n".join([visible(sheet.caption), told[0], rule, *told[1:]])
