"""What a sweep has come to, read from the disk: its table, its pictures, how its points stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.keys import key
from harness.plan import Plan
from harness.sealed import Damaged
from harness.store import Store, read_npz
from sweeps.folder import write_points
from sweeps.state import Standing, Sweep

if TYPE_CHECKING:
    import pandas as pd

GRID_ROWS = 8  # methods shown in the picture grid


@dataclass(frozen=True)
class Outcome:
    """What a sweep has come to: its folder, its table, how each point stands, its pictures."""

    folder: Path
    table: pd.DataFrame | None
    points: Sequence[tuple[Mapping[str, Any], Standing]]
    grid: Path | None

    def count(self, *statuses: str) -> int:
        """The number of points that stand so."""
        return sum(standing.status in statuses for _, standing in self.points)


def folder_of(root: Path, name: str, plans: Sequence[Plan]) -> Path:
    """The sweep's folder: the same points give the same folder."""
    return root / "sweeps" / f"{name}-{key('sweep', {'runs': [plan.run for plan in plans]})[:8]}"


def collect(root: Path, folder: Path) -> Outcome:
    """Read back every point and write points.json, table.csv, table.parquet and grid.png into the folder."""
    from reports.table import write_table

    sweep = Sweep(root, folder)
    stood = {row["run"]: standing for row, standing in sweep.points}
    told = [row if row["status"] == "anchor" else _told(row, stood[row["run"]]) for row in sweep.rows]
    write_points(folder, told)
    runs = [row["run"] for row, standing in sweep.points if standing.status == "done"]
    table = table_of(root, runs, [row["run"] for row in sweep.rows if row["status"] == "anchor"])
    if table is None:
        return Outcome(folder, None, sweep.points, None)
    write_table(table, folder)
    return Outcome(folder, table, sweep.points, _pictures(sweep))


def _told(row: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    return {**row, "status": standing.status, "reason": standing.reason}


def table_of(root: Path, runs: Sequence[str], anchors: Sequence[str]) -> pd.DataFrame | None:
    """The main table of runs that are done, beside what doing nothing gives; None where there are none."""
    from reports import load
    from reports.table import main_table

    if not runs:
        return None
    return main_table(load(root, runs=list(dict.fromkeys([*runs, *anchors]))), list(dict.fromkeys(runs)))


def _pictures(sweep: Sweep) -> Path | None:
    """The grid of the first inputs among the points: degraded, each method's pictures, clean."""
    from reports.images.grid import grid, points_grid

    done = [row for row, standing in sweep.points if standing.status == "done"]
    same = [row for row in done if row["inputs"] == done[0]["inputs"]]
    store = Store(sweep.root)
    try:
        inputs = read_npz(store.entry("inputs", done[0]["inputs"]), "inputs.npz")
        rows: dict[str, np.ndarray] = {"degraded": inputs["degraded"]} if "degraded" in inputs else {}
        for row in {row["samples"]: row for row in same}.values():
            if len(rows) < GRID_ROWS:
                rows[_label(row)] = read_npz(store.entry("samples", row["samples"]), "samples.npz")["images"]
    except Damaged:  # cleared away since: the figures are in the records
        return None
    rows["clean"] = inputs["clean"]
    path = sweep.folder / "grid.png"
    draw = grid if inputs["clean"].ndim == 4 else points_grid
    draw(rows, path)
    return path


def _label(row: Mapping[str, Any]) -> str:
    swept = [word for word in row["overrides"] if not word.startswith(("method=", "results_dir=", "hydra"))]
    return " ".join([row["method"], *swept])
