"""The figures of a report by name: what there is to draw, and its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reports.analysis.model import Block, Report
from reports.plots import ablation, costs, interaction, paired, quality, training
from reports.plots.style import house, png, svg
from reports.wording.wording import Names, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = 4  # of a block, that have figures of their own
AXES = 6  # of a block: ablated axes, and interactions
MOST = 60  # figures of a report


@dataclass(frozen=True)
class Drawing:
    """A figure to be drawn: ``name`` is "<kind>-<block>-<axis or metric>", ``told`` says in words what it shows."""

    name: str
    kind: str
    block: str
    told: str
    make: Callable[[], Figure]


def drawings(report: Report, root: Path) -> list[Drawing]:
    """What there is to draw, block by block, the most telling first; at most `MOST`, evenly over the blocks.

    Kinds: difference, pareto, ablation, interaction, scatter, costs, curve. ``root`` is the folder of results, read
    for the loss curves only.
    """
    names = Names()
    share = max(1, MOST // max(1, len(report.blocks)))
    found: list[Drawing] = []
    for block in report.blocks:
        for kind, subject, told, make in list(_of_block(report, block, root))[:share]:
            name = names.take(kind, block.name, subject) if subject else names.take(kind, block.name)
            found.append(Drawing(name, kind, block.name, f"{plain(block.name)}: {told}", make))
    return found


_Found = Iterator[tuple[str, str, str, "Callable[[], Figure]"]]


def _of_block(report: Report, block: Block, root: Path) -> _Found:
    yield from _of_metrics(report, block)
    for axis in list(dict.fromkeys(part.axis for part in block.ablations if part.metric in block.metrics))[:AXES]:
        yield "ablation", axis, f"{plain(axis)} varied, all else equal", partial(ablation.draw, report, block, axis)
    for part in [part for part in block.interactions if part.metric in block.metrics][:AXES]:
        subject = f"{part.rows} {part.columns} {part.metric}"
        told = f"{plain(part.metric)} by {plain(part.rows)} and {plain(part.columns)}"
        yield "interaction", subject, told, partial(interaction.draw, block, part)
    for metric in list(block.metrics)[:METRICS]:
        if paired.has_images(block, metric):
            told = f"{plain(metric)} of every picture against the baseline's"
            yield "scatter", metric, told, partial(paired.scatter, report, block, metric)
    if costs.known(block):
        yield "costs", "", "costs of every condition", partial(costs.draw, report, block)
    found = training.curves(block, root)
    if found:
        yield "curve", "", "loss of the trainings by step", partial(training.draw, block, found)


def _of_metrics(report: Report, block: Block) -> _Found:
    for metric in list(block.metrics)[:METRICS]:
        if paired.compared(block, metric)[0]:
            told = f"differences in {plain(metric)} to the baseline, with intervals"
            yield "difference", metric, told, partial(paired.forest, report, block, metric)
    for metric in list(block.metrics)[:METRICS]:
        if quality.axes_of(block, metric):
            told = f"{plain(metric)} against network calls, time and memory"
            yield "pareto", metric, told, partial(quality.draw, report, block, metric)


def render(drawing: Drawing) -> tuple[bytes, bytes]:
    """A drawing as SVG and as PNG, the same bytes each time."""
    with house():
        figure = drawing.make()
        page = svg(figure, drawing.name, drawing.told)
        figure.set_layout_engine("none")  # once is enough: everything stays where the first drawing put it
        return page, png(figure)


def figures(report: Report, root: Path) -> dict[str, bytes]:
    """Every figure as SVG by name, in the order of `drawings`."""
    found = {}
    for drawing in drawings(report, root):
        with house():
            found[drawing.name] = svg(drawing.make(), drawing.name, drawing.told)
    return found


def pictures(report: Report, root: Path) -> dict[str, bytes]:
    """Every figure as PNG by name, in the order of `drawings`."""
    found = {}
    for drawing in drawings(report, root):
        with house():
            found[drawing.name] = png(drawing.make())
    return found
