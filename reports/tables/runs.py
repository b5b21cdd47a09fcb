"""The table of runs: one row per run, every metric beside the figure of the input that was restored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from errors import UserError
from reports.analysis.model import Estimate
from reports.records.columns import varying
from reports.tables.table import ABSENT, Column, Table, cost, number, word
from reports.wording.numbers import decimals
from reports.wording.wording import ARROWS

if TYPE_CHECKING:
    import pandas as pd

IDENTITY = "identity"  # the method that returns its input: its figures are the input's
PLACES = ("method", "dataset", "task")
# Narrow headings by cost, in the order in which they are shown: where there is no room the last ones go.
COSTS = {"nfe": "NFE", "n": "images", "seconds_per_image": "s per\nimage", "train_seconds": "train\ns"}
COSTS |= {"parameters": "para-\nmeters"}
KEPT = ("nfe", "seconds_per_image", "n", "parameters", "train_seconds", "run")


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
    table[list(KEPT)] = heads[list(KEPT)]
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


def runs_table(frame: pd.DataFrame) -> Table:
    """`main_table` as a table to be looked at.

    A metric stands as ``24.31 (9.87)``: the mean, and in brackets that of the input. Options that the method, the data
    set or the task alone decides are left out, and the number of images where it is one: a note has it.
    """
    import pandas as pd

    metrics = [str(name) for name in frame.columns if f"{name}_input" in frame.columns]
    figures = {*KEPT, *metrics, *(f"{name}_input" for name in metrics)}
    groups = frame.groupby([place for place in PLACES if place in frame.columns], dropna=False)
    kinds = groups.nunique(dropna=False).max()  # an option is shown where it differs within a method, data set and task
    words = [name for name in frame.columns if name not in figures and (name in PLACES or kinds[name] > 1)]
    costs = [name for name in COSTS if frame[name].notna().any() and (name != "n" or frame[name].nunique() > 1)]
    columns = []
    for name in words:
        cells = [ABSENT if pd.isna(value) else word(value) for value in frame[name]]
        columns.append(Column(name.replace(".", ".\n", 1), cells, "label"))
    columns += [_metric(frame, name) for name in metrics]
    for name in costs:
        cells = [cost(float(value)) for value in frame[name]]
        columns.append(Column(COSTS[name], cells, "cost", name.replace("_", " ")))
    notes = [f"images per run: {frame['n'].iloc[0]}"] if frame["n"].nunique() == 1 else []
    notes += ["means by photograph first"] if frame.attrs.get("photographs") else []
    inputs = any(frame[f"{name}_input"].notna().any() for name in metrics)
    notes += ["in brackets: the degraded input"] if inputs else []
    return Table("runs", "", "runs", "", tuple(columns), ("; ".join(notes),) if notes else ())


def _metric(frame: pd.DataFrame, name: str) -> Column:
    facts = frame.attrs.get("metrics", {}).get(name, {})
    ours, inputs = ([float(value) for value in frame[column]] for column in (name, f"{name}_input"))
    digits = decimals(Estimate(value, math.nan, math.nan) for value in (*ours, *inputs))
    known = frame[f"{name}_input"].notna().any()
    cells = [
        number(value, digits)._replace(note=number(base, digits).text if known else "")
        for value, base in zip(ours, inputs, strict=True)
    ]
    arrow = f" {ARROWS[facts['higher_is_better']]}" if facts else ""
    return Column(f"{name.upper()}{arrow}\n{facts.get('unit', '')}".strip(), cells)
