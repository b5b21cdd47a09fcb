"""Tables as files: CSV and Parquet in full precision, LaTeX and Markdown as the report has them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from errors import UserError
from harness.store.files import write_files
from registry import nearest
from reports.analysis.model import Report
from reports.tables.blocks import tables_of
from reports.tables.data import data_table
from reports.tables.table import Table

NAME = "table"


def frame(table: Table) -> pd.DataFrame:
    """The values of a table; a column of several types becomes text, for a column of Parquet has one type."""
    columns = [pd.Series([cell.value for cell in column.cells], name=column.head) for column in table.columns]
    mixed = [one.dtype == object and len({type(value) for value in one.dropna()}) > 1 for one in columns]
    columns = [one.map(str, na_action="ignore") if text else one for one, text in zip(columns, mixed, strict=True)]
    return pd.concat(columns, axis=1) if columns else pd.DataFrame()


def _bytes(table: pd.DataFrame, kind: str) -> bytes:
    if kind == "csv":
        return table.to_csv(index=False, lineterminator="\n").encode()
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _text(report: Report, kind: str) -> bytes:
    from reports.writers import latex, markdown

    found = tables_of(report)
    if kind == "tex":
        return "\n".join(latex.table(one) for tables in found for one in latex.chosen(tables)).encode()
    return "\n\n".join(markdown.table(one) for tables in found for one in tables).encode() + b"\n"


FORMATS: Mapping[str, Callable[[Report], bytes]] = {
    "csv": lambda report: _bytes(frame(data_table(report)), "csv"),
    "tex": lambda report: _text(report, "tex"),
    "md": lambda report: _text(report, "md"),
    "parquet": lambda report: _bytes(frame(data_table(report)), "parquet"),
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
    return write_files(folder, {f"{NAME}.{kind}": _bytes(table, kind) for kind in ("csv", "parquet")})
