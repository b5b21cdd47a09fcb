"""A table for the terminal: aligned, and no figure is ever cut."""

from __future__ import annotations

import io
import shutil
import sys

from errors import visible
from reports.tables.table import Column, Table

LONGEST, SHORTEST = 32, 8  # characters of a label: beyond the first its words break, down to the second
GAP = 2
PLAIN = str.maketrans({"↑": "^", "↓": "v", "–": "-", "−": "-", "≥": ">=", "─": "-"})  # where output can't show them


def show(table: Table, width: int | None = None) -> str:
    """Caption, table and notes as text, ``width`` characters wide (default: that of the terminal, 80 in a pipe).

    Costs for which there is no room are left out, the last ones first, and a line below says so. Where even that is
    too wide, labels break and then the lines run over.
    """
    width = shutil.get_terminal_size().columns if width is None else width
    kept, dropped = list(table.columns), list[str]()
    while sum(_widest(column) + GAP for column in kept) - GAP > width:
        places = [place for place, column in enumerate(kept) if column.kind == "cost"]
        if not places:
            break
        dropped.insert(0, kept.pop(places[-1]).about)
    notes = [*table.notes, *([f"no room for: {', '.join(dropped)}"] if dropped else [])]
    caption = [visible(table.caption)] if table.caption else []
    return encodable("\n".join([*caption, *_lines(kept, width), *notes]))


def _widest(column: Column) -> int:
    """Characters that a column takes without a break, but no more than a label may have."""
    from rich.cells import cell_len

    width = max(map(cell_len, [*column.head.splitlines(), *(visible(cell.words) for cell in column.cells)]))
    return min(width, LONGEST) if column.left else width


def _lines(columns: list[Column], width: int) -> list[str]:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False, header_style="")
    for column in columns:
        grid.add_column(
            Text("\n".join(map(visible, column.head.splitlines()))),
            justify="left" if column.left else "right",
            no_wrap=not column.left,
            overflow="fold",
            max_width=_widest(column),
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        grid.add_row(*(Text(visible(cell.words)) for cell in row))
    least = [min(_widest(column), SHORTEST) if column.left else _widest(column) for column in columns]
    room = max(width, sum(least) + GAP * (len(least) - 1))
    console = Console(file=io.StringIO(), width=room, color_system=None)
    with console.capture() as capture:
        console.print(grid)
    return [line.rstrip() for line in capture.get().splitlines()]


def encodable(text: str) -> str:
    """The text with plain letters for arrows and dashes where standard output could not write them."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    return text
