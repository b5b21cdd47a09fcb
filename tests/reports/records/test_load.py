from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from errors import UserError
from harness.store.recorded import read
from reports import load
from reports.records.columns import FIXED, varying
from reports.records.scan import scan
from tests.records_for_tests import keep, kept, rewritten

RECORDED = Path(__file__).parents[1] / "recorded"


def test_every_record_is_there_and_nothing_is_changed(results: Path) -> None:
    frame = load(results)
    assert list(frame.columns[: len(FIXED)]) == list(FIXED)
    assert len(frame) == 5 * 12 and frame["run"].nunique() == 5
    for path in (results / "records").glob("*.parquet"):
        written = kept(path)
        read = frame[frame["run"] == path.stem].reset_index(drop=True)
        for name in written.columns:
            assert read[name].isna().equals(written[name].isna()), name
            assert read[name].dropna().tolist() == written[name].dropna().tolist(), name
    assert (frame["sweep"] == "").all()


def test_columns_are_a_union_and_missing_values_are_na(results: Path) -> None:
    frame = load(results)
    nothing = frame["method"] == "identity"
    assert frame.loc[nothing, "sampler.eta"].isna().all() and frame.loc[~nothing, "sampler.eta"].notna().all()
    assert frame.loc[nothing, "train_seconds"].isna().all()
    assert frame["sampler.steps"].dtype == pd.Int64Dtype()  # a missing value makes no float of a whole number


def test_runs_and_sweep_choose(results: Path) -> None:
    assert set(load(results, runs=["r-rddm-0", "r-lost"])["run"]) == {"r-rddm-0"}
    swept = load(results, sweep="etas")
    assert set(swept["run"]) == {"r-rddm-0", "r-rddm-1", "r-ddim-0", "r-ddim-1"}
    assert (swept["sweep"] == "etas").all()
    assert set(load(results, runs=["r-rddm-0", "r-identity"], sweep="etas")["run"]) == {"r-rddm-0"}


@pytest.mark.parametrize("arguments", [{}, {"runs": []}, {"runs": ["x"]}])
def test_no_records_give_the_fixed_columns(tmp_path: Path, arguments: dict[str, list[str]]) -> None:
    frame = load(str(tmp_path), **arguments)
    assert len(frame) == 0 and list(frame.columns) == list(FIXED)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", None])
def test_a_damaged_file_is_named_and_left_out(
    results: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = results / "records" / "r-rddm-1.parquet"
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    assert "r-rddm-1" not in set(load(results)["run"])
    assert len(load(results, runs=["r-rddm-0"])) == 12  # the others can still be read
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"left out, for it is damaged: {path}: ")


def altered(path: Path) -> None:
    """One figure of a record, in a file of the same size."""
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def without_note(path: Path) -> None:
    path.with_suffix(".json").unlink()


def of_another_run(path: Path) -> None:
    for suffix in (".parquet", ".json"):
        path.with_suffix(suffix).write_bytes(path.with_name(f"r-rddm-0{suffix}").read_bytes())


@pytest.mark.parametrize("spoil", [altered, without_note, of_another_run])
def test_a_record_that_no_run_wrote_so_is_left_out_by_all_who_read(
    results: Path, spoil: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path, before = results / "records" / "r-rddm-1.parquet", load(results)
    spoil(path)
    expected = before[before["run"] != "r-rddm-1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(load(results)[expected.columns], expected)
    assert set(scan(results).heads["run"]) == set(expected["run"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "r-rddm-1" in line


def test_a_parquet_file_that_is_no_record_is_named(results: Path, synth: SimpleNamespace) -> None:
    keep(pd.DataFrame({"x": [1]}), results / "records" / "other.parquet")
    with pytest.raises(UserError, match="other.parquet.*no column run"):
        load(results)
    synth.save(results, synth.record("other", "rddm", 1.0))
    rewritten(results / "records" / "other.parquet", "value", pa.array(["high"] * 12))
    with pytest.raises(UserError, match="other.parquet"):
        load(results)


def test_a_sweep_that_is_not_there_or_damaged_is_named(results: Path) -> None:
    with pytest.raises(UserError, match="'eta'.*there are: etas"):
        load(results, sweep="eta")
    whole = (results / "sweeps" / "etas" / "points.json").read_text()
    assert "r-ddim-1" in whole
    for text in ("{", "[1]", json.dumps([{"key": "x"}]), whole.replace("r-ddim-1", "r-ddim-2")):
        (results / "sweeps" / "etas" / "points.json").write_text(text)
        with pytest.raises(UserError, match="points.json"):
            load(results, sweep="etas")


def test_temporary_files_of_a_writer_are_passed_over(results: Path) -> None:
    (results / "records" / ".r-new.parquet.0123.tmp").write_bytes(b"half")
    assert load(results)["run"].nunique() == 5


def test_options_of_different_types_become_text(tmp_path: Path, synth: SimpleNamespace) -> None:
    synth.save(tmp_path, synth.record("a", "rddm", 0.0, **{"network.dim": 64, "network.x": 1, "network.y": None}))
    synth.save(
        tmp_path, synth.record("b", "rddm", 0.0, **{"network.dim": "32x64", "network.x": 0.5, "network.y": "no"})
    )
    synth.save(tmp_path, synth.record("c", "rddm", 0.0, **{"network.dim": True, "network.x": None, "network.y": None}))
    heads = load(tmp_path).drop_duplicates("run").set_index("run")
    assert heads["network.dim"].tolist() == ["64", "32x64", "true"]
    assert heads["network.x"].tolist()[:2] == [1.0, 0.5] and heads["network.x"].isna().tolist()[2]
    assert heads["network.y"].isna().tolist() == [True, False, True]


def test_texts_of_every_arrow_kind_are_read_alike(results: Path) -> None:
    """Whoever writes records with another library than ours: plain, large and coded texts."""
    before, path = load(results), results / "records" / "r-rddm-0.parquet"
    _, table = read(path)
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        rewritten(path, "image", table.column("image").cast(pa.string()).cast(kind))
        pd.testing.assert_frame_equal(load(results), before)


def test_what_varies(tmp_path: Path, synth: SimpleNamespace) -> None:
    synth.save(tmp_path, synth.sampled("a", "rddm", 0.0, 1.0, **{"schedule.sum_scale": None}))
    synth.save(tmp_path, synth.sampled("b", "rddm", 0.0, 1.0, **{"schedule.sum_scale": 0.1, "seed": 1}))
    synth.save(tmp_path, synth.sampled("c", "ddim", 0.0, 1.0, **{"ddim.only": 3, "hardware.name": "gpu"}))
    heads = load(tmp_path).drop_duplicates("run")
    assert varying(heads) == ["sampler.name", "schedule.sum_scale", "seed"]


def test_the_order_of_columns_does_not_depend_on_which_runs_there_are() -> None:
    whole = list(load(RECORDED).columns)
    for run in load(RECORDED)["run"].unique():
        some = list(load(RECORDED, runs=[run]).columns)
        assert some == [name for name in whole if name in some]
