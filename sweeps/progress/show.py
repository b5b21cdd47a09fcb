"""What a sweep has come to, read from the disk and told: table, verdicts, failures, where things lie."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import UserError
from harness.planning.plan import Plan
from harness.progress import console, first_of, say
from harness.store.listed import write_points
from sweeps.progress.pictures import draw
from sweeps.progress.state import LOST, UNSETTLED, Standing, Sweep
from sweeps.progress.status import loss_lines, results_words

if TYPE_CHECKING:
    import pandas as pd

FAILURES = 20  # told one by one


def collect(sweep: Sweep) -> tuple[pd.DataFrame | None, str | None]:
    """Read back every point and write points.json, table.csv, table.parquet and grid.png into the sweep's folder: the
    table, and what the grid leaves out; None for what was not written."""
    from reports.writers.export import write_table

    stood = {row["run"]: {"status": standing.status, "reason": standing.reason} for row, standing in sweep.points}
    write_points(sweep.folder, [row | stood.get(row["run"], {}) for row in sweep.rows])
    done = [row for row, standing in sweep.points if standing.status == "done"]
    identities = [row["run"] for row in sweep.rows if row["status"] == "identity"]
    table = table_of(sweep.root, [row["run"] for row in done], identities)
    if table is None:
        return None, None
    write_table(table, sweep.folder)
    return table, draw(done, sweep.store, sweep.folder / "grid.png")


def table_of(root: Path, runs: Sequence[str], identities: Sequence[str]) -> pd.DataFrame | None:
    """The main table of runs that are done, beside what doing nothing gives; None where there are none."""
    from reports import load
    from reports.tables.runs import main_table

    if not runs:
        return None
    return main_table(load(root, runs=list(dict.fromkeys([*runs, *identities]))), list(dict.fromkeys(runs)))


def show(root: Path, folder: Path, notes: Sequence[str], report: bool) -> int:
    """Collect, and print table, failures and report; the exit status: 1 where a point failed or was stopped."""
    sweep = Sweep(root, folder)
    table, left_out = collect(sweep)
    if table is not None:
        _print(table)
    for note in notes:
        say(f"note: {note}")
    counts = _failures(sweep.points, f"{folder.name}{results_words(root)}")
    if report:
        tell_report(root, folder)
    if left_out is not None:
        say(f"pictures: {folder / 'grid.png'}")
        if left_out:
            say(f"          {left_out}")
    if table is not None:
        say(f"table:    {folder / 'table.csv'} (and .parquet)")
        say(f"records:  {root / 'records'} ({counts['done']} of {len(sweep.points)} runs)")
    return 1 if any(counts[name] for name in LOST) else 0


def _failures(points: Sequence[tuple[Mapping[str, Any], Standing]], name: str) -> Counter[str]:
    """Tell which points failed or are not done; how many there are by status."""
    for line in first_of(loss_lines(points), FAILURES, f"and {{}} more; python -m sweeps status {name}"):
        say(line)
    counts = Counter(standing.status for _, standing in points)
    unfinished = sum(counts[status] for status in UNSETTLED)
    if unfinished:
        say(f"{counts['done']} of {len(points)} points are done; {unfinished} run or wait")
    return counts


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
