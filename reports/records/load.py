"""Records from the disk, as one tidy table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.store.listed import points_of_sweep
from reports.records.columns import FIXED

if TYPE_CHECKING:
    import pandas as pd

    from reports.records.scan import Records


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
    table = pd.concat(
        [part.reset_index(drop=True) for part in (records.heads.take(records.run), _figures(records))], axis=1
    )
    table["sweep"] = pd.Series(sweep or "", index=table.index, dtype="string")
    return table[[*FIXED, *(name for name in records.heads.columns if name not in FIXED)]]


def _figures(records: Records) -> pd.DataFrame:
    """The columns that differ between the figures of a run."""
    import numpy as np
    import pandas as pd

    kinds = {"metric": "string", "protocol": "string", "unit": "string", "higher_is_better": "boolean"}
    stamps = pd.DataFrame(records.stamps, columns=list(kinds)).astype(kinds)
    replicates = np.full(len(records.value), None, object)
    for place, values in records.replicates.items():
        replicates[place] = values
    return stamps.take(records.stamp).assign(
        image=pd.Series(records.images, dtype="string").take(records.image).array,
        source=pd.Series([*records.sources, ""], dtype="string").take(records.source).array,
        value=records.value,
        floor=records.floor,
        units=records.units,
        replicates=replicates,
    )
