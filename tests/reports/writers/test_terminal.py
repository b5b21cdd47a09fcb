from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.cells import cell_len

from reports import load
from reports.tables.runs import main_table, runs_table
from reports.writers import terminal

RUNS = ["r-identity", "r-rddm-0", "r-rddm-1", "r-ddim-0", "r-ddim-1"]
FIGURES = ["10.02 (10.02)", "24.02 (10.02)", "0.7257 (0.3057)", "21.68 (63.67)", "27.68 (63.67)"]


def show(frame: pd.DataFrame, width: int | None = None) -> str:
    """The runs as text for a terminal."""
    return terminal.show(runs_table(frame), width)


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200])
def test_no_figure_is_ever_cut(results: Path, width: int) -> None:
    text = show(main_table(load(results), RUNS), width)
    assert all(figure in text for figure in FIGURES) and "…" not in text
    assert text.count("(63.67)") == len(RUNS)


@pytest.mark.parametrize("width", [80, 120])
def test_the_lines_fit_and_what_has_no_room_is_told(results: Path, width: int) -> None:
    text = show(main_table(load(results), RUNS), width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "NFE" in text and "image" in text
    assert ("no room for: train seconds, parameters" in text) == (width == 80) != ("1.23M" in text)


def test_headers_tell_unit_and_direction(results: Path) -> None:
    text = show(main_table(load(results), RUNS), 120)
    for header in ("PSNR ↑", "dB", "SSIM ↑", "MAE ↓", "8-bit levels"):
        assert header in text
    assert "images per run: 4; in brackets: the degraded input" in text


def test_an_option_that_the_method_decides_is_left_out(results: Path) -> None:
    lines = show(main_table(load(results), RUNS), 120).splitlines()
    assert re.match(r"rddm +1 ", lines[5]) and re.match(r"identity +– ", lines[3])
    assert "steps" not in lines[1]
    same = show(main_table(load(results), ["r-rddm-0", "r-ddim-0"]), 120)
    assert "eta" not in same


def test_without_inputs_there_are_no_brackets(results: Path) -> None:
    (results / "records" / "r-identity.parquet").unlink()
    text = show(main_table(load(results), RUNS[1:]), 80)
    assert "24.02" in text and "(" not in text and "brackets" not in text


def test_one_missing_input_is_a_dash(results: Path, synth: SimpleNamespace) -> None:
    synth.save(results, synth.sampled("digits", "rddm", 0.0, 13.0, dataset="digits", inputs="i-2", n=16))
    text = show(main_table(load(results), ["r-rddm-0", "digits"]), 120)
    assert "23.02 (–)" in text and "24.02 (10.02)" in text
    assert "images per run" not in text and re.search(r"images\b", text)  # they differ: a column


def test_one_bad_run_takes_no_digits_from_the_others(results: Path, synth: SimpleNamespace) -> None:
    synth.save(results, synth.sampled("bad", "rddm", 0.5, -20.0))
    text = show(main_table(load(results), [*RUNS, "bad"]), 120)
    assert "21.68 (63.67)" in text and re.search(r"123\.6[78] \(63\.67\)", text)


def test_small_and_large_costs_keep_their_digits(results: Path, synth: SimpleNamespace) -> None:
    costs = {"seconds_per_image": 123.456, "train_seconds": 98765.4, "parameters": 2_345_678_901}
    synth.save(results, synth.sampled("slow", "rddm", 0.5, 13.0, **costs))
    text = show(main_table(load(results), ["r-rddm-0", "slow"]), 120)
    for figure in ("0.0312", "123", "98.8k", "2.35G", "1.23M"):
        assert re.search(rf"\s{re.escape(figure)}\b", text), figure


@pytest.mark.parametrize("text", ["[bold red]x[/]", "\x1b[31mred\x1b[0m", "two\nlines\r\tx", "日本語" * 20, "a" * 200])
def test_hostile_names_stay_in_their_cell(tmp_path: Path, synth: SimpleNamespace, text: str) -> None:
    synth.save(tmp_path, synth.sampled("a", text, 0.0, 14.0))
    synth.save(tmp_path, synth.sampled("b", "plain", 1.0, 14.0))
    shown = show(main_table(load(tmp_path), ["a", "b"]), 80)
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert not set("\x1b\r\t") & set(shown) and shown.count("24.02") == 2
    if text.startswith("["):
        assert text in shown


def test_a_table_read_from_csv_can_be_shown(results: Path) -> None:
    table = main_table(load(results), RUNS)
    table.to_csv(results / "t.csv", index=False)
    assert "24.02 (10.02)" in show(pd.read_csv(results / "t.csv"), 80)


def test_an_output_of_few_letters_gets_few_letters(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = show(main_table(load(results), RUNS), 80)
    assert text.isascii() and "PSNR ^" in text and "MAE v" in text


def test_the_width_is_that_of_the_terminal(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = main_table(load(results), RUNS)
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        assert show(table) == show(table, width)


def test_no_rows_and_no_metrics_can_be_shown(results: Path, synth: SimpleNamespace) -> None:
    assert "method" in show(main_table(load(results), []), 80)
    row = synth.sampled("made", "ddpm", 1.0, 0.0).head(1)
    synth.save(results, row.assign(image="", metric="", value=float("nan"), protocol=""))
    assert "ddpm" in show(main_table(load(results), ["made"]), 80)


def test_a_word_that_is_missing_is_a_dash(results: Path, synth: SimpleNamespace) -> None:
    """Texts of records are pandas' own strings, whose missing value is neither None nor a number."""
    for run, value in (("word", "cosine"), ("none", None)):
        synth.save(results, synth.sampled(run, "rddm", 0.5, 13.0, **{"schedule.kind": value}))
    text = show(main_table(load(results), ["word", "none"]), 120)
    assert re.search(r"rddm +cosine ", text) and re.search(r"rddm +– ", text)


def test_zero_and_nothing_are_told_apart(results: Path) -> None:
    table = main_table(load(results), RUNS)
    table.loc[0, "ssim"], table.loc[1, "ssim"] = 0.0, float("nan")
    text = show(table, 120)
    assert "0.0000 (0.3057)" in text and "– (0.3057)" in text


def test_options_that_the_task_decides_are_left_out():
    table = pd.DataFrame({"method": ["rddm"] * 2, "task": ["lowlight", "denoise"], "task.sigma": [None, 50.0]})
    table = table.assign(seed=[0, 0], psnr=20.0, psnr_input=10.0, n=4, run=["a", "b"], nfe=5.0)
    table = table.assign(seconds_per_image=0.1, parameters=10, train_seconds=1.0)
    assert "sigma" not in show(table, 200)
    assert "sigma" in show(table.assign(task="denoise", **{"task.sigma": [25.0, 50.0]}), 200)
