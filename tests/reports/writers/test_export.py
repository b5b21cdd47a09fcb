"""The main table as data: full precision, the same figures as the texts, hostile words whole."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import handmade  # noqa: E402

from errors import UserError  # noqa: E402
from reports.tables.blocks import tables_of  # noqa: E402
from reports.wording.numbers import decimals, fixed  # noqa: E402
from reports.writers.export import FORMATS, data_table, export, frame  # noqa: E402
from reports.writers.markdown import table as marked  # noqa: E402


@pytest.fixture
def written(tmp_path: Path) -> Path:
    export(handmade.report(), list(FORMATS), tmp_path)
    return tmp_path


def test_a_row_for_each_block_condition_and_metric_in_full_precision():
    made = handmade.report()
    table = frame(data_table(made))
    assert len(table) == 2 * 7 * 2 and not table.duplicated(["block", "condition", "metric"]).any()
    row = table[(table["condition"] == "rddm sampler.eta=0") & (table["metric"] == "psnr")].iloc[0]
    score = made.blocks[0].conditions[3].scores["psnr"]
    assert (row["mean"], row["mean_low"], row["mean_high"]) == (score.mean.value, score.mean.low, score.mean.high)
    assert score.comparison and row["difference"] == score.comparison.difference.value
    assert row["p_adjusted"] == score.comparison.p_adjusted and row["verdict"] == score.comparison.verdict
    assert row["sampler.eta"] == 0.0 and row["nfe"] == 5.0 and row["unit"] == "dB"
    assert table.loc[table["condition"] == "identity", "sampler.eta"].isna().all()


def test_csv_and_parquet_read_back_alike(written):
    table = frame(data_table(handmade.report()))
    parquet = pd.read_parquet(written / "table.parquet")
    csv = pd.read_csv(written / "table.csv", keep_default_na=False, na_values=[""])
    for read in (csv, parquet):
        assert list(read.columns) == list(table.columns) and len(read) == len(table)
        for name in table.select_dtypes("number").columns:
            ours, theirs = table[name].to_numpy(float), read[name].to_numpy(float)
            assert np.array_equal(ours, theirs, equal_nan=True), name
    assert list(csv["condition"]) == list(table["condition"]) == list(parquet["condition"])
    assert any(words == handmade.HOSTILE for words in csv["condition"])


def test_texts_have_the_rounded_figures_of_the_data(written):
    table = frame(data_table(handmade.report()))
    texts = {name: (written / f"table.{name}").read_text(encoding="utf-8") for name in ("md", "tex")}
    plain = texts["tex"].replace("$-$", "−").replace("{[}", "[").replace("{]}", "]")
    plain = re.sub(r"\\textbf\{([^}]*)\}", r"\1", plain)
    bare = texts["md"].replace("**", "")
    for metric, rows in table.groupby("metric"):
        block = handmade.report().blocks[0]
        means = [one.scores[str(metric)].mean for one in block.conditions]
        changes = [one.scores[str(metric)].comparison for one in block.conditions]
        digits, fine = decimals(means), decimals(one.difference for one in changes if one)
        for row in rows.to_dict("records"):
            figure = [fixed(row[name], digits) for name in ("mean", "mean_low", "mean_high")]
            wanted = f"{figure[0]} [{figure[1]}, {figure[2]}]"
            assert wanted in bare and wanted in plain
            if not row["baseline"]:
                change = fixed(row["difference"], fine, "+")
                assert f" {change} [" in bare and f" {change} [" in plain


def test_both_texts_have_the_same_cells(written):
    made = handmade.report()
    for table in (one for found in tables_of(made) for one in found):
        assert len({len(column.cells) for column in table.columns} | {len(table.rows)}) == 1
        assert marked(table) in (written / "table.md").read_text(encoding="utf-8")


def test_bytes_are_the_same_each_time(written, tmp_path):
    for name, make in FORMATS.items():
        assert make(handmade.report()) == (written / f"table.{name}").read_bytes(), name


def test_options_of_mixed_types_become_text(tmp_path):
    made = handmade.report()
    conditions = list(made.blocks[0].conditions)
    for place, value in enumerate((1, "one", None, 2.5, True)):
        conditions[place] = replace(conditions[place], options={"odd": value})
    made = replace(made, blocks=(replace(made.blocks[0], conditions=tuple(conditions)),))
    export(made, ["parquet"], tmp_path)
    found = pd.read_parquet(tmp_path / "table.parquet").drop_duplicates("condition")["odd"]
    assert list(found.fillna("none")) == ["1", "one", "none", "2.5", "True", "none", "none"]


def test_nothing_is_written_for_a_format_that_there_is_not(tmp_path):
    with pytest.raises(UserError, match="--format xls: no such format; .*"):
        export(handmade.report(), ["csv", "xls"], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_report_without_blocks_has_an_empty_table(tmp_path):
    made = replace(handmade.report(), blocks=())
    paths = export(made, list(FORMATS), tmp_path)
    assert all(path.exists() for path in paths) and pd.read_parquet(io.BytesIO(paths[3].read_bytes())).empty
