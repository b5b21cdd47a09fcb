"""What is told when a sweep has come to an end, or is looked at before: table, verdicts, failures, where things lie."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from errors import UserError
from harness.planning.plan import Plan
from harness.progress import console, say
from sweeps.graph import with_identity_baselines
from sweeps.progress.collect import Outcome, collect, table_of
from sweeps.progress.status import results_words

if TYPE_CHECKING:
    import pandas as pd

FAILURES = 20  # told one by one


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
    return 1 if outcome.count("failed", "stopped") else 0


def _failures(outcome: Outcome) -> None:
    lost = [(row, standing) for row, standing in outcome.points if standing.status in ("failed", "stopped")]
    for row, standing in lost[:FAILURES]:
        say(f"{standing.status}: {' '.join(row['overrides']) or 'the default run'}: {standing.reason}")
    if len(lost) > FAILURES:
        name = f"{outcome.folder.name}{results_words(outcome.folder.parent.parent)}"
        say(f"and {len(lost) - FAILURES} more; python -m sweeps status {name}")
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


def show_unwritable(root: Path, plans: Sequence[Plan]) -> int:
    """The table of what is all done, in a store that can't be written: nothing is kept."""
    asked = [made.run for made in plans]
    table = table_of(root, asked, [made.run for made in with_identity_baselines(plans) if made.run not in asked])
    if table is not None:
        _print(table)
    say(f"{root}: can't be written, so no table, picture or report is kept")
    return 0


def _print(table: pd.DataFrame) -> None:
    from reports.tables.runs import runs_table
    from reports.writers import terminal

    console.file.flush()
    sys.stdout.write(terminal.show(runs_table(table)) + "\n")
