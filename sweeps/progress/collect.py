"""What a sweep has come to, read from the disk: its table, its pictures, how its points stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.planning.plan import Plan
from harness.store.keys import key
from harness.store.listed import write_points
from sweeps.progress.pictures import Grid, draw
from sweeps.progress.state import Standing, Sweep

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Outcome:
    """What a sweep has come to: its folder, its table, how each point stands, its pictures."""

    folder: Path
    table: pd.DataFrame | None
    points: Sequence[tuple[Mapping[str, Any], Standing]]
    grid: Grid | None

    def count(self, *statuses: str) -> int:
        """The number of points that stand so."""
        return sum(standing.status in statuses for _, standing in self.points)


def folder_of(root: Path, name: str, plans: Sequence[Plan]) -> Path:
    """The sweep's folder: the same points give the same folder."""
    return root / "sweeps" / f"{name}-{key('sweep', {'runs': [plan.run for plan in plans]})[:8]}"


def collect(root: Path, folder: Path) -> Outcome:
    """Read back every point and write points.json, table.csv, table.parquet and grid.png into the folder."""
    from reports.writers.export import write_table

    sweep = Sweep(root, folder)
    stood = {row["run"]: standing for row, standing in sweep.points}
    told = [row if row["status"] == "identity" else _told(row, stood[row["run"]]) for row in sweep.rows]
    write_points(folder, told)
    runs = [row["run"] for row, standing in sweep.points if standing.status == "done"]
    table = table_of(root, runs, [row["run"] for row in sweep.rows if row["status"] == "identity"])
    if table is None:
        return Outcome(folder, None, sweep.points, None)
    write_table(table, folder)
    done = [row for row, standing in sweep.points if standing.status == "done"]
    return Outcome(folder, table, sweep.points, draw(done, sweep.store, folder / "grid.png"))


def _told(row: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    return {**row, "status": standing.status, "reason": standing.reason}


def table_of(root: Path, runs: Sequence[str], identities: Sequence[str]) -> pd.DataFrame | None:
    """The main table of runs that are done, beside what doing nothing gives; None where there are none."""
    from reports import load
    from reports.tables.runs import main_table

    if not runs:
        return None
    return main_table(load(root, runs=list(dict.fromkeys([*runs, *identities]))), list(dict.fromkeys(runs)))
