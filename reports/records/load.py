"""Records from the disk, as one tidy table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.store.listed import points_of_sweep
from harness.store.recorded import FIGURES
from registry import SLOTS, group_of
from reports.records.columns import FIXED

if TYPE_CHECKING:
    import pandas as pd


def load(results_dir: str | Path, runs: Sequence[str] | None = None, sweep: str | None = None) -> pd.DataFrame:
    """The records below ``results_dir``: one row per (run, image, metric), and one per run that no metric applies to.

    ``runs`` keeps those keys. ``sweep``, the name of a folder in RESULTS/sweeps, keeps the runs of that sweep and
    fills the column ``sweep``. A run without a record (failed, or not yet done) has no rows. The columns are
    `columns.FIXED` and the options of all the runs, missing values NA; without records there are no rows.
    A record that is not what was written is named in a line and left out. Raises `UserError` for one that was not
    written by a run or has two figures of a picture, and for a sweep that is not there, naming the file.
    """
    import pandas as pd

    from reports.records.scan import scan  # and NumPy: not before it is needed

    root = Path(results_dir)
    wanted = None if runs is None else set(runs)
    if sweep is not None:
        members = {point["run"] for point in points_of_sweep(root, sweep)}
        wanted = members if wanted is None else wanted & members
    records = scan(root, wanted)
    figures = records.figures.drop(columns=["place", "stamp"])
    texts = {name: "string" for name, kind in FIGURES.items() if kind == "string"}
    figures = figures.astype({**texts, "higher_is_better": "boolean"})
    heads = records.heads.take(records.figures["place"].to_numpy()).reset_index(drop=True)
    table = pd.concat([heads, figures], axis=1)
    table["sweep"] = pd.Series(sweep or "", index=table.index, dtype="string")
    return table[[*FIXED, *sorted((name for name in heads.columns if name not in FIXED), key=_place)]]


def _place(column: str) -> tuple[int, str, bool, str]:
    """Where an option's column stands: by slot in the order of `registry.SLOTS`, its component first, then by name, so
    that the order does not depend on which runs there are."""
    slot, _, option = column.rpartition(".")
    groups = ("", *SLOTS, "method")
    return groups.index(group_of(slot)) if group_of(slot) in groups else len(groups), slot, option != "name", option
