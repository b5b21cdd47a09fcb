"""Tables that can be sorted, filtered and paged: rows beyond the first page wait in a ``<template>``.

The script moves rows and never writes HTML, so what is escaped here stays text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.writers.html.markup import Attributes, Markup, element, joined, text

PAGE = 200  # rows in the document at a time
CHOICES = 24  # values that a column may have to be filtered by choice


@dataclass(frozen=True)
class Column:
    """A column. ``head`` is its heading; ``about`` explains it to a pointer; ``classes`` go on each of its cells.

    ``choose`` names the filter by choice that the column has; ``searched``: the text filter looks here.
    """

    head: str | Markup
    about: str = ""
    classes: str = ""
    choose: str = ""
    searched: bool = False
    sortable: bool = True


@dataclass(frozen=True)
class Cell:
    """A cell: what it shows, and the number that it is sorted by (None: by its text; NaN: always last).

    ``choice`` is what a filter by choice compares, where that is not all that is shown: the text of ``.name`` in it.
    """

    shown: str | Markup
    value: float | None = None
    choice: str = ""


@dataclass(frozen=True)
class Frame:
    """What stands around a table: the id that it has, its caption, and further controls above it."""

    key: str
    caption: str | Markup
    controls: Markup = Markup("")


Row = Sequence[Cell]


def sortable(frame: Frame, columns: Sequence[Column], rows: Sequence[Row]) -> Markup:
    """The table with its controls. The first cell of each row is the row's heading. Rows in the order given."""
    first = [_row(columns, row) for row in rows[:PAGE]]
    bare = [replace(column, classes="") for column in columns]  # the script gives waiting rows their headings' classes
    waiting = [_row(bare, row) for row in rows[PAGE:]]
    table = element(
        "table",
        {"id": frame.key},
        element("caption", {"id": f"{frame.key}-caption"}, frame.caption),
        element("thead", {}, element("tr", {}, *(_heading(column) for column in columns))),
        element("tbody", {}, *first),
    )
    tall = " tall" if len(rows) > PAGE // 10 else ""
    return element(
        "div",
        {
            "class": "sortable",
            "data-page": str(PAGE),
            "data-named": str(sum(bool(column.choose) for column in columns)),
        },
        _controls(frame, columns, rows),
        scroller(table, frame.key, tall),
        joined(element("template", {}, *waiting), _pages()) if waiting else None,
    )


def plain(frame: Frame, heads: Sequence[str | Markup], rows: Sequence[Sequence[str | Markup]]) -> Markup:
    """A table as it is, first cells as row headings."""
    body = (
        element("tr", {}, element("th", {"scope": "row"}, row[0]), *(element("td", {}, cell) for cell in row[1:]))
        for row in rows
    )
    table = element(
        "table",
        {"id": frame.key},
        element("caption", {"id": f"{frame.key}-caption"}, frame.caption),
        element("thead", {}, element("tr", {}, *(element("th", {"scope": "col"}, head) for head in heads))),
        element("tbody", {}, *body),
    )
    return scroller(table, frame.key)


def scroller(table: Markup, key: str, more: str = "") -> Markup:
    """The container in which a wide table scrolls by itself; reached by keyboard, named after its caption."""
    named = {"role": "region", "aria-labelledby": f"{key}-caption", "tabindex": "0"}
    return element("div", {"class": f"scroll{more}", **named}, table)


def _heading(column: Column) -> Markup:
    attributes: Attributes = {"scope": "col", "class": column.classes or None, "title": column.about or None}
    if not column.sortable:
        return element("th", attributes, column.head)
    return element("th", {**attributes, "aria-sort": "none"}, element("button", {"type": "button"}, column.head))


def _row(columns: Sequence[Column], row: Row) -> Markup:
    head = element("th", {"scope": "row", **_attributes(columns[0], row[0])}, row[0].shown)
    rest = zip(columns[1:], row[1:], strict=True)
    return element("tr", {}, head, *(element("td", _attributes(column, cell), cell.shown) for column, cell in rest))


def _attributes(column: Column, cell: Cell) -> dict[str, str | None]:
    if cell.value is None:
        return {"class": column.classes or None}
    return {"class": column.classes or None, "data-v": "" if math.isnan(cell.value) else f"{cell.value:.9g}"}


def _controls(frame: Frame, columns: Sequence[Column], rows: Sequence[Row]) -> Markup:
    """Hidden until the script, without which they do nothing, shows them."""
    parts: list[Markup] = [frame.controls] if frame.controls else []
    if any(column.searched for column in columns):
        searched = " ".join(str(place) for place, column in enumerate(columns) if column.searched)
        field = element("input", {"type": "search", "data-searched": searched, "autocomplete": "off"})
        parts.append(element("label", {}, element("span", {}, "Filter"), field))
    parts += [
        choice for place, column in enumerate(columns) if column.choose and (choice := _choice(place, column, rows))
    ]
    count = element("output", {"aria-live": "polite"}, f"{len(rows)} of {len(rows)} rows")
    attributes = {"class": "controls", "role": "search", "aria-label": Markup(f"Rows of the table {frame.key}")}
    return element("div", {**attributes, "hidden": True}, *parts, count)


def _choice(place: int, column: Column, rows: Sequence[Row]) -> Markup:
    values = list(dict.fromkeys(text(row[place].choice or row[place].shown) for row in rows))
    if not 2 <= len(values) <= CHOICES:
        return Markup("")
    all_of_them = element("option", {"value": ""}, "all")
    options = [all_of_them, *(element("option", {"value": value}, value) for value in values)]
    select = element("select", {"data-column": str(place)}, *options)
    return element("label", {}, element("span", {}, column.choose), select)


def _pages() -> Markup:
    turns = (("-1", "Previous rows"), ("1", "Next rows"))
    buttons = [element("button", {"type": "button", "data-turn": step}, label) for step, label in turns]
    return element("div", {"class": "pages", "hidden": True}, *buttons, element("span", {"class": "where"}))
