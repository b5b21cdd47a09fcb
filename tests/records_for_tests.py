"""Records made by hand, with the notes that whoever reads them asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from harness.store.listed import write_points
from harness.store.recorded import FIGURES, HEAD, pack, read, write_note


def noted(path: Path) -> Path:
    """Write the note beside a record, as if a run had written the file."""
    write_note(path, path.read_bytes(), {})
    return path


def keep(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as a record: what is no figure's own is its head, as its first row has it."""
    rest = table.drop(columns=list(FIGURES), errors="ignore")
    head = {} if table.empty else {str(name): _plain(column.iloc[0]) for name, column in rest.items()}
    path.write_bytes(pack(head, table[[name for name in FIGURES if name in table]]))
    return noted(path)


def rewritten(path: Path, name: str, column: Any) -> Path:
    """A record with another column of figures, as somebody else's program might write it."""
    head, table = read(path)
    other = table.set_column(table.schema.get_field_index(name), name, column)
    pq.write_table(other.replace_schema_metadata({HEAD: json.dumps(head)}), path)
    return noted(path)


def kept(path: Path) -> pd.DataFrame:
    """A record as the table that `keep` was given."""
    head, figures = read(path)
    table = figures.to_pandas()
    texts = {name: object for name, kind in FIGURES.items() if kind == "string"}
    return table.astype(texts).dropna(axis=1, how="all").assign(**head)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def listed(folder: Path, points: Sequence[Mapping[str, Any]]) -> None:
    """Write the points of a sweep of which only a part is told."""
    rest = {"status": "done", "overrides": [], "reason": "", "method": "rddm", "trainings": {}, "scores": {}}
    rest |= {"inputs": "inputs", "samples": "samples", "references": "references"}
    write_points(folder, [{**rest, **point} for point in points])
