"""The figures: their names, their bytes, what they show and what they leave out."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import handmade  # noqa: E402

from reports import load  # noqa: E402
from reports.analysis.model import Ablation, Block, Estimate, FactorLevel, Interaction, Report  # noqa: E402
from reports.plots import common, costs, factors, paired, style, training  # noqa: E402
from reports.plots.figures import drawings, render  # noqa: E402
from reports.plots.style import COLOURS, LETTERS, LINES, MARKERS, WIDTH, house, look, svg  # noqa: E402

RECORDED = Path(__file__).parents[1] / "recorded"
KINDS = {"difference", "pareto", "ablation", "interaction", "scatter", "costs", "curve"}
NAN = math.nan


def report() -> Report:
    """The handmade report's first block, its runs those of the recorded sweep, for their loss curves."""
    heads = load(RECORDED).drop_duplicates("run")
    heads = heads[heads["task"] == "lowlight"].sort_values(["method", "seed", "run"])
    runs = {method: tuple(rows["run"])[:2] for method, rows in heads.groupby("method")}
    made = handmade.report()
    block = made.blocks[0]
    conditions = [replace(one, runs=runs.get(one.method, ("lost",))) for one in block.conditions]
    conditions = [replace(one, seeds=tuple(range(len(one.runs)))) for one in conditions]
    metrics, ablations = {"psnr": block.metrics["psnr"]}, [one for one in block.ablations if one.metric == "psnr"]
    block = replace(block, conditions=tuple(conditions), metrics=metrics, ablations=tuple(ablations))
    return replace(made, blocks=(block,))


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    return {drawing.name: render(drawing)[0] for drawing in drawings(report(), RECORDED)}


def test_every_kind_is_drawn_under_a_safe_name(drawn):
    assert {name.partition("-")[0] for name in drawn} == KINDS
    assert all(re.fullmatch(r"[a-z]+-photos-lowlight(-[a-z0-9-]+)?", name) for name in drawn)


def test_an_svg_is_plain_xml_without_scripts_links_or_dates(drawn):
    for name, data in drawn.items():
        root = ElementTree.fromstring(data)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert root.tag.endswith("svg") and not tags & {"script", "a", "foreignObject", "text"}, name
        addresses = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
        assert all(address.startswith(("#", "data:image/png")) for address in addresses)
        assert b"dc:date" not in data and b"<!--" not in data


def test_hostile_words_are_the_title_of_an_svg_as_text(drawn):
    name = next(name for name in drawn if name.startswith("ablation-photos-lowlight-order"))
    title = ElementTree.fromstring(drawn[name])[0]
    assert title.text and "<script>alert(1)</script>" in title.text and "\\nnew line" in title.text


def test_ids_are_unique_over_all_figures_and_every_reference_has_one(drawn):
    ids: list[str] = []
    for data in drawn.values():
        text = data.decode()
        own = re.findall(r'\bid="([^"]+)"', text)
        used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
        assert {first or second for first, second in used} <= set(own)
        ids += own
    assert len(ids) == len(set(ids))


