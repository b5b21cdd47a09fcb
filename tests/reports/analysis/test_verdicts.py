"""Verdicts on records whose figures are known: one rule wherever a result is told."""

from __future__ import annotations

import re
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from planted import record  # noqa: E402

from errors import UserError  # noqa: E402
from reports.analysis.analyse import analyse  # noqa: E402
from reports.analysis.compare import HEADER, compare  # noqa: E402
from reports.analysis.decision import decide  # noqa: E402
from reports.analysis.model import Block, Comparison, Estimate, Score  # noqa: E402
from reports.records.load import load  # noqa: E402
from reports.tables.blocks import tables_of  # noqa: E402
from reports.tables.runs import main_table, runs_table  # noqa: E402
from reports.tables.scores import verdict  # noqa: E402
from reports.wording.numbers import decimals, probability  # noqa: E402
from reports.wording.wording import adjusted  # noqa: E402
from reports.writers.markdown import document  # noqa: E402
from reports.writers.terminal import show  # noqa: E402
from tests.records_for_tests import keep, kept  # noqa: E402

PICTURES = 12


def block_of(root: Path, baseline: str = "") -> Block:
    (block,) = analyse(root, None, baseline).blocks
    return block


def score(block: Block, method: str) -> Score:
    return next(one for one in block.conditions if one.method == method).scores["psnr"]


def against(root: Path, method: str, baseline: str) -> Comparison:
    found = score(block_of(root, f"method={baseline}"), method).comparison
    assert found is not None
    return found


def row(root: Path, first: str, second: str) -> dict[str, str]:
    (sheet,) = compare(root, f"method={first}", f"method={second}")
    return dict(zip(HEADER, (cell.words for cell in sheet.rows[0]), strict=True))


def drawn(seed: int, count: int = PICTURES) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count)


@pytest.mark.parametrize(
    ("low", "high", "p", "sign", "said"),
    [
        (0.1, 2.0, 0.049, 1, "better"),
        (0.1, 2.0, 0.049, -1, "worse"),
        (-2.0, -0.1, 0.01, 1, "worse"),
        (0.1, 2.0, 0.05, 1, "leads"),
        (0.1, 2.0, 0.9, -1, "trails"),
        (-0.1, 2.0, 0.01, 1, "inconclusive"),
        (0.0, 2.0, 0.01, 1, "inconclusive"),
        (np.nan, np.nan, np.nan, 1, "inconclusive"),
    ],
)
def test_better_needs_the_interval_and_the_adjusted_p(
    low: float, high: float, p: float, sign: float, said: str
) -> None:
    assert decide(Estimate((low + high) / 2, low, high), p, sign) == said


def test_compare_and_the_report_say_the_same(tmp_path: Path) -> None:
    """Of every ordered pair: the same word, difference, p and adjusted p; a report has the other as its baseline."""
    hard = 3 * drawn(0)
    for place, (method, gain) in enumerate({"aaa": 0.0, "bbb": 0.5, "ccc": 0.2, "ddd": 1.6, "identity": -4.0}.items()):
        for seed in range(1 if method == "identity" else 3):
            record(tmp_path, method, 30 + hard + gain + 0.8 * drawn(100 * place + seed), seed=seed)
    words = set()
    for first, second in permutations(("aaa", "bbb", "ccc", "ddd", "identity"), 2):
        theirs, ours = against(tmp_path, first, second), row(tmp_path, first, second)
        assert ours["A is"] == verdict(theirs, decimals([theirs.difference])).words, (first, second)
        assert ours["p"] == probability(theirs.p) and ours["p adjusted"] == adjusted(theirs)
        assert theirs.family == 4 and theirs.adjustment == "Holm"
        words.add(theirs.verdict)
    assert words == {"better", "worse", "leads", "trails", "inconclusive"}


