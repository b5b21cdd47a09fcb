"""The main table: one row per run, every metric beside the figure of the input that was restored."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from errors import UserError
from harness.store.files import write_atomic
from reports.records.columns import varying
from reports.writers.terminal import show

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["main_table", "show", "write_table"]

IDENTITY = "identity"  # the method that returns its input: its figures are the input's
COSTS = ("nfe", "seconds_per_image", "n", "parameters", "train_seconds", "run")


def main_table(records: pd.DataFrame, runs: Sequence[str]) -> pd.DataFrame:
    """One row per run, in the order of ``runs``: method, what varies, the means of the metrics, the costs.

    Data set and task stand only where they vary, options as `columns.varying` tells. For each metric the mean over
    the images, by photograph first where several are cut from one, and as ``<metric>_input`` the identity method's
    mean on the same inputs under the same protocol, from anywhere in ``records``; NA where there is none. A mean over a
    missing value is NA. Units, directions and protocols are in ``attrs["metrics"]``, by metric.
    Raises `UserError` for a run that ``records`` lack and for a metric that has more than one protocol stamp.
    """
    heads = records.drop_duplicates("run").set_index("run", drop=False)
    unknown = [run for run in runs if run not in heads.index]
    if unknown:
        raise UserError(f"run {unknown[0]}: has no record; run it first, or leave it out")
    heads = heads.loc[list(runs)].reset_index(drop=True)
    scored = records[(records["metric"] != "") & records["run"].isin(list(runs))]
    metrics = _stamps(scored)
    places = [name for name in ("dataset", "task") if heads[name].nunique() > 1]
    table = heads[["method", *places, *varying(heads)]].copy()
    identities = records[records["method"] == IDENTITY]
    for name, stamp in metrics.items():
        ours, theirs = scored[scored["metric"] == name], identities[identities["metric"] == name]
        table[name] = _means(ours, "run").reindex(heads["run"]).to_numpy()
        same = theirs[theirs["protocol"] == stamp["protocol"]]
        table[f"{name}_input"] = _means(same, "inputs").reindex(heads["inputs"]).to_numpy()
    table[list(COSTS)] = heads[list(COSTS)]
    table.attrs |= {"metrics": metrics, "photographs": bool((scored["source"].fillna("") != "").any())}
    return table


def _stamps(scored: pd.DataFrame) -> dict[str, dict[str, str | bool]]:
    """Unit, direction and protocol by metric, in the order in which the metrics first come."""
    columns = ["metric", "protocol", "unit", "higher_is_better"]
    found: dict[str, dict[str, str | bool]] = {}
    for name, *stamp in scored[columns].drop_duplicates(["metric", "protocol"]).itertuples(index=False):
        if name in found:
            both = f"{found[name]['protocol']} and {stamp[0]}"
            raise UserError(f"metric {name}: the runs have two protocols, {both}; score them anew or tell them apart")
        found[name] = {"protocol": stamp[0], "unit": stamp[1], "higher_is_better": bool(stamp[2])}
    return found


def _means(rows: pd.DataFrame, by: str) -> pd.Series:
    groups = rows["value"].isna().groupby(rows[by]).any()
    photographs = rows["source"].fillna("").where(rows["source"].fillna("") != "", rows["image"])
    return rows.groupby([by, photographs])["value"].mean().groupby(level=0).mean().mask(groups)


def write_table(table: pd.DataFrame, folder: str | Path) -> tuple[Path, Path]:
    """Write table.csv and table.parquet into a folder, which is made; each is whole or not there. Gives their paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    csv, parquet = folder / "table.csv", folder / "table.parquet"
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_atomic(csv, table.to_csv(index=False, lineterminator="\n").encode())
    write_atomic(parquet, buffer.getvalue())
    return csv, parquet
