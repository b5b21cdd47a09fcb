"""The figures that were drawn elsewhere, put where they belong by their names: ``kind-block-...``.svg or .png."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Mapping

from reports.analysis.model import Block
from reports.wording.wording import slug
from reports.writers.html.limits import FIGURES
from reports.writers.html.markup import Markup, element

# By the first word of a name: what the figure shows, where it does not say so itself, and where its numbers are text.
KINDS = {
    "difference": ("Differences to the baseline with 95% intervals", "The main table has the numbers."),
    "pareto": ("Quality against cost, with the Pareto front", "The main table has the numbers."),
    "ablation": ("One factor varied, all else equal", "The tables above it have the numbers."),
    "interaction": ("Two axes varied together", "The table beside it has the numbers."),
    "scatter": ("Image by image against the baseline", ""),
    "costs": ("Costs of the conditions", "The table below it has the numbers."),
    "curve": ("Training curves", ""),
}
OTHER = ("Figure", "")
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.DOTALL)


class Drawn:
    """The figures by name, each given out once; together at most `FIGURES` bytes, ``left`` names the rest."""

    def __init__(self, figures: Mapping[str, bytes], blocks: Iterable[Block]) -> None:
        self._slugs = sorted((slug(block.name) for block in blocks), key=len, reverse=True)
        self._waiting: dict[str, bytes] = {}
        self.left: list[str] = []
        room = FIGURES
        for name, data in figures.items():
            room -= len(data)
            if room >= 0:
                self._waiting[name] = data
            else:
                room += len(data)
                self.left.append(name)

    def take(self, kind: str, block: Block | None = None, *rest: str) -> Markup:
        """All figures of that kind, block and beginning that nobody took before, or nothing."""
        start = "-".join([kind, *([slug(block.name)] if block else []), *map(slug, rest)])
        names = [name for name in self._waiting if self._belongs(name, start, block)]
        return self._shown(names)

    def rest(self) -> Markup:
        """What nobody took."""
        return self._shown(list(self._waiting))

    def _belongs(self, name: str, start: str, block: Block | None) -> bool:
        """Whether a name begins with these words, and with no longer name of a block."""
        stem = _stem(name)
        if stem != start and not stem.startswith(f"{start}-"):
            return False
        tail = stem.partition("-")[2]
        longest = next((known for known in self._slugs if tail == known or tail.startswith(f"{known}-")), None)
        return block is None or longest == slug(block.name)

    def _shown(self, names: Iterable[str]) -> Markup:
        figures = [_figure(name, self._waiting.pop(name)) for name in names]
        return element("div", {"class": "figures"}, *figures) if figures else Markup("")


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _figure(name: str, data: bytes) -> Markup:
    kind, _, rest = _stem(name).partition("-")
    shows, numbers = KINDS.get(kind, OTHER)
    about = _title(data) or f"{shows}: {rest.replace('-', ' ')}"
    alt = f"{about}. {numbers}".strip()
    image = element("img", {"src": source(data), "alt": alt})
    return element("figure", {"class": "drawn"}, image, element("figcaption", {}, about))


def _title(data: bytes) -> str:
    """What an SVG says of itself."""
    found = _TITLE.search(data[:10_000])
    return html.unescape(found[1].decode("utf-8", "replace")).strip() if found else ""


def source(data: bytes) -> Markup:
    """PNG or SVG as a ``data:`` address; an SVG that is shown as an image runs no scripts."""
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/svg+xml"
    return Markup(f"data:{kind};base64,{base64.b64encode(data).decode()}")