def test_a_lead_that_the_adjustment_takes_back_is_no_win(tmp_path: Path) -> None:
    """Against one other condition it wins; among many that are as far behind the same gap is a lead."""
    gaps = drawn(3)
    gaps = 0.62 * (gaps - gaps.mean()) / gaps.std(ddof=1) * np.sqrt(PICTURES) / 3.0 + 0.62  # t = 3.0, p = 0.012
    record(tmp_path, "aaa", 30 + 0 * gaps)
    record(tmp_path, "zzz", 30 + gaps)
    (said, *_) = block_of(tmp_path).verdicts
    assert "zzz wins with 30.62" in said and "(p = 0.0" in said
    for place in range(4):
        record(tmp_path, f"b{place}", 30 + 1e-3 * drawn(10 + place))
    (said, table) = block_of(tmp_path, "method=aaa").verdicts
    assert "zzz leads with 30.6" in said and "not better than all others after the adjustment (p = 0.1" in said
    assert "Holm over 5" in said and "leads (not after the adjustment): zzz" in table and "better" not in table


def test_a_win_needs_every_single_comparison(tmp_path: Path) -> None:
    """The runner-up by its mean is beaten, a third one with a wild spread is not."""
    record(tmp_path, "aaa", 30 + 0.01 * drawn(1))
    record(tmp_path, "bbb", 31 + 0.01 * drawn(2))
    wild = 8 * drawn(3)
    record(tmp_path, "ccc", 29.5 + wild - wild.mean())
    said = block_of(tmp_path).verdicts[0]
    assert said.startswith("psnr (dB): inconclusive: bbb has 31.0, ahead of ccc (29.5) by +1.5")


def test_means_beside_a_gap_are_over_what_both_have(tmp_path: Path) -> None:
    """bbb lacks the hard pictures: its own mean is higher, and it is behind on each picture that both have."""
    hard = np.r_[np.full(6, 14.0), np.full(6, 30.0)]
    ours = dict(zip("abcdefghijkl", hard + 0.3 + 0.01 * drawn(1), strict=True))
    theirs = {image: value - 0.3 + 0.01 * k for k, (image, value) in enumerate(ours.items()) if value > 20}
    record(tmp_path, "aaa", ours, n=12)
    record(tmp_path, "bbb", theirs, n=12)
    block = block_of(tmp_path, "method=bbb")
    found = score(block, "aaa").comparison
    assert found and score(block, "aaa").mean.value < 23 and score(block, "bbb").mean.value > 30
    shared = [np.mean([side[image] for image in theirs]) for side in (ours, theirs)]
    np.testing.assert_allclose(found.means, shared, rtol=0, atol=1e-12)
    assert abs(found.means[0] - found.means[1] - found.difference.value) < 1e-12 and found.images == 6
    numbers = [float(text) for text in re.findall(r"with ([\d.]+),.*?\(([\d.]+)\) by \+([\d.]+)", block.verdicts[0])[0]]
    assert abs(numbers[0] - numbers[1] - numbers[2]) < 0.02 and numbers[0] > 30
    (table,) = (
        sheet
        for found in tables_of(analyse(tmp_path, None, "method=bbb"))
        for sheet in found
        if sheet.kind == "compare"
    )
    told = {
        line[0].words: [float(cell.words.split(" ")[0].replace("+", "")) for cell in line[1:4]]
        for line in table.rows[:1]
    }
    told |= {
        "A": [float(row(tmp_path, "aaa", "bbb")[name].split(" ")[0].replace("+", "")) for name in ("A", "B", "A − B")]
    }
    for first, second, gap in told.values():
        assert first > 30 and abs(first - second - gap) < 0.02


def test_ablation_means_are_over_the_pictures_of_every_level(tmp_path: Path) -> None:
    hard = np.r_[np.full(6, 14.0), np.full(6, 30.0)]
    for eta, lost in ((0.0, 0), (0.5, 6), (1.0, 0)):
        figures = dict(zip("abcdefghijkl", hard + eta + 0.01 * drawn(int(10 * eta)), strict=True))
        kept = dict(list(figures.items())[lost:])
        record(tmp_path, "rddm", kept, n=12, run=f"r{eta}", **{"sampler.eta": eta})
    (one,) = block_of(tmp_path).ablations
    for level in one.levels[1:]:
        assert level.difference and abs(level.mean.value - one.levels[0].mean.value - level.difference.value) < 1e-9
    assert one.levels[0].mean.value > 29


