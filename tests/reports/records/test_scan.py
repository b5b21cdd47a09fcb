from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from errors import UserError
from harness.store.recorded import FIGURES, head_of
from reports import load
from reports.records.scan import scan
from tests.records_for_tests import keep, kept, rewritten


def same(root: Path, runs: list[str] | None = None) -> None:
    """Heads and figures are those of the one tidy table."""
    found, tidy = scan(root, runs), load(root, runs)
    heads = tidy.drop_duplicates("run").reset_index(drop=True)
    assert set(found.heads.columns) == set(tidy.columns) - set(FIGURES) - {"sweep"}
    for name in found.heads.columns:
        assert found.heads[name].isna().tolist() == heads[name].isna().tolist(), name
        assert found.heads[name].dropna().tolist() == heads[name].dropna().tolist(), name
    assert found.heads["run"][found.figures["place"]].tolist() == tidy["run"].tolist()
    for name in FIGURES:
        assert found.figures[name].astype(object).fillna("-").tolist() == tidy[name].astype(object).fillna("-").tolist()
    for place, name in enumerate(("metric", "protocol", "unit", "higher_is_better")):
        assert [found.stamps[code][place] for code in found.figures["stamp"]] == tidy[name].tolist()


def test_heads_and_figures_are_those_of_load(results: Path, synth: SimpleNamespace) -> None:
    same(results)
    same(results, ["r-rddm-0", "r-lost"])
    synth.save(results, synth.sampled("odd", "rddm", 0.5, 1.0, **{"schedule.x": None, "network.wide": True}))
    same(results)


def test_long_texts_and_missing_costs_are_kept(results: Path, synth: SimpleNamespace) -> None:
    synth.save(results, synth.sampled("long", "rddm", -0.0, 1.0, packages="x" * 9000, train_seconds=np.nan))
    same(results)
    head = scan(results).heads.set_index("run").loc["long"]
    assert head["packages"] == "x" * 9000 and np.isnan(head["train_seconds"])


@pytest.mark.parametrize(("name", "value"), [("nfe", "five"), ("seed", 0.5), ("run", 3)])
def test_a_head_of_wrong_types_is_named(results: Path, synth: SimpleNamespace, name: str, value: object) -> None:
    path = results / "records" / "odd.parquet"
    keep(synth.record("odd", "rddm", 1.0).assign(**{name: value}), path)
    with pytest.raises(UserError, match=f"odd.parquet.*{value!r} is no {name}"):
        scan(results)


def test_a_record_says_its_options_once_and_is_small(tmp_path: Path, synth: SimpleNamespace) -> None:
    """The rows are figures alone: a picture more costs its name and its figures, not every option again."""
    table = synth.sampled("many", "rddm", 0.5, 1.0)
    many = pd.concat([table.assign(image=table["image"] + f"-{k}") for k in range(50)], ignore_index=True)
    synth.save(tmp_path, many)
    path = tmp_path / "records" / "many.parquet"
    assert pq.ParquetFile(path).schema_arrow.names == list(FIGURES) and path.stat().st_size < 3500 + 12 * len(many)
    assert head_of(path) == {name: table[name][0] for name in table if name not in FIGURES}


def test_options_of_two_types_become_text(tmp_path: Path, synth: SimpleNamespace) -> None:
    for run, value in (("a", 64), ("b", "32x64"), ("c", True), ("d", None)):
        synth.save(tmp_path, synth.record(run, "rddm", 0.0, **{"network.dim": value}))
    same(tmp_path)


def test_floors_and_replicates_stand_at_their_rows(tmp_path: Path, synth: SimpleNamespace) -> None:
    table = synth.record("a", "rddm", 0.0)
    row = table.head(1).assign(image="", metric="fd", floor=0.5, replicates=[[1.0, 2.0, np.nan]])
    synth.save(tmp_path, pd.concat([table, row], ignore_index=True))
    synth.save(tmp_path, synth.record("b", "rddm", 0.0))
    found = scan(tmp_path)
    assert found.figures["replicates"].first_valid_index() == len(table) and found.figures["floor"][len(table)] == 0.5
    np.testing.assert_array_equal(found.figures["replicates"][len(table)], [1.0, 2.0, np.nan])
    assert found.figures["replicates"].count() == found.figures["floor"].count() == 1
    assert len(load(tmp_path)) == len(found.figures)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", None])
def test_a_damaged_file_is_named_and_left_out(
    results: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = results / "records" / "r-rddm-1.parquet"
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    assert "r-rddm-1" not in set(scan(results).heads["run"]) and len(scan(results, ["r-rddm-0"]).figures) == 12
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"left out, for it is damaged: {path}: ")


def test_a_file_that_is_no_record_is_named(results: Path, synth: SimpleNamespace) -> None:
    keep(pd.DataFrame({"x": [1]}), results / "records" / "other.parquet")
    with pytest.raises(UserError, match="other.parquet.*no column run"):
        scan(results)
    synth.save(results, synth.record("other", "rddm", 1.0))
    rewritten(results / "records" / "other.parquet", "value", pa.array(["high"] * 12))
    with pytest.raises(UserError, match="other.parquet"):
        scan(results)
    synth.save(results, synth.record("other", "rddm", 1.0))
    path = results / "records" / "other.parquet"
    keep(kept(path).head(0), path)
    with pytest.raises(UserError, match="other.parquet"):
        scan(results)


def test_no_records_are_no_runs(tmp_path: Path) -> None:
    found = scan(tmp_path)
    assert len(found.heads) == len(found.figures) == len(found.stamps) == 0 and "method" in found.heads


def test_nothing_heavy_is_needed() -> None:
    """Reading and analysing import neither torch nor matplotlib, nor all of scipy.stats, which takes a second."""
    import subprocess

    heavy = ("torch", "scipy.stats", "matplotlib")
    code = f"import reports.analysis.analyse, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
