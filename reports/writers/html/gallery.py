"""The pictures of a block: a slider that compares any two, and the grid of all of them with their residual maps."""

from __future__ import annotations

import math

from reports.analysis.model import Block
from reports.pictures.choice import counterparts
from reports.pictures.pictures import CLEAN, DEGRADED, Gallery, Row, Tile
from reports.wording.numbers import amount
from reports.writers.html.drawn import source
from reports.writers.html.markup import Attributes, Markup, element, joined
from reports.writers.html.tables import scroller


def pictures(block: Block, gallery: Gallery | None, key: str) -> Markup:
    """The slider and the grid, or a line that says why there are none."""
    if gallery is None:
        return element("p", {"class": "note"}, "The pictures are not in the results folder any more.")
    notes = [element("p", {"class": "note"}, note) for note in gallery.notes]
    if gallery.points:
        alt = f"Points of {block.name}: {', '.join(gallery.sources)}, on the same axes"
        image = element("img", {"src": source(gallery.points), "alt": alt})
        return joined(element("figure", {"class": "drawn"}, image), *notes)
    if not gallery.rows:
        return joined(element("p", {"class": "note"}, "No picture is shown."), *notes)
    return joined(_slider(block, gallery, key), _grid(block, gallery, key), *notes)


def _slider(block: Block, gallery: Gallery, key: str) -> Markup:
    """Empty stages that the script fills from the grid; hidden until then."""
    pictures = {str(place): f"{row.image}: {row.why}" for place, row in enumerate(gallery.rows)}
    sources = {str(place): name for place, name in enumerate(gallery.sources)}
    shown = _telling(block, gallery)
    controls = element(
        "div",
        {"class": "controls"},
        _select("Picture", "picture", pictures, 0),
        _select("Left", "left", sources, 0),
        _select("Right", "right", sources, shown),
    )
    knob: Attributes = {
        "type": "range",
        "min": "0",
        "max": "100",
        "value": "50",
        "step": "1",
        "aria-label": "Share of the left picture",
    }
    stage = element("div", {"class": "stage"}, element("span", {"class": "cut", "aria-hidden": "true"}))
    reading = element("output", {"aria-live": "polite"})
    attributes: Attributes = {"class": "slider", "data-grid": key, "hidden": True}
    return element("div", attributes, controls, stage, element("input", knob), reading)


def _telling(block: Block, gallery: Gallery) -> int:
    """The source to begin with on the right: the first that changed its input, rather not the baseline."""
    tiles = gallery.rows[0].tiles
    keys = set(counterparts(block).values())
    baseline = {one.label for one in block.conditions if one.key in keys}
    made = {
        place: name not in baseline
        for place, name in enumerate(gallery.sources)
        if name not in (DEGRADED, CLEAN) and tiles[place].picture != tiles[0].picture
    }
    return max(made, key=lambda place: made[place], default=len(tiles) - 1)


def _select(label: str, role: str, options: dict[str, str], chosen: int) -> Markup:
    items = [
        element("option", {"value": value, "selected": int(value) == chosen}, name) for value, name in options.items()
    ]
    return element("label", {}, element("span", {}, label), element("select", {"data-role": role}, *items))


def _grid(block: Block, gallery: Gallery, key: str) -> Markup:
    names = (element("span", {"class": "name"}, name) for name in ("picture", *gallery.sources))
    heads = [element("th", {"scope": "col"}, name) for name in names]
    rule = f" · worst, median and best of each condition by its {gallery.metric} against the baseline"
    caption = joined(element("strong", {}, block.name), rule if gallery.metric else None)
    table = element(
        "table",
        {"id": key},
        element("caption", {"id": f"{key}-caption"}, caption),
        element("thead", {}, element("tr", {}, *heads)),
        element("tbody", {}, *(_row(gallery, row, place) for place, row in enumerate(gallery.rows))),
    )
    box = element("input", {"type": "checkbox", "checked": True, "class": "residuals"})
    words = f"Residual maps: |image − clean|, mean over the channels, × {gallery.gain}, clipped at white"
    toggle = element("label", {"class": "toggle"}, box, words)
    return element("div", {"class": "grid"}, toggle, scroller(table, key))


def _row(gallery: Gallery, row: Row, place: int) -> Markup:
    name, why = element("span", {"class": "name"}, row.image), element("small", {"title": row.why}, row.why)
    head = element("th", {"scope": "row"}, element("div", {}, name, why))
    cells = (_tile(gallery, row.image, name, tile) for name, tile in zip(gallery.sources, row.tiles, strict=True))
    return element("tr", {"data-picture": str(place)}, head, *cells)


def _tile(gallery: Gallery, image: str, name: str, tile: Tile) -> Markup:
    figure = "" if math.isnan(tile.figure) else f"{gallery.metric} {amount(tile.figure)}"
    alt = f"{image}, {name}{f', {figure}' if figure else ''}"
    parts = [element("img", {"src": source(tile.picture), "alt": alt})]
    parts.append(element("small", {}, figure))
    if tile.residual:
        about = f"Residual of {name} on {image}, × {gallery.gain}"
        parts.append(element("img", {"src": source(tile.residual), "alt": about, "class": "residual"}))
    return element("td", {}, *parts)
