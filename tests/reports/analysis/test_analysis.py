"""Synthetic records whose truth is known: a figure is picture + what the condition adds + training + chance."""

from __future__ import annotations

import re
import shlex
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from errors import UserError
from harness.store.entries import Store
from reports.analysis.analyse import analyse
from reports.analysis.model import Block, Condition, Report
from tests.records_for_tests import keep, kept, listed

PICTURES = 24
RECORDED = Path(__file__).parents[1] / "recorded"
SLOPES = {"psnr": (20.0, 1.0, True), "mae": (30.0, -2.0, False)}


def chance(*words: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def record(root: Path, method: str, adds: float, seed: int = 0, **columns: Any) -> str:
    """Write one run and give its key; ``adds`` is the condition's true effect, in dB of the first metric."""
    run = columns.pop("run", "") or f"{zlib.crc32(repr((method, seed, sorted(columns.items()))).encode()):08x}"
    images = columns.pop("images", [f"p{k:02d}" for k in range(PICTURES)])
    inputs = columns.get("inputs", "i-1")
    training = 0.0 if method == "identity" else 0.05 * chance("training", method, seed).standard_normal()
    rows = []
    for metric, (base, slope, higher) in SLOPES.items():
        for image in images:
            picture = 3 * chance("picture", inputs, image).standard_normal()
            value = picture + adds + training + 0.3 * chance("rest", run, image).standard_normal()
            stamp = {"unit": "dB", "protocol": f"{metric};v1", "higher_is_better": higher}
            rows.append({"image": image, "metric": metric, "value": base + slope * value} | stamp)
    facts = {"run": run, "method": method, "seed": seed, "sampling_seed": 0, "data_seed": 0, "inputs": inputs}
    facts |= {"training": "" if method == "identity" else f"t-{method}-{seed}", "samples": f"s-{run}", "n": len(images)}
    facts |= {"dataset": "photos", "task": "lowlight", "nfe": 5.0, "seconds_per_image": 0.1, "method.name": method}
    facts |= {
        "parameters": 10,
        "scale": "cpu",
        "precision": "fp32",
        "code_hash": "c0de",
        "packages": '{"torch": "2.13"}',
    }
    (root / "records").mkdir(parents=True, exist_ok=True)
    keep(pd.DataFrame(rows).assign(**(facts | columns)), root / "records" / f"{run}.parquet")
    return run


def sweep(root: Path, points: list[tuple[str, str, list[str]]], name: str = "run-00000000") -> str:
    """Write a sweep's points: (run, status, overrides)."""
    told = [{"run": run, "status": status, "overrides": words, "reason": ""} for run, status, words in points]
    listed(root / "sweeps" / name, told)
    return name


def only(report: Report) -> Block:
    assert len(report.blocks) == 1
    return report.blocks[0]


def named(block: Block, label: str) -> Condition:
    return next(condition for condition in block.conditions if condition.label == label)


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Against identity ddim adds nothing and rddm 1.5; three trainings each."""
    record(tmp_path, "identity", 0.0)
    for seed in range(3):
        record(tmp_path, "ddim", 0.0, seed)
        record(tmp_path, "rddm", 1.5, seed)
    return tmp_path


def test_a_planted_effect_is_recovered_and_none_is_made_up(planted: Path) -> None:
    block = only(analyse(planted))
    for metric, (_, slope, _) in SLOPES.items():
        won, null = (named(block, name).scores[metric] for name in ("rddm", "ddim"))
        assert won.comparison and null.comparison
        gap = won.comparison.difference
        assert gap.low < 1.5 * slope < gap.high and gap.high - gap.low < 1.0 * abs(slope)
        assert won.comparison.verdict == "better" and won.best and won.comparison.win_rate.low > 0.5
        assert null.comparison.verdict == "inconclusive" and not null.best and null.comparison.p > 0.05
        assert null.comparison.difference.low < 0 < null.comparison.difference.high
        assert 0 < null.comparison.detectable < 0.5 * abs(slope)
        assert (won.comparison.images, won.comparison.seeds) == (PICTURES, 3)
    assert block.metrics["psnr"].degraded == named(block, "identity").scores["psnr"].mean.value


def test_the_sentences_say_who_wins_and_on_what_it_depends(planted: Path) -> None:
    report = analyse(planted)
    psnr, mae = only(report).verdicts[:2]
    assert psnr.startswith("psnr (dB): rddm wins with") and "ahead of the runner-up" in psnr
    assert "+1." in psnr and "24 pictures, 3 training seeds." in psnr and "conditional" not in psnr
    assert "rddm wins" in mae and "lower is better" in mae and "by +" in mae  # a gain, though the figure falls
    against = next(said for said in only(report).verdicts if "psnr (dB) against identity" in said)
    assert "better: rddm" in against and "inconclusive: ddim" in against and "Holm" in against
    assert "of training seeds (3 at least)" in report.conditional
    assert report.title == "ddim and rddm on photos lowlight" and report.question.startswith("Which of")


@pytest.mark.parametrize(("seeds", "said"), [(1, "one training run"), (2, "these two training runs")])
def test_few_trainings_are_told(tmp_path: Path, seeds: int, said: str) -> None:
    for seed in range(seeds):
        record(tmp_path, "ddim", 0.0, seed)
        record(tmp_path, "rddm", 1.5, seed)
    report = analyse(tmp_path)
    assert f"conditional on {said}" in only(report).verdicts[0]
    assert report.conditional.startswith(f"Conditional on {said}")


def test_without_an_effect_there_is_no_winner(tmp_path: Path) -> None:
    for seed in range(3):
        for method in ("ddim", "rddm", "rgm"):
            record(tmp_path, method, 0.0, seed)
    block = only(analyse(tmp_path))
    assert all(condition.scores["psnr"].best for condition in block.conditions)
    assert re.match(r"psnr \(dB\): inconclusive: \w+ has [\d.]+, ahead of \w+ \([\d.]+\) by \+", block.verdicts[0])
    assert "would be found with a power of 0.8" in block.verdicts[0]


def test_order_of_rows_and_files_changes_nothing(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "records").mkdir()
    for place, path in enumerate(sorted((planted / "records").glob("*.parquet"), reverse=True)):
        table = kept(path)
        keep(table.sample(frac=1, random_state=place), other / "records" / path.name)
    one, two = analyse(planted), analyse(other)
    assert set(only(one).verdicts) == set(only(two).verdicts) and len(only(one).verdicts) == 4
    for ours, theirs in zip(only(one).conditions, only(two).conditions, strict=True):
        assert repr(sorted(ours.scores.items())) == repr(sorted(theirs.scores.items())) and ours.runs == theirs.runs
    pd.testing.assert_frame_equal(only(one).images["psnr"], only(two).images["psnr"])


def test_missing_pictures_and_seeds_are_left_out_of_both(planted: Path) -> None:
    path = planted / "records" / f"{record(planted, 'rddm', 1.5, 2)}.parquet"
    table = kept(path)
    table.loc[(table["metric"] == "psnr") & table["image"].isin(["p03", "p04"]), "value"] = np.nan
    keep(table, path)
    record(planted, "rddm", 1.5, 7)  # a training that nothing else has
    block = only(analyse(planted, baseline="method=ddim"))
    score = named(block, "rddm").scores["psnr"]
    assert score.comparison and (score.comparison.images, score.comparison.seeds) == (PICTURES - 2, 3)
    assert score.comparison.difference.low < 1.5 < score.comparison.difference.high
    assert named(block, "rddm").seeds == (0, 1, 2, 7) and block.images["psnr"].shape == (PICTURES, 3)
    assert block.images["psnr"][named(block, "rddm").key].isna().sum() == 2


def test_what_has_no_training_meets_every_seed(planted: Path) -> None:
    """Identity is recorded once, under whichever seed came first."""
    against = named(only(analyse(planted)), "rddm").scores["psnr"].comparison
    assert against and against.seeds == 3
    figures = only(analyse(planted)).images["psnr"]
    keys = {condition.label: condition.key for condition in only(analyse(planted)).conditions}
    gap = (figures[keys["rddm"]] - figures[keys["identity"]]).mean()
    assert abs(against.difference.value - gap) < 1e-12


def test_sampling_seeds_are_matched_before_they_are_averaged(tmp_path: Path) -> None:
    for draw in (0, 1):
        record(tmp_path, "ddim", 0.0, 0, sampling_seed=draw)
    for draw in (0, 1, 2):
        record(tmp_path, "rddm", 5.0 if draw == 2 else 1.5, 0, sampling_seed=draw)
    against = named(only(analyse(tmp_path, baseline="method=ddim")), "rddm").scores["psnr"].comparison
    assert against and abs(against.difference.value - 1.5) < 0.4


def test_two_protocols_in_a_block_are_refused(planted: Path) -> None:
    path = planted / "records" / f"{record(planted, 'rddm', 1.5, 9)}.parquet"
    table = kept(path)
    keep(table.assign(protocol=table["protocol"].str.replace("v1", "v2")), path)
    with pytest.raises(UserError, match="metric psnr: the runs have two protocols, psnr;v1 and psnr;v2"):
        analyse(planted)
    keep(table.assign(protocol="psnr;v2", task="denoise", inputs="i-2"), path)
    assert len(analyse(planted).blocks) == 2  # another block is another table


HOSTILE = ["[x](y) <b>&", "$(rm -rf /) 'q' \"r\"", "日本語", "a\nb", "=1+1", "x" * 200, ";--"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(tmp_path: Path, text: str) -> None:
    first = record(tmp_path, text, 0.0, **{"sampler.name": text, "sampler.eta": text})
    second = record(tmp_path, text, 1.5, **{"sampler.name": text, "sampler.eta": "0"}, dataset=text)
    third = record(tmp_path, text, 1.5, **{"sampler.name": text, "sampler.eta": "0"})
    words = {run: [f"method={text}", f"sampler.eta={place}"] for place, run in enumerate((first, third, second))}
    name = sweep(tmp_path, [(run, "done", said) for run, said in words.items()])
    report = analyse(tmp_path, name)
    assert len(report.blocks) == 2 and report.methods == (text,)
    found = report.blocks[0].conditions[0]
    assert found.options == {"sampler.eta": text} and shlex.split(found.command)[2:] == words[first]
    assert all(said.isprintable() for one in report.blocks for said in one.verdicts)
    assert report.title.isprintable() and report.question.isprintable()


@pytest.fixture
def etas(tmp_path: Path) -> Path:
    """Two methods at two values of eta, and identity: eta adds 0.6 to ddim and takes 0.8 from rddm."""
    record(tmp_path, "identity", -3.0)
    for seed in range(3):
        for eta in (0.0, 1.0):
            record(tmp_path, "ddim", 0.6 * eta, seed, **{"sampler.eta": eta})
            record(tmp_path, "rddm", 1.5 - 0.8 * eta, seed, **{"sampler.eta": eta})
    return tmp_path


def test_a_baseline_is_matched_by_the_options_that_both_have(etas: Path) -> None:
    for words in ("method=ddim", {"method": "ddim"}):
        block = only(analyse(etas, baseline=words))
        keys = {condition.label: condition.key for condition in block.conditions}
        assert block.baseline == keys["ddim sampler.eta=0"]
        for eta, gain in ((0, 1.5), (1, 0.1)):
            against = named(block, f"rddm sampler.eta={eta}").scores["psnr"].comparison
            assert against and against.baseline == keys[f"ddim sampler.eta={eta}"]
            assert against.difference.low < gain < against.difference.high
            assert named(block, f"ddim sampler.eta={eta}").scores["psnr"].comparison is None
        alone = named(block, "identity").scores["psnr"].comparison
        assert alone and alone.baseline == block.baseline
    exact = only(analyse(etas, baseline="method=rddm, sampler.eta=1.0"))
    assert exact.baseline == keys["rddm sampler.eta=1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("method=rdm", "no condition.*ddim, identity, rddm"),
        ("methud=x", "did you mean method"),
        ("ddim", "column=value"),
    ],
)
def test_a_baseline_that_is_not_there_is_told_in_one_line(etas: Path, words: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        analyse(etas, baseline=words)
    assert "\n" not in str(caught.value)


def test_identity_is_the_baseline_only_where_it_was_asked_for(tmp_path: Path) -> None:
    nothing, ddim, rddm = (
        record(tmp_path, "identity", 0.0),
        record(tmp_path, "ddim", 1.0),
        record(tmp_path, "rddm", 1.5),
    )
    said = [(rddm, "done", ["method=rddm", "task=lowlight", "seed=0"]), (ddim, "done", ["method=ddim"])]
    analysed = analyse(tmp_path, sweep(tmp_path, [*said, (nothing, "identity", ["method=identity"])]))
    block = only(analysed)
    assert [one.method for one in block.conditions] == ["identity", "rddm", "ddim"]  # in the sweep's order
    assert block.baseline == block.conditions[1].key and (analysed.done, analysed.asked) == (2, 2)
    assert block.conditions[0].command == "python run.py task=lowlight method=identity"
    assert block.conditions[1].command == "python run.py method=rddm task=lowlight seed=0"
    asked = analyse(tmp_path, sweep(tmp_path, [*said, (nothing, "done", ["method=identity"])], "etas-11111111"))
    assert only(asked).baseline == only(asked).conditions[-1].key and only(asked).conditions[-1].method == "identity"
    assert only(asked).conditions[0].command.startswith("python run.py -cn etas method=rddm")


def test_one_factor_is_varied_with_all_else_equal(etas: Path) -> None:
    block = only(analyse(etas))
    found = {(one.axis, one.within): one for one in block.ablations if one.metric == "psnr"}
    assert set(found) == {("sampler.eta", "method=ddim"), ("sampler.eta", "method=rddm"), ("method", "")}
    for method, truth in (("ddim", 0.6), ("rddm", -0.8)):
        one = found["sampler.eta", f"method={method}"]
        assert [level.value for level in one.levels] == [0.0, 1.0] and one.levels[0].difference is None
        gap = one.levels[1].difference
        assert gap and gap.low < truth < gap.high and not gap.low < 0 < gap.high
        assert abs(gap.value - (one.levels[1].mean.value - one.levels[0].mean.value)) < 1e-9
    methods = found["method", ""]  # identity has no eta: it is no level of an ablation at equal eta
    assert [level.value for level in methods.levels] == ["ddim", "rddm"] and methods.conditions == 2
    assert methods.levels[1].difference and abs(methods.levels[1].difference.value - 0.8) < 0.2


def test_contexts_that_lack_a_level_are_left_out(etas: Path) -> None:
    record(etas, "rddm", 9.0, 0, **{"sampler.eta": 0.5})
    record(etas, "ddim", 9.0, 0, **{"sampler.eta": 0.0, "sampler.steps": 3})
    found = {(one.axis, one.within): one for one in only(analyse(etas)).ablations if one.metric == "psnr"}
    assert [level.value for level in found["sampler.eta", "method=rddm"].levels] == [0.0, 0.5, 1.0]
    steps = next(one for (axis, _), one in found.items() if axis == "sampler.steps")
    assert steps.conditions == 1 and steps.within == "method=ddim, sampler.eta=0"


def test_two_factors_have_a_map_with_holes(etas: Path) -> None:
    record(etas, "rddm", 1.0, 0, **{"sampler.eta": 0.5})
    grid = next(one for one in only(analyse(etas)).interactions if one.metric == "psnr")
    assert (grid.rows, grid.columns) == ("method", "sampler.eta") and grid.row_values == ("ddim", "rddm")
    assert grid.column_values == (0.0, 0.5, 1.0)
    assert np.isnan(grid.values).tolist() == [[False, True, False], [False, False, False]]
    for seed in range(3):
        for eta, steps in ((0.0, 5), (1.0, 5), (0.0, 9)):
            record(etas, "rgm", eta + steps, seed, **{"sampler.eta": eta, "sampler.steps": steps})
    own = next(one for one in only(analyse(etas)).interactions if one.within == "method=rgm")
    assert own.values[0][1] > own.values[0][0] and np.isnan(own.values).tolist() == [[False, False], [False, True]]


def test_data_seeds_are_pooled_and_changed_data_is_not(tmp_path: Path) -> None:
    for seed, inputs in ((0, "i-1"), (1, "i-2")):
        for method, adds in (("ddim", 0.0), ("rddm", 1.5)):
            record(tmp_path, method, adds, data_seed=seed, inputs=inputs)
    block = only(analyse(tmp_path))
    assert block.inputs == ("i-1", "i-2") and len(block.conditions) == 2
    assert named(block, "rddm").scores["psnr"].images == 2 * PICTURES
    assert list(block.images["psnr"].index[:1]) == ["i-1/p00"]
    record(tmp_path, "rddm", 1.5, data_seed=1, inputs="i-3")
    names = [one.name for one in analyse(tmp_path).blocks]
    assert sorted(names) == [f"photos lowlight inputs=i-{k}" for k in (1, 2, 3)]


def test_tasks_and_their_options_are_blocks(tmp_path: Path) -> None:
    for gamma, count in ((1.0, 24), (2.0, 24), (2.0, 12)):
        images = [f"p{k:02d}" for k in range(count)]
        record(tmp_path, "rddm", 0.0, **{"task.gamma": gamma}, inputs=f"i{gamma}-{count}", images=images)
    names = {one.name for one in analyse(tmp_path).blocks}
    assert names == {f"photos lowlight task.gamma={g}" for g in ("1", "2 n=24", "2 n=12")}


def test_set_metrics_have_a_floor_and_paired_replicates(planted: Path) -> None:
    rng = np.random.default_rng(0)
    common = rng.standard_normal(200)
    for path in (planted / "records").glob("*.parquet"):
        table = kept(path)
        shift = {"identity": 5.0, "ddim": 5.0, "rddm": 4.0}[table["method"][0]]
        own = common + 0.1 * rng.standard_normal(200)
        row = table.head(1).assign(image="", metric="fd", value=shift, protocol="fd;n=24", higher_is_better=False)
        row = row.assign(floor=1.25, replicates=pd.Series([(shift + 9 + own).tolist()], index=row.index))
        keep(pd.concat([table, row], ignore_index=True), path)
    block = only(analyse(planted))
    assert block.metrics["fd"].kind == "set" and block.metrics["fd"].floor == 1.25 and "fd" not in block.images
    score = named(block, "rddm").scores["fd"]
    assert score.comparison and score.comparison.verdict == "better" and np.isnan(score.comparison.win_rate.value)
    gap = score.comparison.difference
    assert gap.value == -1.0 and -1.3 < gap.low < -1 < gap.high < -0.7  # unpaired replicates would give +-2.8
    assert score.mean.value == 4.0 and score.mean.high - score.mean.low > 3 and score.comparison.images == PICTURES
    null = named(block, "ddim").scores["fd"].comparison
    assert null and null.verdict == "inconclusive"
    assert any("real against real it is 1.25" in said for said in block.verdicts)


def test_a_set_metric_without_replicates_has_no_interval(tmp_path: Path) -> None:
    for method, figure in (("ddim", 5.0), ("rddm", 4.0)):
        path = tmp_path / "records" / f"{record(tmp_path, method, 0.0)}.parquet"
        table = kept(path).head(1).assign(image="", metric="fd", value=figure, protocol="fd")
        keep(table, path)
    block = only(analyse(tmp_path))
    score = named(block, "rddm").scores["fd"]
    assert score.mean.value == 4.0 and np.isnan(score.mean.low) and score.best
    assert score.comparison and score.comparison.verdict == "inconclusive" and np.isnan(score.comparison.p)


def test_failures_are_told_with_their_tracebacks(planted: Path) -> None:
    done = record(planted, "rddm", 1.5, 0)
    Store(planted).entry("failures", "lost").fail("loss is nan", "Traceback ...", {})
    report = analyse(
        planted, sweep(planted, [(done, "done", []), ("lost", "failed", ["a=1", "b=2"]), ("gone", "failed", [])])
    )
    assert (report.done, report.asked) == (1, 3)
    first, second = report.failures
    assert (first.overrides, first.reason, first.traceback) == ("a=1 b=2", "loss is nan", "Traceback ...")
    assert (second.reason, second.traceback) == ("did not run to its end", "")


@pytest.mark.parametrize("copied", [False, True])
def test_a_failure_that_was_altered_or_is_anothers_is_named_and_not_told(
    planted: Path, copied: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    for run in ("lost", "other"):
        Store(planted).entry("failures", run).fail(f"loss of {run} is nan at step 3", "Traceback ...", {})
    path = planted / "failures" / "lost" / "FAILED"
    there = path.read_bytes().replace(b"step 3", b"step 9")
    path.write_bytes((planted / "failures" / "other" / "FAILED").read_bytes() if copied else there)
    (failure,) = analyse(planted, sweep(planted, [("lost", "failed", [])])).failures
    assert (failure.reason, failure.traceback) == ("did not run to its end", "")
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line and ("belongs to another entry (failures/other)" if copied else "checksum") in line


def test_points_that_still_run_or_wait_are_counted_and_are_no_failures(planted: Path) -> None:
    from reports.writers.markdown import document

    done = record(planted, "rddm", 1.5, 0)
    points = [(done, "done", []), ("one", "running", []), ("two", "waiting", []), ("gone", "stopped", ["a=1"])]
    report = analyse(planted, sweep(planted, points))
    assert (report.done, report.waiting, report.asked) == (1, 2, 4)
    assert [failure.overrides for failure in report.failures] == ["a=1"]
    assert "1 of 4 runs have a record; 2 still run or wait" in document(report, [], [[]] * len(report.blocks))
    finished = analyse(planted, sweep(planted, [(done, "done", [])]))
    assert finished.counted == "1 of 1 runs have a record"


def test_many_comparisons_are_adjusted_otherwise(tmp_path: Path) -> None:
    for place in range(13):
        record(tmp_path, "rddm", 0.0, **{"sampler.eta": place / 10})
    found = [condition.scores["psnr"].comparison for condition in only(analyse(tmp_path)).conditions]
    compared = [one for one in found if one is not None]
    assert len(compared) == 12 and {one.adjustment for one in compared} == {"Benjamini-Hochberg"}
    assert all(one.p_adjusted >= one.p for one in compared)
    assert all(one.verdict in ("inconclusive", "leads", "trails") for one in compared if one.p_adjusted > 0.05)


def test_the_front_is_judged_by_intervals(tmp_path: Path) -> None:
    record(tmp_path, "identity", -3.0, nfe=0.0)
    for method, adds, nfe in (("ddim", 0.0, 50.0), ("rddm", 0.02, 5.0), ("rgm", 3.0, 80.0), ("slow", 1.0, 90.0)):
        for seed in range(3):
            record(tmp_path, method, adds, seed, nfe=nfe)
    block = only(analyse(tmp_path))
    labels = {condition.key: condition.label for condition in block.conditions}
    # ddim costs ten times rddm's calls for the same quality, but that it is worse is not shown; slow is beaten
    assert {labels[key] for key in block.fronts["psnr"]["nfe"]} == {"identity", "ddim", "rddm", "rgm"}
    assert block.fronts["psnr"]["peak_memory_mb"] == ()  # unknown


def test_a_large_sweep_says_the_same(tmp_path: Path) -> None:
    """Beyond 64 conditions only the best are met by all."""
    for place in range(80):
        record(tmp_path, "rddm", 3.0 if place == 40 else 0.0, **{"sampler.eta": place / 100})
    block = only(analyse(tmp_path))
    best = [condition.label for condition in block.conditions if condition.scores["psnr"].best]
    assert best == ["rddm sampler.eta=0.4"] and "rddm sampler.eta=0.4 wins" in block.verdicts[0]


def test_provenance_and_settings(planted: Path) -> None:
    for seed in (1, 2):
        record(planted, "ddim", 0.0, seed, run=record(planted, "ddim", 0.0, seed), train_threads=float(seed))
    report = analyse(planted)
    lines = dict(report.provenance)
    assert lines["training seeds"] == "0, 1, 2" and lines["torch"] == "2.13" and lines["protocol psnr"] == "psnr;v1"
    assert lines["threads of training"] == "1, 2"
    assert report.settings["scale"] == "cpu" and report.methods == ("identity", "ddim", "rddm")


def test_nothing_and_nowhere(tmp_path: Path) -> None:
    report = analyse(tmp_path)
    assert report.blocks == () and (report.done, report.asked) == (0, 0) and report.title == "No runs"
    with pytest.raises(UserError, match="no such sweep"):
        analyse(tmp_path, "x")
    sweep(tmp_path, [("lost", "failed", [])])
    assert analyse(tmp_path, "run-00000000").failures[0].reason == "did not run to its end"
    (tmp_path / "sweeps" / "run-00000000" / "points.json").write_text("[1]")
    with pytest.raises(UserError, match="points.json"):
        analyse(tmp_path, "run-00000000")


def test_runs_without_a_metric_keep_their_costs(tmp_path: Path) -> None:
    path = tmp_path / "records" / f"{record(tmp_path, 'ddpm', 0.0)}.parquet"
    keep(kept(path).head(1).assign(image="", metric="", value=np.nan, protocol=""), path)
    block = only(analyse(tmp_path))
    assert not block.metrics and block.conditions[0].costs["nfe"] == 5 and "No metric" in block.verdicts[0]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded sweep is made by tests/reports/record.py")
def test_a_recorded_sweep_can_be_analysed() -> None:
    for folder in sorted((RECORDED / "sweeps").iterdir()):
        report = analyse(RECORDED, folder.name)
        assert report.blocks and report.done + len(report.failures) == report.asked
        for block in report.blocks:
            keys = [condition.key for condition in block.conditions]
            assert (
                block.baseline in keys and len(set(keys)) == len(keys) and len(block.verdicts) == 2 * len(block.metrics)
            )
            assert all(condition.command.startswith("python run.py ") for condition in block.conditions)


def test_crops_of_few_photographs_are_told():
    from reports.analysis.verdicts import conditional

    said = conditional([(3, 3)], [(16, 3, True), (16, 3, True)])
    assert "The 16 test pictures are crops of 3 photographs" in said and "photographs are what intervals" in said
    assert "count them as independent" in conditional([(3, 3)], [(16, 3, False)])
    assert "crops" not in conditional([(3, 3)], [(16, 16, True)])
    assert "crops of 1 photograph:" in conditional([], [(4, 1, True)])
