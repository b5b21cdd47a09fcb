"""Records made by hand, with the notes that whoever reads them asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from harness.store.listed import write_points
from harness.store.recorded import write_note


def noted(path: Path) -> Path:
    """Write the note beside a record, as if a run had written the file."""
    write_note(path, path.read_bytes(), {})
    return path


def keep(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as a record."""
    table.to_parquet(path, index=False)
    return noted(path)


def listed(folder: Path, points: Sequence[Mapping[str, Any]]) -> None:
    """Write the points of a sweep of which only a part is told."""
    rest = {"status": "done", "overrides": [], "reason": "", "method": "rddm", "trainings": {}, "scores": {}}
    rest |= {"inputs": "inputs", "samples": "samples", "references": "references"}
    write_points(folder, [{**rest, **point} for point in points])
