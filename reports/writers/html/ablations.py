"""One-factor ablations and interactions of two axes, as tables beside their figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from reports.analysis.model import Ablation, Block, Estimate, FactorLevel, Interaction
from reports.wording.numbers import NOTHING, decimals, fixed, interval, worded
from reports.writers.html.drawn import Drawn
from reports.writers.html.markup import Markup, element, joined
from reports.writers.html.scores import arrow
from reports.writers.html.tables import Frame, plain

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
MOST = 60  # tables of a kind in a block


def ablations(block: Block, key: str, drawn: Drawn) -> Markup:
    """By axis, a table for each setting of the others: the levels as rows, the metrics as columns; then its figures."""
    tables = _by(block.ablations, lambda one: (one.axis, one.within))
    kept = dict(list(tables.items())[:MOST])
    parts: list[Markup] = []
    for axis, settings in _by(kept, lambda setting: setting[0]).items():
        parts.append(element("h4", {}, axis))
        parts += [_levels(block, f"{key}-{len(parts) + k}", kept[setting]) for k, setting in enumerate(settings)]
        parts.append(drawn.take("ablation", block, axis))
    return joined(*parts, _more(len(tables)))


def interactions(block: Block, key: str, drawn: Drawn) -> Markup:
    """Heat maps of two axes as tables: the darker the cell, the better, and the figure in it."""
    tables = [_heat(block, f"{key}-{number}", one) for number, one in enumerate(block.interactions[:MOST])]
    return joined(*tables, _more(len(block.interactions)), drawn.take("interaction", block))


def _by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """The items in groups, groups and members in their order."""
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _more(count: int) -> Markup | None:
    return element("p", {"class": "note"}, f"{MOST} of {count} tables are shown.") if count > MOST else None


def _levels(block: Block, key: str, members: Sequence[Ablation]) -> Markup:
    values = list(dict.fromkeys(worded(level.value) for one in members for level in one.levels))
    heads: list[str | Markup] = [members[0].axis]
    rows: dict[str, list[str | Markup]] = {value: [value] for value in values}
    for one in members:
        heads += _pair_of_heads(block, one)
        levels = {worded(level.value): level for level in one.levels}
        mean = decimals(level.mean for level in one.levels)
        difference = decimals(level.difference for level in one.levels if level.difference)
        for value, row in rows.items():
            row += _pair(levels.get(value), mean, difference)
    count, within = members[0].conditions, members[0].within
    held = joined(", at ", within) if within else None
    note = f"; {members[0].note}" if members[0].note else None
    caption = joined("Means over ", f"{count} condition{'s' if count != 1 else ''} a level", held, note)
    return plain(Frame(key, caption), heads, list(rows.values()))


def _pair_of_heads(block: Block, one: Ablation) -> list[str | Markup]:
    facts = block.metrics.get(one.metric)
    mean = f"{one.metric} {arrow(facts)} {facts.unit}".strip() if facts else one.metric
    first = worded(one.levels[0].value) if one.levels else NOTHING
    return [mean, joined(element("small", {}, one.metric), " against ", first)]


def _pair(level: FactorLevel | None, mean: int, difference: int) -> list[str | Markup]:
    if level is None:
        return [NOTHING, NOTHING]
    against = NOTHING if level.difference is None else _told(level.difference, difference, "+")
    return [_told(level.mean, mean, ""), against]


def _told(estimate: Estimate, places: int, sign: str) -> Markup:
    bounds = interval(estimate, places, sign)
    small = element("small", {}, f" {bounds}") if bounds else None
    return joined(fixed(estimate.value, places, sign), small)


def _heat(block: Block, key: str, one: Interaction) -> Markup:
    known = [value for row in one.values for value in row if math.isfinite(value)]
    places = decimals(Estimate(value, math.nan, math.nan) for value in known)
    facts = block.metrics.get(one.metric)
    low, high = min(known, default=0.0), max(known, default=0.0)
    down = facts is not None and not facts.higher_is_better
    heads: list[str | Markup] = [f"{one.rows} \\ {one.columns}", *map(worded, one.column_values)]
    rows: list[list[str | Markup]] = []
    for value, line in zip(one.row_values, one.values, strict=True):
        shades = [_shade(figure, (low, high), down) for figure in line]
        cells = [_tinted(fixed(figure, places), shade) for figure, shade in zip(line, shades, strict=True)]
        rows.append([worded(value), *cells])
    held = joined(", at ", one.within) if one.within else None
    title = f"{one.metric} {arrow(facts)} {facts.unit}".strip() if facts else one.metric
    return element("div", {"class": "heat"}, plain(Frame(key, joined(title, held)), heads, rows))


def _shade(value: float, ends: tuple[float, float], down: bool) -> float | None:
    if not math.isfinite(value):
        return None
    share = (value - ends[0]) / ((ends[1] - ends[0]) or 1.0)
    return 1 - share if down else share


def _tinted(figure: str, shade: float | None) -> Markup:
    style = None if shade is None else Markup(f"--t:{100 * shade:.0f}%")
    return element("span", {"class": "tint", "style": style}, figure)