def test_bytes_are_the_same_each_time_and_pyplot_is_not_touched():
    import matplotlib

    before = dict(matplotlib.rcParams)
    for drawing in [one for one in drawings(report(), RECORDED) if one.kind in ("difference", "curve", "interaction")]:
        first = render(drawing)
        assert first == render(drawing) and first[1].startswith(b"\x89PNG")
    assert dict(matplotlib.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")  # seaborn imports it
    assert pyplot is None or pyplot.get_fignums() == []


def test_the_smallest_letters_are_eight_pixels_on_a_phone():
    assert (LETTERS - 2) / 72 / WIDTH * 360 >= 8  # points to inches to shares of 360 px


def test_looks_never_differ_by_colour_alone():
    seen = [look(number) for number in range(24)]
    assert len({(one.colour, one.marker) for one in seen}) == 24
    assert len({(one.marker, str(one.line)) for one in seen[:12]}) == 12
    assert len(set(COLOURS)) == 8 and len(set(MARKERS)) == 12 and len(LINES) == 6


def test_a_large_sweep_shows_the_baseline_and_the_best():
    block = handmade.block("photos lowlight", "x")
    many = [replace(block.conditions[k % 6], key=f"c{k}", label=f"condition {k}") for k in range(40)]
    block = replace(block, conditions=tuple(many), images={})
    kept, note = common.shown(block, "psnr")
    means = [one.scores["psnr"].mean.value for one in many if one.key != "c0"]
    assert len(kept) == 12 and kept[0].key == "c0" and "12 of 40" in note
    assert min(one.scores["psnr"].mean.value for one in kept[1:]) >= sorted(means)[-11]
    kept, _ = common.shown(block, "lpips")
    means = [one.scores["lpips"].mean.value for one in many if one.key != "c0"]
    assert max(one.scores["lpips"].mean.value for one in kept[1:]) <= sorted(means)[10]
    whole = replace(handmade.report(), blocks=(block,))
    with house():
        for drawing in drawings(whole, RECORDED):
            drawing.make()


def test_filled_marks_are_the_front_that_the_analysis_found():
    block = replace(handmade.block("b", "x"), fronts={"psnr": {"nfe": ("c2", "c3"), "seconds_per_image": ("c3",)}})
    with house():
        figure = costs.pareto(handmade.report(), block, "psnr")
    for axes, front in zip(figure.axes, [{"c2", "c3"}, {"c3"}, set()], strict=True):
        marks = [
            line for line in axes.lines if line.get_marker() not in ("None", "|", "_", "") and len(line.get_xdata())
        ]
        filled = [line for line in marks if line.get_markerfacecolor() != "white"]
        values = {one.scores["psnr"].mean.value for one in block.conditions if one.key in front}
        assert {float(line.get_ydata()[0]) for line in filled} == values


def test_the_front_is_shown_first_where_there_are_many():
    block = handmade.block("b", "x")
    many = tuple(replace(block.conditions[k % 6], key=f"c{k}") for k in range(40))
    block = replace(block, conditions=many)
    worst = min(many, key=lambda one: one.scores["psnr"].mean.value).key
    assert worst not in {one.key for one in common.shown(block, "psnr")[0]}
    kept, note = common.shown(block, "psnr", [worst])
    assert worst in {one.key for one in kept} and len(kept) == 12 and "fronts" in note


def test_the_dotted_line_goes_from_best_to_better_best():
    from matplotlib.figure import Figure

    for sign in (1, -1):
        axes = Figure().subplots()
        points = [(3.0, sign * 6.0), (1.0, sign * 5.0), (2.0, sign * 4.0), (4.0, math.nan), (1.0, sign * 4.5)]
        costs._staircase(axes, points, sign)
        assert [list(axes.lines[0].get_xdata()), list(axes.lines[0].get_ydata())] == [[1, 3], [sign * 5, sign * 6]]


def test_a_condition_is_drawn_against_its_own_baseline():
    block = handmade.block("b", "x")
    score = block.conditions[3].scores["psnr"]
    assert score.comparison
    score = replace(score, comparison=replace(score.comparison, baseline="c1"))
    conditions = list(block.conditions)
    conditions[3] = replace(conditions[3], scores={"psnr": score})
    table = pd.DataFrame({"c0": [0.0, 0.0], "c1": [5.0, 5.0], "c3": [3.0, 4.0]}, index=list("ab"))
    block = replace(block, conditions=tuple(conditions), images={"psnr": table})
    with house():
        figure = paired.scatter(handmade.report(), block, "psnr")
        texts = [axes.texts[0].get_text() for axes in figure.axes if axes.texts]
        rates = [block.conditions[place].scores["psnr"].comparison.win_rate.value for place in (1, 3)]
        assert texts == [f"better on {100 * rate:.0f} % of\n{handmade.IMAGES} pictures" for rate in rates]
        heading = paired.forest(handmade.report(), block, "psnr")._suptitle
    assert heading is not None and "equal options" in heading.get_text().replace("\n", " ")


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1, 5, 10], "linear"), ([1, 11], "log"), ([0, 1, 20], "symlog"), ([0, 1, 2], "linear"), ([-5, 100], "linear")],
)
def test_an_axis_is_logarithmic_beyond_a_decade(values, scale):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    common.scale_x(axes, values)
    assert axes.get_xscale() == scale


def ablated(values: tuple) -> tuple[Report, Block]:
    levels = tuple(FactorLevel(value, Estimate(float(k), k - 0.5, k + 0.5), None) for k, value in enumerate(values))
    block = replace(handmade.block("b", "x"), ablations=(Ablation("axis", "psnr", "", 1, levels),))
    return handmade.report(), block


def test_numbers_of_an_ablation_are_ordered_and_words_stand_as_they_came():
    made, block = ablated((10, 1, 5))
    with house():
        axes = factors.ablation(made, block, "axis").axes[0]
        line = axes.lines[0]
    assert list(np.asarray(line.get_xdata(), float)) == [1, 5, 10]
    assert list(np.asarray(line.get_ydata(), float)) == [1, 2, 0]
    made, block = ablated(("b", "a", None, True))
    with house():
        axes = factors.ablation(made, block, "axis").axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["b", "a", "none", "True"]
    assert axes.lines[0].get_linestyle() == "None"  # nothing lies between words