def test_interactions_are_over_what_every_cell_has(tmp_path: Path) -> None:
    """One cell lacks the hard pictures, one has a further seed that is 9 dB better: both stood out by these alone."""
    hard = np.r_[np.full(6, 14.0), np.full(6, 30.0)]
    for eta in (0.0, 1.0):
        for steps in (5, 10):
            options = {"sampler.eta": eta, "sampler.steps": steps}
            figures = dict(zip("abcdefghijkl", hard + eta, strict=True))
            lost = 6 if (eta, steps) == (0.0, 5) else 0
            record(tmp_path, "rddm", dict(list(figures.items())[lost:]), n=12, run=f"r{eta}{steps}", **options)
            if (eta, steps) == (1.0, 10):
                better = {image: value + 9 for image, value in figures.items()}
                record(tmp_path, "rddm", better, n=12, run="more", seed=1, **options)
    (one,) = block_of(tmp_path).interactions
    values = np.array(one.values if one.rows == "sampler.eta" else np.transpose(one.values))
    np.testing.assert_allclose(values, [[30.0, 30.0], [31.0, 31.0]], rtol=0, atol=1e-12)


def disjoint(root: Path, counts: tuple[int, int]) -> None:
    """Two methods 0.3 dB apart with training effects of 3 dB, and no seed in common."""
    hard = 3 * drawn(0)
    for side, (method, gain) in enumerate((("aaa", 0.0), ("bbb", 0.3))):
        for place in range(counts[side]):
            effect = 3.0 * (place - (counts[side] - 1) / 2) / max(counts[side] - 1, 1) * 2
            record(root, method, 30 + hard + gain + effect + 0.1 * drawn(50 * side + place), seed=10 * side + place)


def test_without_a_common_seed_the_spread_of_both_sides_counts(tmp_path: Path) -> None:
    """Paired by picture alone this was p = 1e-11."""
    disjoint(tmp_path, (3, 4))
    found = against(tmp_path, "bbb", "aaa")
    assert (found.seeds, found.others, found.images) == (4, 3, PICTURES) and found.verdict == "inconclusive"
    assert found.p > 0.5 and found.difference.low < -2 and found.difference.high > 2 and found.win_rate.low < 0.5
    block = block_of(tmp_path, "method=aaa")
    assert (
        "4 and 3 training seeds, fewer than 3 in common" in block.verdicts[0] and "conditional" not in block.verdicts[0]
    )
    assert row(tmp_path, "bbb", "aaa")["seeds"] == "4 and 3"
    assert row(tmp_path, "bbb", "aaa")["A is"] == verdict(found, decimals([found.difference])).words


def overlapping(root: Path, counts: tuple[int, int], common: int) -> None:
    """As `disjoint`, with the last seeds of one side the first of the other, and effects of their own."""
    hard, effects = 3 * drawn(0), 3 * np.random.default_rng(5).standard_normal(20)
    for side, (method, gain) in enumerate((("aaa", 0.0), ("bbb", 0.3))):
        for place in range(counts[side]):
            figures = 30 + hard + gain + effects[10 * side + place] + 0.1 * drawn(50 * side + place)
            record(root, method, figures, seed=place + side * (counts[0] - common))


@pytest.mark.parametrize("common", [1, 2])
def test_few_common_seeds_throw_no_training_away(tmp_path: Path, common: int) -> None:
    """One common seed of five used to decide alone, with p < 0.001."""
    overlapping(tmp_path, (5, 5), common)
    found = against(tmp_path, "bbb", "aaa")
    assert (found.seeds, found.others, found.left_out) == (5, 5, 0) and found.verdict == "inconclusive"
    said = block_of(tmp_path, "method=aaa").verdicts[0]
    assert "5 and 5 training seeds, fewer than 3 in common" in said and "conditional" not in said
    assert row(tmp_path, "bbb", "aaa")["seeds"] == "5 and 5"


