"""``python -m reports``: one-line errors, light help, whole output; two runs compared."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import handmade  # noqa: E402

from errors import UserError  # noqa: E402
from reports import load  # noqa: E402
from reports.__main__ import main  # noqa: E402
from reports.analysis.compare import compare  # noqa: E402
from reports.records.select import located, runs_named  # noqa: E402
from reports.tables.scores import share  # noqa: E402
from reports.wording.numbers import decimals, probability  # noqa: E402
from reports.wording.wording import adjusted, spread  # noqa: E402
from reports.writers.terminal import show  # noqa: E402
from tests.records_for_tests import keep  # noqa: E402

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded"

# 18 keys in hexadecimal: two of them at least begin with the same digit.
SHARED = Counter(path.name[0] for path in (RECORDED / "records").iterdir()).most_common(1)[0][0]


def told(arguments: list[str], capsys) -> tuple[int, str, str]:
    """Exit status, standard output and error of a command."""
    try:
        status = main(arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    out = capsys.readouterr()
    return status, out.out, out.err


def test_help_is_quick_and_imports_nothing_heavy():
    code = "import sys\nsys.argv = ['reports', '--help']\nfrom reports.__main__ import main\n"
    code += "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
    code += "print([m for m in ('pandas', 'numpy', 'matplotlib', 'seaborn', 'torch', 'rich') if m in sys.modules])"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "[]", done.stderr
    assert time.monotonic() - began < 5  # 0.3 s on an idle machine


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "nowhere"], "nowhere: no folder of results"),
        (["build"], "the following arguments are required"),
        (["bild", "x"], "invalid choice"),
        (["export", "nowhere", "--format", "xls"], "--format xls: no such format"),
        (["compare", "a", "b", "--results", "nowhere"], "nowhere: no folder of results"),
        (["compare", "zz", "method=ddim", "--results", str(RECORDED)], "zz: no run's key begins so"),
        (["compare", SHARED, "method=ddim", "--results", str(RECORDED)], "runs' keys begin so"),
        (["compare", "method=rdm", "method=ddim", "--results", str(RECORDED)], "there are: ddim, identity, rddm"),
        (["compare", "metod=rddm", "method=ddim", "--results", str(RECORDED)], "did you mean method?"),
        (["compare", "method=rddm", "method=ddim", "--results", str(RECORDED)], "differ in sampler.eta (0.0, 1.0)"),
        (
            ["compare", "method=identity,task=denoise", "method=identity,task=lowlight", "--results", str(RECORDED)],
            "share no inputs",
        ),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_status_2(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = told(arguments, capsys)
    assert status == 2 and out == "" and err.count("\n") == 1 and said in err, err
    assert list(tmp_path.iterdir()) == []


def test_a_target_is_a_folder_of_results_a_sweep_or_its_name(tmp_path, monkeypatch):
    name = sorted(path.name for path in (RECORDED / "sweeps").iterdir())[0]
    assert located(str(RECORDED), "x") == (RECORDED, None)
    assert located(str(RECORDED / "sweeps" / name), "x") == (RECORDED, name)
    assert located(name, str(RECORDED)) == (RECORDED, name)
    monkeypatch.chdir(RECORDED / "sweeps")
    assert located(name, "x") == (RECORDED, name)
    with pytest.raises(UserError, match=f"did you mean {name}"):
        located(f"{name}x", str(RECORDED))


def test_the_difference_is_that_of_the_paired_figures():
    first, second = "method=rddm,sampler.eta=0,task=denoise", "method=ddim,sampler.eta=1"
    (sheet,) = compare(RECORDED, first, second)
    records = load(RECORDED)
    rows = records[(records["metric"] == "psnr") & (records["task"] == "denoise")]
    ours = rows[(rows["method"] == "rddm") & (rows["sampler.eta"] == 0)]
    theirs = rows[(rows["method"] == "ddim") & (rows["sampler.eta"] == 1)]
    both = ours.merge(theirs, on=["seed", "image"])
    gaps = both["value_x"] - both["value_y"]
    cells = [cell.words for cell in sheet.rows[0]]
    assert len(gaps) == 12 and cells[0] == "psnr (dB) ↑"
    shown = float(cells[3].split(" ")[0].replace("−", "-"))
    assert abs(shown - gaps.mean()) <= 0.05
    assert cells[4].startswith(f"{100 * (gaps > 0).mean():.0f} %") and cells[7:9] == ["6 pictures", "2"]
    assert "conditional on these trainings" in sheet.caption


def test_the_figures_are_those_of_the_report():
    from reports.analysis.analyse import analyse

    made = analyse(RECORDED, None, "method=identity")
    (block,) = (block for block in made.blocks if block.task == "denoise")
    (condition,) = (one for one in block.conditions if one.label == "rddm sampler.eta=0")
    (sheet,) = compare(RECORDED, "method=rddm,sampler.eta=0,task=denoise", "method=identity")
    for row, score in zip(sheet.rows, condition.scores.values(), strict=True):
        ours = score.comparison
        assert ours is not None and row[9].words == ours.verdict
        told = (
            spread(ours.difference, decimals([ours.difference]), "+"),
            share(ours.win_rate).words,
            probability(ours.p),
        )
        assert tuple(cell.words for cell in row[3:7]) == (*told, adjusted(ours))


def test_swapping_the_sides_turns_every_sign():
    pair = ("method=rddm,sampler.eta=0,task=denoise", "method=identity")
    (sheet,), (turned,) = compare(RECORDED, *pair), compare(RECORDED, *pair[::-1])
    for row, other in zip(sheet.rows, turned.rows, strict=True):
        assert row[3].words.split(" ")[0].translate(str.maketrans("+−", "−+")) == other[3].words.split(" ")[0]
        assert [row[k].words for k in (5, 1, 2)] == [other[k].words for k in (5, 2, 1)]
        sides = [{"better": 1, "leads": 1, "worse": -1, "trails": -1}.get(one[9].words, 0) for one in (row, other)]
        assert sides[0] == -sides[1]  # each side has its own family of comparisons, so that the words may differ


def test_a_method_without_training_stands_for_every_seed():
    (sheet,) = compare(RECORDED, "method=rddm,sampler.eta=0,task=denoise", "method=identity")
    assert [row[8].words for row in sheet.rows] == ["2", "2", "2"]


def test_a_run_against_itself_is_nothing_to_compare():
    run = load(RECORDED)["run"].iloc[0]
    with pytest.raises(UserError, match="name the same runs"):
        compare(RECORDED, run, run[:8])


def saved(root: Path, run: str, **columns) -> None:
    """A record of a set metric, one row, with replicates."""
    facts = {"run": run, "inputs": "i", "method": run[0], "dataset": "d", "task": "t", "seed": 0, "image": ""}
    facts |= {"training": "t", "metric": "kid", "protocol": "p", "unit": "", "n": 50, "higher_is_better": False}
    (root / "records").mkdir(exist_ok=True, parents=True)
    keep(pd.DataFrame([facts | columns]), root / "records" / f"{run}.parquet")


def test_set_metrics_are_paired_by_their_replicates(tmp_path):
    noise = np.random.default_rng(0).normal(0, 1, 200)
    own = np.random.default_rng(1).normal(0, 0.01, 200)
    saved(tmp_path, "a1", value=1.0, replicates=list(1 + noise))
    saved(tmp_path, "b1", value=2.0, replicates=list(2 + noise + own))
    (sheet,) = compare(tmp_path, "a1", "b1")
    cells = [cell.words for cell in sheet.rows[0]]
    low, high = (float(end.replace("−", "-")) for end in cells[3].partition("[")[2].rstrip("]").split(","))
    assert cells[9] == "better" and cells[4] == "–" and -1.1 < low < -1 < high < -0.9 and cells[7] == "50 samples"
    saved(tmp_path, "c1", value=2.0)
    (sheet,) = compare(tmp_path, "a1", "c1")
    assert sheet.rows[0][3].words == "−1.000" and sheet.rows[0][9].words == "inconclusive"


def test_other_protocols_and_metrics_are_not_paired(tmp_path):
    saved(tmp_path, "a1", value=1.0)
    saved(tmp_path, "b1", value=2.0, protocol="other")
    with pytest.raises(UserError, match="metric kid: the runs have two protocols, p and other"):
        compare(tmp_path, "a1", "b1")
    saved(tmp_path, "c1", value=2.0, metric="fid")
    with pytest.raises(UserError, match="share no metric under one protocol"):
        compare(tmp_path, "a1", "c1")


def test_one_run_of_a_condition_is_compared_without_its_others():
    heads = load(RECORDED).drop_duplicates("run")
    heads = heads[(heads["task"] == "denoise") & (heads["sampler.eta"] == 0)].set_index(["method", "seed"])["run"]
    (sheet,) = compare(RECORDED, heads["rddm", 0], heads["ddim", 0])
    assert [row[8].words for row in sheet.rows] == ["1", "1", "1"] and "conditional on these trainings" in sheet.caption
    for second in (heads["ddim", 1], heads["rddm", 1]):
        with pytest.raises(UserError, match="no training seed in common"):
            compare(RECORDED, heads["rddm", 0], second)


def test_null_is_a_value(tmp_path):
    for run, value in (("a1", None), ("a2", 0.5)):
        saved(tmp_path, run, value=1.0, **{"sampler.x": value})
    assert set(runs_named(load(tmp_path), "sampler.x=null")["run"]) == {"a1"}
    assert set(runs_named(load(tmp_path), "sampler.x=0.50")["run"]) == {"a2"}


def test_a_table_of_the_terminal_is_aligned():
    (sheet,) = compare(RECORDED, "method=rddm,sampler.eta=0,task=denoise", "method=identity")
    text = show(sheet, 1000).splitlines()
    assert text[2] == "─" * len(text[2]) and len(text[2]) == max(map(len, text[3:]))


def test_output_that_shows_no_arrows_gets_plain_letters():
    words = ["compare", "method=rddm,sampler.eta=0,task=denoise", "method=identity", "--results", str(RECORDED)]
    settings = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "reports", *words], cwd=ROOT, capture_output=True, env=settings)
    assert done.returncode == 0 and b"psnr (dB) ^" in done.stdout and b"?" not in done.stdout, done.stderr


@pytest.fixture
def results(tmp_path: Path, monkeypatch) -> Path:
    """A copy of the recorded results, and the handmade report in place of the analysis."""
    from reports import build

    shutil.copytree(RECORDED, tmp_path / "results")
    monkeypatch.setattr(build, "analysis_of", lambda root, sweep, baseline: handmade.report(Path(root)))
    monkeypatch.setattr(build, "_figures", lambda report, root: ({"costs-x": b"<svg/>"}, {"costs-x": b"png"}))
    return tmp_path / "results"


def test_build_writes_every_format(results, capsys):
    status, out, _ = told(["build", str(results), "--baseline", "method=ddim"], capsys)
    made = results / "report"
    assert status == 0 and out == f"report: {made / 'report.html'}\n"
    names = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert names >= {
        "report.html",
        "report.md",
        "table.csv",
        "table.parquet",
        "tables/report.tex",
        "figures/costs-x.png",
    }
    assert [path.name for path in results.iterdir() if path.name.startswith(".")] == []


def test_a_build_that_fails_leaves_what_was_there(results, capsys, monkeypatch):
    from reports.writers import export

    told(["build", str(results)], capsys)
    before = {path: path.read_bytes() for path in (results / "report").rglob("*") if path.is_file()}

    def broken(*arguments: object) -> None:
        raise UserError("the disk is full")

    monkeypatch.setattr(export, "export", broken)
    status, _, err = told(["build", str(results), "--baseline", "method=rddm"], capsys)
    assert status == 2 and err.endswith("error: the disk is full\n")
    assert {path: path.read_bytes() for path in (results / "report").rglob("*") if path.is_file()} == before
    assert [path.name for path in results.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_cannot_be_made_is_told(results, capsys):
    (results / "file").write_text("")
    status, _, err = told(["build", str(results), "--out", str(results / "file" / "report")], capsys)
    assert status == 2 and err.count("\n") == 1 and "cannot be written" in err


def test_export_writes_what_was_asked_for(results, capsys):
    out = results / "out"
    status, said, _ = told(["export", str(results), "--format", "csv,md", "--out", str(out)], capsys)
    assert status == 0 and {path.name for path in out.iterdir()} == {"table.csv", "table.md"}
    assert said.splitlines() == [f"table: {out / 'table.csv'}", f"table: {out / 'table.md'}"]


def test_the_whole_path_from_records_to_files(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("reports.plots.figures.MOST", 4)  # two for each block: test_figures draws them all
    name = max((RECORDED / "sweeps").iterdir(), key=lambda path: (path / "points.json").stat().st_size).name
    words = ["build", name, "--results", str(RECORDED), "--baseline", "method=ddim,sampler.eta=0"]
    status, _, err = told([*words, "--out", str(tmp_path / "a")], capsys)
    assert status == 0, err
    told([*words, "--out", str(tmp_path / "b")], capsys)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len([path for path in files if path.suffix == ".png"]) >= 4
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    table = pd.read_csv(tmp_path / "a" / "table.csv")
    psnr = table[(table["metric"] == "psnr") & (table["condition"].str.contains("identity"))]
    assert len(psnr) == 2 and all(math.isfinite(value) for value in psnr["mean"])
