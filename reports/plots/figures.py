"""The figures of a report by name: what there is to draw, and its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reports.analysis.model import Block, Report
from reports.plots import costs, factors, paired, training
from reports.plots.style import Figure, house, png, svg
from reports.wording.wording import Names, plain

METRICS = 4  # of a block, that have figures of their own
AXES = 6  # of a block: ablated axes, and interactions
MOST = 60  # figures of a report


@dataclass(frozen=True)
class Drawing:
    """A figure to be drawn: ``name`` is "<kind>-<block>-<axis or metric>", ``about`` says in words what it shows."""

    name: str
    kind: str
    about: str
    make: Callable[[], Figure]


def drawings(report: Report, root: Path) -> list[Drawing]:
    """What there is to draw, block by block, the most telling first; at most `MOST`, evenly over the blocks.

    Kinds: difference, pareto, ablation, interaction, scatter, costs, curve. ``root`` is the folder of results, read
    for the loss curves only.
    """
    names = Names()
    share = max(1, MOST // max(1, len(report.blocks)))
    return [
        Drawing(names.take(kind, block.name, *subject), kind, f"{plain(block.name)}: {about}", make)
        for block in report.blocks
        for kind, subject, about, make in list(_of_block(report, block, root))[:share]
    ]


def _of_block(report: Report, block: Block, root: Path) -> Iterator[tuple[str, list[str], str, Callable[[], Figure]]]:
    metrics = list(block.metrics)[:METRICS]
    for metric in metrics:
        if paired.compared(block, metric)[0]:
            about = f"differences in {plain(metric)} to the baseline, with intervals"
            yield "difference", [metric], about, partial(paired.forest, report, block, metric)
    for metric in metrics:
        if costs.axes_of(block, metric):
            about = f"{plain(metric)} against network calls, time and memory"
            yield "pareto", [metric], about, partial(costs.pareto, report, block, metric)
    for axis in list(dict.fromkeys(part.axis for part in block.ablations))[:AXES]:
        about = f"{plain(axis)} varied, all else equal"
        yield "ablation", [axis], about, partial(factors.ablation, report, block, axis)
    for part in block.interactions[:AXES]:
        about = f"{plain(part.metric)} by {plain(part.rows)} and {plain(part.columns)}"
        subject = f"{part.rows} {part.columns} {part.metric}"
        yield "interaction", [subject], about, partial(factors.interaction, block, part)
    for metric in metrics:
        if paired.pairs(block, metric):
            about = f"{plain(metric)} of every picture against the baseline's"
            yield "scatter", [metric], about, partial(paired.scatter, report, block, metric)
    if costs.known(block):
        yield "costs", [], "costs of every condition", partial(costs.bars, report, block)
    if found := training.curves(block, root):
        yield "curve", [], "loss of the trainings by step", partial(training.draw, block, found)


def render(drawing: Drawing) -> tuple[bytes, bytes]:
    """A drawing as SVG and as PNG, the same bytes each time."""
    with house():
        figure = drawing.make()
        page = svg(figure, drawing.name, drawing.about)
        figure.set_layout_engine("none")  # once is enough: everything stays where the first drawing put it
        return page, png(figure)