@pytest.mark.parametrize(("counts", "common", "lost"), [((2, 5), 1, 5), ((5, 4), 3, 3), ((2, 2), 1, 2)])
def test_trainings_that_are_left_out_are_counted(
    tmp_path: Path, counts: tuple[int, int], common: int, lost: int
) -> None:
    overlapping(tmp_path, counts, common)
    report = analyse(tmp_path, None, "method=aaa")
    found = score(report.blocks[0], "bbb").comparison
    assert found and (found.seeds, found.others, found.left_out) == (common, 0, lost)
    said = f"({lost} trainings left out)"
    assert said in report.blocks[0].verdicts[0] and said in document(report, [], [[]])
    assert row(tmp_path, "bbb", "aaa")["seeds"] == f"{common} {said}"


@pytest.mark.parametrize("counts", [(1, 1), (2, 3), (3, 2)])
def test_too_few_trainings_without_a_common_seed_are_not_compared(tmp_path: Path, counts: tuple[int, int]) -> None:
    disjoint(tmp_path, counts)
    report = analyse(tmp_path, None, "method=aaa")
    found = score(report.blocks[0], "bbb").comparison
    why = "no training seed in common, without which both need 3 trainings or more and have "
    why += f"{counts[1]} and {counts[0]}"
    assert (
        found and found.verdict == "refused" and found.why == why and np.isnan([found.p, found.difference.value]).all()
    )
    assert sum(score(report.blocks[0], method).best for method in ("aaa", "bbb")) == 0
    lines = document(report, [], [[]])
    assert lines.count(why) >= 2 and "wins" not in report.blocks[0].verdicts[0]
    with pytest.raises(UserError, match=re.escape(why)):
        compare(tmp_path, "method=bbb", "method=aaa")


def test_what_can_not_be_compared_has_a_row_beside_what_can(tmp_path: Path) -> None:
    """Two tasks: one with a common seed, one without."""
    for task, seeds in (("denoise", (0, 0)), ("inpaint", (0, 1))):
        for method, seed in zip(("aaa", "bbb"), seeds, strict=True):
            record(tmp_path, method, 30 + drawn(seed), seed=seed, task=task, inputs=task, run=f"{method}-{task}")
    tables = compare(tmp_path, "method=bbb", "method=aaa")
    told = {table.caption.split(":")[0]: [cell.words for cell in table.rows[0]] for table in tables}
    assert told["photos denoise"][-1] == "inconclusive" and set(told["photos inpaint"][1:-1]) == {"–"}
    assert told["photos inpaint"][-1].startswith("not compared (no training seed in common")


def test_an_ablation_without_a_common_seed_has_no_differences(tmp_path: Path) -> None:
    for place, eta in enumerate((0.0, 1.0)):
        record(tmp_path, "rddm", 30 + eta + 0.1 * drawn(place), run=f"r{eta}", seed=place, **{"sampler.eta": eta})
    report = analyse(tmp_path)
    (one,) = report.blocks[0].ablations
    assert one.levels[1].difference is None and np.isnan(one.levels[1].mean.low)
    assert "no training seed in common" in one.note and document(report, [], [[]]).count(one.note) == 1


