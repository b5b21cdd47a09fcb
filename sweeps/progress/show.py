"""What a sweep has come to, read from the disk and told: table, verdicts, failures, where things lie."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import UserError
from harness.planning.plan import Plan
from harness.progress import console, first_of, say
from harness.store.listed import write_points
from sweeps.progress.pictures import Grid, draw
from sweeps.progress.state import LOST, Standing, Sweep
from sweeps.progress.status import loss_lines, results_words

if TYPE_CHECKING:
    import pandas as pd

FAILURES = 20  # told one by one


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


def collect(root: Path, folder: Path) -> Outcome:
    """Read back every point and write points.json, table.csv, table.parquet and grid.png into the folder."""
    from reports.writers.export import write_table

    sweep = Sweep(root, folder)
    stood = {row["run"]: standing for row, standing in sweep.points}
    update = {run: {"status": standing.status, "reason": standing.reason} for run, standing in stood.items()}
    identities = [row["run"] for row in sweep.rows if row["status"] == "identity"]
    write_points(folder, [row if row["status"] == "identity" else row | update[row["run"]] for row in sweep.rows])
    done = [row for row, standing in sweep.points if standing.status == "done"]
    table = table_of(root, [row["run"] for row in done], identities)
    if table is None:
        return Outcome(folder, None, sweep.points, None)
    write_table(table, folder)
    return Outcome(folder, table, sweep.points, draw(done, sweep.store, folder / "grid.png"))


def table_of(root: Path, runs: Sequence[str], identities: Sequence[str]) -> pd.DataFrame | None:
    """The main table of runs that are done, beside what doing nothing gives; None where there are none."""
    from reports import load
    from reports.tables.runs import main_table

    if not runs:
        return None
    return main_table(load(root, runs=list(dict.fromkeys([*runs, *identities]))), list(dict.fromkeys(runs)))


def show(root: Path, folder: Path, notes: Sequence[str], report: bool) -> int:
    """Collect, and print table, failures and report; the exit status: 1 where a point failed or was stopped."""
    outcome = collect(root, folder)
    if outcome.table is not None:
        _print(outcome.table)
    for note in notes:
        say(f"note: {note}")
    _failures(outcome)
    if report:
        tell_report(root, folder)
    if outcome.grid is not None:
        say(f"pictures: {outcome.grid.path}")
        if outcome.grid.note:
            say(f"          {outcome.grid.note}")
    if outcome.table is not None:
        say(f"table:    {folder / 'table.csv'} (and .parquet)")
        say(f"records:  {root / 'records'} ({outcome.count('done')} of {len(outcome.points)} runs)")
    return 1 if outcome.count(*LOST) else 0


def _failures(outcome: Outcome) -> None:
    name = f"{outcome.folder.name}{results_words(outcome.folder.parent.parent)}"
    for line in first_of(loss_lines(outcome.points), FAILURES, f"and {{}} more; python -m sweeps status {name}"):
        say(line)
    unfinished = outcome.count("running", "waiting")
    if unfinished:
        say(f"{outcome.count('done')} of {len(outcome.points)} points are done; {unfinished} run or wait")


def tell_report(root: Path, folder: Path) -> None:
    """Say who wins, and write the sweep's report; what was measured is on the disk whatever comes of it."""
    from reports.build import analysis_of, write

    try:
        made = analysis_of(root, folder.name, "")
        for block in made.blocks:
            for verdict in block.verdicts[: len(block.metrics)]:
                say(f"{block.name}: {verdict}")
        say(made.conditional)
        say(f"report:   {write(made, root, folder / 'report')}")
    except UserError as error:
        say(f"no report: {error}")


def show_unwritable(root: Path, plans: Sequence[Plan], everything: Sequence[Plan]) -> int:
    """The table of what is all done, in a store that can't be written: nothing is kept."""
    asked = [plan.run for plan in plans]
    table = table_of(root, asked, [plan.run for plan in everything if plan.run not in asked])
    if table is not None:
        _print(table)
    say(f"{root}: can't be written, so no table, picture or report is kept")
    return 0


def _print(table: pd.DataFrame) -> None:
    from reports.tables.runs import runs_table
    from reports.writers import terminal

    console.file.flush()
    sys.stdout.write(terminal.show(runs_table(table)) + "\n")
