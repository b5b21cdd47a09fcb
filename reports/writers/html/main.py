"""The main table of a block: every condition with its figures, its paired differences and its costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from reports.analysis.model import Block, Condition
from reports.pictures.choice import counterparts
from reports.wording.numbers import NOTHING, amount, worded
from reports.wording.wording import counted
from reports.writers.html.limits import Limits
from reports.writers.html.markup import Markup, element, joined
from reports.writers.html.scores import Shape, cells_of, headings, scores_of
from reports.writers.html.tables import Cell, Column, Frame, Row, sortable

COSTS: Mapping[str, tuple[str, str]] = {
    "nfe": ("NFE", "network calls per image"),
    "seconds_per_image": ("s/image", "seconds per image, sampling alone"),
    "gflops_per_image": ("GFLOP/image", "floating point operations per image"),
    "parameters": ("parameters", "parameters of the networks"),
    "peak_memory_mb": ("peak MB", "peak memory while sampling"),
    "train_seconds": ("train s", "seconds of training"),
}
LONG = 40  # characters of a name, beyond which it may be cut and a pointer shows it whole
BESIDE = ("nfe", "seconds_per_image", "peak_memory_mb", "train_seconds")  # what the main table has of them


def main_table(block: Block, key: str, limit: Limits) -> Markup:
    """The block's table with the choice of the metric above it; ``key`` is its id."""
    metrics = list(block.metrics)[: limit.metrics]
    options = option_names(block)
    against = _Against(block)
    columns = [
        *_names(options),
        *against.columns,
        *(column for place, name in enumerate(metrics) for column in headings(block, name, place)),
    ]
    columns += [Column(*COSTS[name], "num") for name in BESIDE]
    columns.append(Column("command", "repeats the first run of the row", "cmd", sortable=False))
    shapes = [Shape(block, name) for name in metrics]
    rows = [
        [*_named(one, options, against), *against.cells(one), *_row(one, shapes)]
        for one in block.conditions[: limit.rows(block)]
    ]
    return sortable(Frame(key, _caption(block), _views(metrics)), columns, rows)


def costs_table(block: Block, key: str, limit: Limits) -> Markup:
    """What each condition cost, all of it, with the number of its runs."""
    options = option_names(block)
    against = _Against(block)
    columns = [*_names(options), *(Column(head, about, "num") for head, about in COSTS.values())]
    columns += [Column("runs", "runs with a record", "num"), Column("seeds")]
    rows = [
        [
            *_named(one, options, against),
            *_costs(one, COSTS),
            Cell(str(len(one.runs)), len(one.runs)),
            Cell(", ".join(map(str, one.seeds))),
        ]
        for one in block.conditions[: limit.rows(block)]
    ]
    return sortable(Frame(key, joined("Costs of ", block.name, ", means over the runs")), columns, rows)


def option_names(block: Block) -> list[str]:
    """The options that vary in the block, in the order in which the conditions name them."""
    return list(dict.fromkeys(name for condition in block.conditions for name in condition.options if name != "method"))


def _names(options: Iterable[str]) -> list[Column]:
    varied = (Column(name, choose=name, searched=True) for name in options)
    return [Column("method", choose="Method", searched=True), *varied]


class _Against:
    """Which conditions are baselines; where there are several, a column says which of them a row is compared with."""

    def __init__(self, block: Block) -> None:
        self._of = counterparts(block)
        self.keys = set(self._of.values())
        several = len(self.keys) > 1
        self._labels = {one.key: one.label for one in block.conditions if several and one.key in self.keys}
        self.columns = [Column("compared with", "the baseline of equal options", choose="Compared with")] * several

    def cells(self, condition: Condition) -> list[Cell]:
        """The cell of that column, where there is one."""
        shown = NOTHING if condition.key in self.keys else self._labels.get(self._of[condition.key], NOTHING)
        return [Cell(shown)] * len(self.columns)


def _named(condition: Condition, options: Iterable[str], against: _Against) -> list[Cell]:
    tag = element("span", {"class": "tag"}, "baseline") if condition.key in against.keys else None
    long = condition.method if len(condition.method) > LONG else None
    name = element("span", {"class": "name", "title": long}, condition.method)
    return [
        Cell(joined(name, tag), None, condition.method),
        *(_option(condition, name) for name in options),
    ]


def _option(condition: Condition, name: str) -> Cell:
    if name not in condition.options:
        return Cell(NOTHING)
    value = condition.options[name]
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return Cell(worded(value), number)


def _row(condition: Condition, shapes: Sequence[Shape]) -> Row:
    cells = [cell for shape in shapes for cell in cells_of(condition, shape)]
    copy = element("button", {"class": "copy"}, "Copy")
    return [*cells, *_costs(condition, BESIDE), Cell(joined(element("code", {}, condition.command), copy))]


def _costs(condition: Condition, names: Sequence[str] | Mapping[str, object]) -> list[Cell]:
    values = [float(condition.costs.get(name, math.nan)) for name in names]
    return [Cell(amount(value), value) for value in values]


def _views(metrics: Sequence[str]) -> Markup:
    if len(metrics) < 2:
        return Markup("")
    options = [element("option", {"value": str(place)}, name) for place, name in enumerate(metrics)]
    options.append(element("option", {"value": "means"}, "all, means only"))
    return element("label", {}, element("span", {}, "Metric"), element("select", {"data-view": True}, *options))


def _many(values: Sequence[int], noun: str) -> str:
    return f"{_range(values)} {noun}{'' if list(values) == [1] else 's'}"


def _caption(block: Block) -> Markup:
    compared = [score.comparison for name in block.metrics for score in scores_of(block, name) if score.comparison]
    compared = [one for one in compared if one.verdict != "refused"]
    images, seeds, photographs = (
        sorted({getattr(one, name) for one in compared}) for name in ("images", "seeds", "photographs")
    )
    cut = any(facts.counted == "photograph" for facts in block.metrics.values())
    pictures = _many(images, "picture") + (f" of {_many(photographs, 'photograph')}" if cut else "")
    over = counted(block.metrics.values())
    numbers = f"{pictures}, {_many(seeds, 'seed')}, intervals over {over}" if compared else "nothing to compare"
    return joined(
        element("strong", {}, block.name),
        f" · {_many([len(block.conditions)], 'condition')} · {numbers}",
    )


def _range(values: Sequence[int]) -> str:
    return NOTHING if not values else str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"