def test_infinite_figures_win_and_are_said(tmp_path: Path) -> None:
    """Six of twelve pictures are restored without an error: they are won, and the mean gain is that of the others."""
    theirs = 30 + drawn(0)
    ours = theirs + 0.3 + 0.01 * drawn(1)
    ours[:6] = np.inf
    record(tmp_path, "aaa", theirs)
    record(tmp_path, "bbb", ours)
    report = analyse(tmp_path, None, "method=aaa")
    found = score(report.blocks[0], "bbb").comparison
    assert found and (found.images, found.infinite, found.win_rate.value) == (6, 6, 1.0)
    assert abs(found.difference.value - np.mean(ours[6:] - theirs[6:])) < 1e-12 and found.verdict == "better"
    np.testing.assert_allclose(found.means, [ours[6:].mean(), theirs[6:].mean()], rtol=0, atol=1e-12)
    said = "6 pictures, 6 more infinite"
    assert said in report.blocks[0].verdicts[0] and said == row(tmp_path, "bbb", "aaa")["paired over"]
    assert said in document(report, [], [[]]) and row(tmp_path, "bbb", "aaa")["A wins"].startswith("100 %")


def test_equal_infinite_figures_tie_and_infinite_losses_decide_nothing(tmp_path: Path) -> None:
    theirs, ours = 30 + drawn(0), 30.3 + drawn(0) + 0.01 * drawn(1)
    theirs[:2], ours[:1] = np.inf, np.inf  # a tie and a loss; the rest are won
    record(tmp_path, "aaa", theirs)
    record(tmp_path, "bbb", ours)
    found = against(tmp_path, "bbb", "aaa")
    assert found.win_rate.value == (0.5 + 10) / PICTURES and (found.images, found.infinite) == (10, 2)
    assert found.difference.low > 0.2 and found.p < 0.001 and found.verdict == "inconclusive"


def test_what_infinite_figures_speak_against_beats_nobody(tmp_path: Path) -> None:
    """aaa is ahead on the finite pictures, and loses half of all to infinite figures."""
    ours = 30 + drawn(0)
    theirs = ours - 0.3 + 0.01 * drawn(1)
    record(tmp_path, "aaa", ours, nfe=5.0)
    record(tmp_path, "ccc", theirs, nfe=5.0)
    theirs[:6] = np.inf
    record(tmp_path, "bbb", theirs, nfe=5.0)
    block = block_of(tmp_path)
    assert [score(block, method).best for method in ("aaa", "bbb", "ccc")] == [True, True, False]
    keys = {one.key: one.method for one in block.conditions}
    assert {keys[key] for key in block.fronts["psnr"]["nfe"]} == {"aaa", "bbb"}


def test_figures_that_are_all_infinite_are_no_missing_ones(tmp_path: Path) -> None:
    record(tmp_path, "aaa", 30 + drawn(0))
    record(tmp_path, "bbb", np.full(PICTURES, np.inf))
    block = block_of(tmp_path, "method=aaa")
    assert score(block, "bbb").mean.value == np.inf and score(block, "bbb").infinite == PICTURES
    found = score(block, "bbb").comparison
    assert found and found.win_rate.value == 1 and found.infinite == PICTURES and found.verdict == "inconclusive"


@pytest.mark.parametrize(("pictures", "said"), [(2, "inconclusive"), (5, "inconclusive"), (6, "better")])
def test_equal_gaps_of_few_pictures_are_no_win(tmp_path: Path, pictures: int, said: str) -> None:
    """They have no spread to be measured by: the signs alone tell, p = 2^(1 - n)."""
    record(tmp_path, "aaa", np.arange(pictures) + 20.0)
    record(tmp_path, "bbb", np.arange(pictures) + 20.1)
    found = against(tmp_path, "bbb", "aaa")
    assert found.verdict == said and abs(found.p - 0.5 ** (pictures - 1)) < 1e-12
    assert np.isnan(found.difference.low) == (pictures < 6) and np.isnan(found.detectable)
    assert ("wins" in block_of(tmp_path).verdicts[0]) is (said == "better")
    assert row(tmp_path, "bbb", "aaa")["A is"] == said


def crops(
    root: Path, method: str, by_photograph: np.ndarray, seed: int, counts: tuple[int, ...], **columns: object
) -> None:
    """Pictures cut from photographs, as many of each as ``counts`` say; one record has the column ``source``."""
    source = np.repeat([f"photo-{place}" for place in range(len(counts))], counts)
    values = np.repeat(by_photograph, counts) + 0.05 * drawn(seed, len(source))
    record(root, method, values, source=source, sources=len(counts), **columns)