def test_every_mean_of_an_ablation_lies_within_its_axes():
    made, block = ablated((1, 2, 1000))
    whole = replace(block.ablations[0], within="method=x")
    block = replace(block, ablations=(*block.ablations, whole))
    with house():
        axes = factors.ablation(made, block, "axis").axes[0]
    means = [level.mean.value for level in whole.levels]
    low, high = axes.get_ylim()
    assert low < min(means) and max(means) < high
    assert axes.get_xlim()[0] < 1 and axes.get_xlim()[1] > 1000 and len(axes.get_legend_handles_labels()[0]) == 2


def test_the_style_is_seaborns_grid_with_our_settings():
    import matplotlib

    with house():
        settings = dict(matplotlib.rcParams)
    assert settings["axes.grid"] and not settings["ytick.left"]
    assert settings["font.size"] == LETTERS and settings["axes.edgecolor"] == style.PALE
    assert settings["svg.hashsalt"] == "reports" and not settings["text.parse_math"]


def test_what_was_not_run_is_hatched_and_nothing_at_all_is_drawn_too():
    block = handmade.block("b", "x")
    for values, count in ((((1.0, NAN), (NAN, 2.0)), 2), (((NAN, NAN), (NAN, NAN)), 4)):
        part = Interaction("r", "c", "lpips", "", (0, 1), ("x", "y"), values)
        with house():
            axes = factors.interaction(block, part).axes[0]
        hatched = [patch for patch in axes.patches if patch.get_hatch()]
        assert len(hatched) == count
        assert len([text for text in axes.texts if text.get_text()]) == 4 - count


def test_a_scatter_has_equal_axes_the_diagonal_and_the_share_of_wins():
    block = handmade.block("b", "x")
    table = pd.DataFrame({"c0": [1.0, 2.0, 3.0, NAN], "c1": [2.0, 2.0, 1.0, 5.0]}, index=list("abcd"))
    block = replace(block, images={"psnr": table})
    with house():
        figure = paired.scatter(handmade.report(), block, "psnr")
        axes = figure.axes[0]
        assert axes.get_xlim() == axes.get_ylim() and axes.get_aspect() == 1.0
        rate = block.conditions[1].scores["psnr"].comparison.win_rate.value  # the table's own, not the dots'
        assert axes.texts[0].get_text() == f"better on {100 * rate:.0f} % of\n{handmade.IMAGES} pictures"
    assert len(figure.axes) == 1
    assert not paired.pairs(replace(block, images={}), "psnr")
    assert not paired.pairs(replace(block, images={"psnr": table[["c1"]]}), "psnr")


def test_no_figure_where_nothing_is_known():
    block = handmade.block("b", "x")
    bare = [replace(one, costs=dict.fromkeys(one.costs, NAN), scores={}) for one in block.conditions]
    block = replace(block, conditions=tuple(bare), ablations=(), interactions=(), images={})
    assert drawings(replace(handmade.report(), blocks=(block,)), RECORDED) == []


def test_curves_are_each_training_once_and_what_is_lost_is_left_out(tmp_path):
    found = training.curves(report().blocks[0], RECORDED)
    assert set(found) == {"ddim", "rddm"}
    assert [curve.losses["loss"].shape for curve in found["rddm"]] == [(20,), (20,)][: len(found["rddm"])]
    assert training.curves(report().blocks[0], tmp_path) == {}


def test_running_means_keep_constants_and_totals():
    values = np.random.default_rng(0).random(1234)
    steps, means = training._thinned(values)
    lengths = np.minimum(3, 1234 - 3 * np.arange(len(means)))
    assert len(means) <= training.POINTS and abs((means * lengths).sum() - values.sum()) < 1e-9
    assert steps[0] == 2.0 and steps[-1] == 1234.0
    assert np.abs(training._smooth(np.full(50, 3.25)) - 3.25).max() < 1e-12


def test_losses_of_some_steps_only_are_drawn_where_they_are():
    from matplotlib.figure import Figure

    values = np.where(np.arange(1300) % 2 == 0, 2.0, np.nan)
    steps, means = training._thinned(values)
    assert len(means) <= training.POINTS and set(means) == {2.0} and steps[0] == 2.0 and steps[-1] == 1298.0
    axes = Figure().subplots()
    training._panel(axes, [training.Curve("a", {"critic": np.linspace(1, 50, 1300), "generator": values})])
    assert len(axes.lines) == 4 and axes.get_yscale() == "log"
    assert all(np.isfinite(line.get_ydata()).all() for line in axes.lines)


def test_labels_are_no_formulas_and_no_control_characters():
    made = handmade.report(hostile="$\\frac{$ \x1b[31m \x00 \u202e 中")
    with house():
        for drawing in [one for one in drawings(made, RECORDED) if one.kind in ("difference", "costs")][:3]:
            ElementTree.fromstring(svg(drawing.make(), drawing.name, "a \x00 b"))
