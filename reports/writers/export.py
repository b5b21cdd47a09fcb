"""Tables as files: CSV and Parquet in full precision, LaTeX and Markdown as the report has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from errors import UserError
from harness.store.files import write_files
from registry import nearest
from reports.analysis.model import Block, Comparison, Condition, Estimate, Report
from reports.tables.blocks import tables_of
from reports.tables.table import NONE, Column, Table, word
from reports.wording.wording import COSTS
from reports.writers import latex, markdown

NAME = "table"
SHARED = ("images", "photographs", "infinite", "seeds")  # what a condition and its baseline both have
NOT_COMPARED = Comparison(NONE, NONE, math.nan, math.nan, "", math.nan, 0, 0, "inconclusive")


def data_table(report: Report) -> Table:
    """The mean of each condition on each metric with its interval, its comparison with the baseline, its costs, options
    and command. Options that a condition does not have are missing."""
    found = [(block, one, name) for block in report.blocks for one in block.conditions for name in one.scores]
    rows = [_row(*one) for one in found]
    options = dict.fromkeys(name for _, one, _ in found for name in one.options)
    columns = [Column(head, [word(row[head]) for row in rows]) for head in (rows[0] if rows else ())]
    columns += [Column(name, [word(one.options.get(name)) for _, one, _ in found]) for name in options]
    return Table("data", "", "table", "", tuple(columns))


def _row(block: Block, condition: Condition, metric: str) -> dict[str, Any]:
    facts, score = block.metrics[metric], condition.scores[metric]
    compared = score.comparison or NOT_COMPARED
    row: dict[str, Any] = {"block": block.name, "dataset": block.dataset, "task": block.task}
    row |= {"method": condition.method, "condition": condition.label}
    row |= {"baseline": condition.key == block.baseline, "metric": metric}
    row |= {name: getattr(facts, name) for name in ("unit", "higher_is_better", "protocol")}
    row |= _named("mean", score.mean) | {name: getattr(score, name) for name in ("best", "images", "infinite")}
    row |= {"seeds": " ".join(map(str, condition.seeds)), "runs": " ".join(condition.runs)}
    row |= _named("difference", compared.difference) | _named("win_rate", compared.win_rate)
    row |= {name: getattr(compared, name) for name in ("p", "p_adjusted", "detectable", "adjustment")}
    row |= {"verdict": compared.verdict if score.comparison else ""}
    row |= {"shared_mean": compared.means[0], "baseline_shared_mean": compared.means[1], "counted": facts.counted}
    row |= {f"shared_{name}": getattr(compared, name) for name in SHARED}
    row |= {name: condition.costs[name] for name in COSTS}
    return row | {"command": condition.command}


def _named(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def frame(table: Table) -> pd.DataFrame:
    """The values of a table; a column of several types becomes text, for a column of Parquet has one type."""
    columns = [pd.Series([cell.value for cell in column.cells], name=column.head) for column in table.columns]
    mixed = [one.dtype == object and len({type(value) for value in one.dropna()}) > 1 for one in columns]
    columns = [one.map(str, na_action="ignore") if text else one for one, text in zip(columns, mixed, strict=True)]
    return pd.concat(columns, axis=1) if columns else pd.DataFrame()


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _parquet(table: pd.DataFrame) -> bytes:
    return table.to_parquet(index=False)


def _latex(report: Report) -> bytes:
    return "\n".join(latex.table(one) for tables in tables_of(report) for one in latex.chosen(tables)).encode()


def _markdown(report: Report) -> bytes:
    return "\n\n".join(markdown.table(one) for tables in tables_of(report) for one in tables).encode() + b"\n"


FORMATS: Mapping[str, Callable[[Report], bytes]] = {
    "csv": lambda report: _csv(frame(data_table(report))),
    "tex": _latex,
    "md": _markdown,
    "parquet": lambda report: _parquet(frame(data_table(report))),
}


def checked(formats: Sequence[str]) -> list[str]:
    """The formats, each once. Raises `UserError` for one that there is not."""
    for name in formats:
        if name not in FORMATS:
            raise UserError(f"--format {name}: no such format; {nearest(name, FORMATS)}")
    return list(dict.fromkeys(formats))


def export(report: Report, formats: Sequence[str], folder: Path) -> list[Path]:
    """Write ``table.<format>`` into a folder, which is made, for formats among csv, tex, md, parquet; gives the paths.

    csv and parquet are `data_table`; md and tex are the tables of the report. Nothing is written unless all formats
    could be made. Raises `UserError` for an unknown format and for a folder that can't be written.
    """
    return write_files(folder, {f"{NAME}.{name}": FORMATS[name](report) for name in checked(formats)})


def write_table(table: pd.DataFrame, folder: str | Path) -> list[Path]:
    """Write table.csv and table.parquet into a folder, which is made; each is whole or not there. Gives their paths."""
    return write_files(folder, {f"{NAME}.csv": _csv(table), f"{NAME}.parquet": _parquet(table)})