def test_the_unit_is_the_photograph(tmp_path: Path) -> None:
    """A gain on one photograph of three, of which 10 of 16 crops are: picture by picture it was p < 0.001."""
    counts = (10, 3, 3)
    crops(tmp_path, "aaa", np.array([20.0, 25.0, 30.0]), 0, counts)
    crops(tmp_path, "bbb", np.array([21.0, 25.1, 30.2]), 1, counts)
    report = analyse(tmp_path, None, "method=aaa")
    found = score(report.blocks[0], "bbb").comparison
    assert found and (found.images, found.photographs) == (16, 3) and found.verdict == "inconclusive" and found.p > 0.1
    figures = report.blocks[0].images["psnr"]
    gap = figures.iloc[:, 1] - figures.iloc[:, 0]
    photographs = [gap.iloc[:10].mean(), gap.iloc[10:13].mean(), gap.iloc[13:].mean()]
    assert abs(found.difference.value - np.mean(photographs)) < 1e-12
    assert found.win_rate.low < 0.5 < found.win_rate.value  # Wilson's with three units, not sixteen
    assert report.blocks[0].metrics["psnr"].counted == "photograph"
    assert "crops of 3 photographs" in report.conditional and "photographs are what intervals" in report.conditional
    text = document(report, [], [[]])
    assert "wins (photographs)" in text and "95% intervals over photographs" in text
    assert all("16 pictures of 3 photographs" in said for said in report.blocks[0].verdicts)
    assert row(tmp_path, "bbb", "aaa")["paired over"] == "16 pictures of 3 photographs"


def test_one_photograph_has_no_interval_and_no_verdict(tmp_path: Path) -> None:
    crops(tmp_path, "aaa", np.array([20.0]), 0, (16,))
    crops(tmp_path, "bbb", np.array([25.0]), 1, (16,))
    report = analyse(tmp_path, None, "method=aaa")
    found = score(report.blocks[0], "bbb").comparison
    assert found and found.verdict == "inconclusive" and (found.images, found.photographs) == (16, 1)
    assert np.isnan([found.p, found.difference.low, found.win_rate.low, score(report.blocks[0], "bbb").mean.low]).all()
    assert "neither an interval nor a verdict" in report.conditional and "wins" not in report.blocks[0].verdicts[0]


@pytest.mark.parametrize(("photographs", "low"), [(3, 0.0), (1, np.nan)])
def test_figures_of_sets_count_the_photographs_that_they_resample(tmp_path: Path, photographs: int, low: float) -> None:
    """Student's factor is that of the photographs, 4.3 for three; with one there is no interval and no verdict."""
    for seed, method in enumerate(("aaa", "bbb")):
        run = record(tmp_path, method, 20 + 0.1 * drawn(seed, 16), sources=photographs)
        path = tmp_path / "records" / f"{run}.parquet"
        table = kept(path)
        again = 1.0 - 0.2 * seed + 0.05 * drawn(5 + seed, 200)
        of_set = {"image": "", "metric": "kernel", "value": 1.0 - 0.2 * seed, "protocol": "kernel;v1", "unit": ""}
        one = table.head(1).assign(**of_set, higher_is_better=False, floor=0.1, units=float(photographs))
        one = one.assign(replicates=pd.Series([again.tolist()], index=one.index))
        keep(pd.concat([table, one], ignore_index=True), path)
    report = analyse(tmp_path, None, "method=aaa")
    (block,) = report.blocks
    found = next(one for one in block.conditions if one.method == "bbb").scores["kernel"].comparison
    assert found and (found.images, found.photographs) == (16, photographs) and found.verdict == "inconclusive"
    assert block.metrics["kernel"].counted == "photograph"
    assert np.isnan(found.difference.low) == np.isnan(low) == np.isnan(found.p)
    said = f"16 samples of {photographs} photograph"
    assert any(said in one for one in block.verdicts) and said in document(report, [], [[]])


