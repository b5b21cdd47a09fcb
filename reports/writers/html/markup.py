"""HTML from values: a plain string is always escaped, only `Markup` passes as it is."""

from __future__ import annotations

import html
from collections.abc import Mapping

__all__ = ["Attributes", "Markup", "element", "joined", "rows_of", "text"]

Attributes = Mapping[str, "str | bool | float | None"]
VOID = frozenset({"br", "col", "img", "input", "link", "meta"})
KEPT = frozenset("\n\t")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as HTML text. What can't be seen is shown as its escape: control and format characters (zero width,
    changes of direction), halves of surrogate pairs, unusual blanks."""
    return Markup(html.escape(_visible(str(value), KEPT)))


def _visible(plain: str, kept: frozenset[str] = frozenset()) -> str:
    if plain.isprintable():
        return plain
    return "".join(letter if letter in kept or letter.isprintable() else ascii(letter)[1:-1] for letter in plain)


def element(tag: str, attributes: Attributes, *children: object) -> Markup:
    """``<tag attributes>children</tag>``. True is an attribute without a value, False and None leave it out."""
    opening = tag + "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in VOID:
        return Markup(f"<{opening}>")
    return Markup(f"<{opening}>{joined(*children)}</{tag}>")


def _attribute(name: str, value: str | bool | float | None) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{value if isinstance(value, Markup) else text(value)}"'


def joined(*children: object) -> Markup:
    """Children one after the other: markup as it is, None as nothing, all else escaped."""
    return Markup(
        "".join(child if isinstance(child, Markup) else text(child) for child in children if child is not None)
    )


def rows_of(pairs: Mapping[str, object]) -> Markup:
    """A list of terms and what they are (``<dl>``)."""
    parts = (joined(element("dt", {}, name), element("dd", {}, value)) for name, value in pairs.items())
    return element("dl", {"class": "facts"}, *(element("div", {}, part) for part in parts))
