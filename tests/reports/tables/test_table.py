from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from errors import UserError
from reports import load
from reports.tables.runs import main_table
from reports.writers.export import write_table

RUNS = ["r-ddim-1", "r-rddm-0", "r-identity"]


def test_rows_are_the_runs_in_the_order_asked(results: Path) -> None:
    table = main_table(load(results), RUNS)
    assert table["run"].tolist() == RUNS and table["method"].tolist() == ["ddim", "rddm", "identity"]
    assert list(table.columns) == [
        *("method", "sampler.name", "sampler.eta", "sampler.steps", "schedule.name"),
        *("psnr", "psnr_input", "ssim", "ssim_input", "mae", "mae_input"),
        *("nfe", "seconds_per_image", "n", "parameters", "train_seconds", "run"),
    ]


def test_means_are_over_images_and_stand_beside_the_inputs(results: Path) -> None:
    table = main_table(load(results), RUNS).set_index("run")
    shift = np.mean([0, 1, 2, 3]) / 10
    np.testing.assert_allclose(table["psnr"], 9.8655 + np.array([12, 14, 0]) + shift, rtol=0, atol=1e-12)
    np.testing.assert_allclose(table["mae"], 64.125 - 3 * (np.array([12, 14, 0]) + shift), rtol=0, atol=1e-12)
    np.testing.assert_allclose(table["psnr_input"], 9.8655 + shift, rtol=0, atol=1e-12)
    assert table.loc["r-ddim-1", "nfe"] == 20 and table.loc["r-rddm-0", "parameters"] == 1_234_567


def test_the_order_of_the_records_does_not_matter(results: Path) -> None:
    records = load(results)
    mixed = records.sample(frac=1, random_state=0)
    table, other = main_table(records, RUNS), main_table(mixed, RUNS)
    pd.testing.assert_frame_equal(table, other[table.columns], rtol=1e-14)


def test_only_what_varies_has_a_column(results: Path) -> None:
    records = load(results)
    eta = main_table(records, ["r-rddm-0", "r-rddm-1"])
    assert list(eta.columns[:2]) == ["method", "sampler.eta"] and eta.columns[2] == "psnr"
    assert main_table(records, ["r-rddm-0"]).columns[1] == "psnr"


def test_seed_data_set_and_task_come_where_they_vary(results: Path, synth: SimpleNamespace) -> None:
    synth.save(results, synth.sampled("seed1", "rddm", 0.0, 13.0, seed=1))
    synth.save(results, synth.sampled("digits", "rddm", 0.0, 13.0, dataset="digits", task="masking", inputs="i-2"))
    records = load(results)
    assert list(main_table(records, ["r-rddm-0", "seed1"]).columns[:3]) == ["method", "seed", "psnr"]
    other = main_table(records, ["r-rddm-0", "digits"])
    assert list(other.columns[:3]) == ["method", "dataset", "task"]
    assert other["psnr_input"].isna().tolist() == [False, True]  # no identity on those inputs


def test_without_identity_the_inputs_are_na(results: Path) -> None:
    (results / "records" / "r-identity.parquet").unlink()
    table = main_table(load(results), ["r-rddm-0", "r-ddim-0"])
    assert table["psnr_input"].isna().all() and table["psnr"].notna().all()


def test_two_protocols_of_one_metric_are_refused(results: Path, synth: SimpleNamespace) -> None:
    changed = synth.sampled("new", "rddm", 0.0, 13.0)
    synth.save(results, changed.assign(protocol=changed["protocol"].str.replace("v1", "v2")))
    records = load(results)
    with pytest.raises(UserError, match="psnr.*psnr;8bit;v2 and psnr;8bit;v1"):
        main_table(records, ["r-rddm-0", "new"])
    alone = main_table(records, ["new"])
    assert alone["psnr_input"].isna().all()  # identity's figure has the other stamp
    assert alone.attrs["metrics"]["psnr"]["protocol"] == "psnr;8bit;v2"


def test_identity_recorded_twice_counts_once(results: Path, synth: SimpleNamespace) -> None:
    alone = main_table(load(results), ["r-rddm-0"])
    synth.save(results, synth.record("again", "identity", 0.0))
    assert main_table(load(results), ["r-rddm-0"]).equals(alone)


def test_a_missing_value_is_not_averaged_away(results: Path, synth: SimpleNamespace) -> None:
    broken = synth.sampled("broken", "rddm", 0.0, 13.0)
    broken.loc[0, "value"] = np.nan
    synth.save(results, broken)
    table = main_table(load(results), ["broken"])
    assert np.isnan(table["psnr"][0]) and table["ssim"].notna().all()


def test_runs_without_a_metric_keep_their_costs(results: Path, synth: SimpleNamespace) -> None:
    row = synth.sampled("made", "ddpm", 1.0, 0.0, task="generate").head(1)
    synth.save(results, row.assign(image="", metric="", value=np.nan, unit="", protocol=""))
    table = main_table(load(results), ["made"])
    assert "psnr" not in table and table["nfe"].tolist() == [5.0]
    both = main_table(load(results), ["made", "r-rddm-0"])
    assert both["psnr"].isna().tolist() == [True, False] and both["task"].tolist() == ["generate", "lowlight"]


def test_an_unknown_run_is_named_and_no_runs_give_no_rows(results: Path) -> None:
    with pytest.raises(UserError, match="r-lost"):
        main_table(load(results), ["r-rddm-0", "r-lost"])
    assert len(main_table(load(results), [])) == 0


def test_written_tables_are_read_back(results: Path) -> None:
    table = main_table(load(results), RUNS)
    csv, parquet = write_table(table, results / "deep" / "folder")
    back = pd.read_parquet(parquet)
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
    assert back.attrs == table.attrs
    text = pd.read_csv(csv, dtype=str)
    assert text["run"].tolist() == RUNS and [float(value) for value in text["psnr"]] == table["psnr"].tolist()
    assert sorted(os.listdir(csv.parent)) == ["table.csv", "table.parquet"]


def test_a_failed_write_leaves_the_old_table(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = load(results)
    csv, _ = write_table(main_table(records, RUNS), results)
    before = csv.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="table.csv"):
        write_table(main_table(records, RUNS[:1]), results)
    assert csv.read_bytes() == before and not list(results.glob(".*.tmp"))


HOSTILE = ['=1+1,"x"\n; y', "[bold red]x[/]", "\x1b[31mred", "日本語", "a" * 200, "'); DROP TABLE", " "]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_survive(tmp_path: Path, synth: SimpleNamespace, text: str) -> None:
    synth.save(tmp_path, synth.sampled("a", text, 0.0, 1.0, **{"sampler.name": text}))
    synth.save(tmp_path, synth.sampled("b", text, 0.0, 1.0, **{"sampler.name": "plain"}))
    csv, parquet = write_table(main_table(load(tmp_path), ["a", "b"]), tmp_path)
    for back in (pd.read_csv(csv, keep_default_na=False), pd.read_parquet(parquet)):
        assert back["method"].tolist() == [text, text] and back["sampler.name"].tolist() == [text, "plain"]