def test_a_photograph_is_one_in_all_inputs(tmp_path: Path) -> None:
    """Other crops of the same photographs, drawn with another data seed, are no further photographs."""
    for place in range(2):
        for method, gain in (("aaa", 0.0), ("bbb", 1.0)):
            columns = {"data_seed": place, "inputs": f"i-{place}", "run": f"{method}-{place}"}
            crops(tmp_path, method, np.array([20.0, 25.0, 30.0]) + gain, place, (2, 2, 2), **columns)
    found = against(tmp_path, "bbb", "aaa")
    assert (found.images, found.photographs) == (12, 3)


def test_folds_bring_further_pictures_and_are_taken_together(tmp_path: Path) -> None:
    """Each fold has photographs of its own: all of them count once, in one block."""
    for fold in range(2):
        for method, gain in (("aaa", 0.0), ("bbb", 1.0)):
            columns = {"dataset.fold": fold, "inputs": f"i-{fold}", "run": f"{method}-{fold}"}
            figures = {f"f{fold}p{place}": 20.0 + place + gain * (1 + place / 10) for place in range(3)}
            record(tmp_path, method, figures, **columns)
    (block,) = analyse(tmp_path).blocks
    assert block.name == "photos denoise" and len(block.conditions) == 2
    found = against(tmp_path, "bbb", "aaa")
    assert (found.images, found.seeds) == (6, 1)
    assert "1 training seed, conditional on these two training runs" in block.verdicts[0]
    assert analyse(tmp_path).conditional.startswith("Conditional on these two training runs")


def test_one_stamp_with_two_directions_is_refused(tmp_path: Path) -> None:
    record(tmp_path, "aaa", drawn(0))
    record(tmp_path, "bbb", drawn(1), higher_is_better=False)
    said = "metric psnr: of psnr;v1 some runs say that higher is better and some that lower is"
    with pytest.raises(UserError, match=said):
        analyse(tmp_path)
    with pytest.raises(UserError, match=said):
        compare(tmp_path, "method=aaa", "method=bbb")


def test_a_picture_with_two_figures_is_damage_by_name(tmp_path: Path) -> None:
    record(tmp_path, "aaa", drawn(0))
    path = tmp_path / "records" / f"{record(tmp_path, 'bbb', drawn(1))}.parquet"
    table = kept(path)
    keep(pd.concat([table, table.iloc[3:4].assign(value=99.0)]), path)
    for told in (lambda: analyse(tmp_path), lambda: compare(tmp_path, "method=aaa", "method=bbb")):
        with pytest.raises(UserError, match=r"bbb-0\.parquet: is damaged.*two figures of psnr for picture p03"):
            told()


def test_the_terminal_and_the_tidy_table_know_photographs_and_damage(tmp_path: Path) -> None:
    run = record(tmp_path, "aaa", [10.0, 10.0, 10.0, 22.0], source=["x", "x", "x", ""], sources=2)
    records = load(tmp_path)
    table = main_table(records, [run])
    assert table["psnr"].tolist() == [16.0] and "means by photograph first" in show(runs_table(table), 100)
    path = tmp_path / "records" / f"{run}.parquet"
    rows = kept(path)
    keep(pd.concat([rows, rows.head(1)]), path)
    with pytest.raises(UserError, match=r"aaa-0\.parquet.*two figures of psnr for picture p00"):
        load(tmp_path)


def test_two_runs_of_one_condition_and_seed_are_refused(tmp_path: Path) -> None:
    """The last one by name used to count, in a comparison the mean of both."""
    record(tmp_path, "aaa", drawn(0))
    record(tmp_path, "bbb", drawn(1))
    record(tmp_path, "bbb", drawn(2), run="bbb-other")
    for told in (lambda: analyse(tmp_path), lambda: compare(tmp_path, "method=aaa", "method=bbb")):
        with pytest.raises(UserError, match="runs bbb-0 and bbb-other are of one condition, with the same seeds"):
            told()
