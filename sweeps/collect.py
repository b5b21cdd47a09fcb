"""After the last point: what was done, what failed, the table and the pictures, all read from the disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness import records
from harness.files import write_atomic
from harness.keys import key
from harness.plan import Plan, anchor
from harness.store import Damaged, Store, read_npz
from registry import find

if TYPE_CHECKING:
    import pandas as pd

GRID_ROWS = 8  # methods shown in the picture grid


@dataclass(frozen=True)
class Outcome:
    """What a command left: its folder, its table, the reasons of its failures by override, its pictures."""

    folder: Path
    table: pd.DataFrame | None
    failures: dict[str, str]
    grid: Path | None
    notes: list[str]


def folder_of(root: Path, name: str, plans: Sequence[Plan]) -> Path:
    """The sweep's folder: the same points give the same folder."""
    return root / "sweeps" / f"{name}-{key('sweep', {'runs': [plan.run for plan in plans]})[:8]}"


def collect(store: Store, folder: Path, plans: Sequence[Plan]) -> Outcome:
    """Read back every point and write points.json, table.csv, table.parquet and grid.png into the folder."""
    from reports import load
    from reports.table import main_table, write_table

    done = [plan for plan in plans if records.path_of(store.root, plan.run).exists()]
    failures = {" ".join(plan.point.overrides): _reason(store, plan) for plan in plans if plan not in done}
    folder.mkdir(parents=True, exist_ok=True)
    anchors = {nothing.run: nothing for plan in done if (nothing := anchor(plan.point))}
    points = [_point(store, plan) for plan in plans]
    # Doing nothing belongs to the sweep's records, though it is none of its points.
    points += [_point(store, nothing) | {"status": "anchor"} for nothing in anchors.values()]
    write_atomic(folder / "points.json", json.dumps(points, indent=1).encode())
    if not done:
        return Outcome(folder, None, failures, None, [])
    runs = list(dict.fromkeys(plan.run for plan in done))
    table = main_table(load(store.root, runs=list(dict.fromkeys([*runs, *anchors]))), runs)
    write_table(table, folder)
    return Outcome(folder, table, failures, _pictures(store, folder, done), notes(done))


def _point(store: Store, plan: Plan) -> dict[str, object]:
    reason = "" if records.path_of(store.root, plan.run).exists() else _reason(store, plan)
    status = "failed" if reason else "done"
    return {"run": plan.run, "status": status, "overrides": list(plan.point.overrides), "reason": reason}


def _reason(store: Store, plan: Plan) -> str:
    try:
        return str(store.entry("failures", plan.run).failure()["reason"])
    except Damaged:
        return "did not run to its end"


def notes(plans: Sequence[Plan]) -> list[str]:
    """Metrics that had nothing to measure; where a point leaves its method's reference, in the method's own words."""
    from harness.points import inside

    asked = dict.fromkeys(name for plan in plans for name in plan.point.config["metrics"])
    idle = [name for name in asked if not any(name in plan.scores for plan in plans)]
    found = [f"nothing to measure for metrics={name}: {_needs(name)}" for name in idle]
    for plan in plans:
        for column, rule in find("method", plan.point.name("method")).facts.get("departs", {}).items():
            kind = find("task", plan.point.name("task")).facts["kind"]
            value = plan.columns.get(column)
            if kind == rule["kind"] and value is not None and inside(value, rule["interval"]):
                found.append(rule["note"])
    return list(dict.fromkeys(found))


def _needs(metric: str) -> str:
    facts = find("metrics", metric).facts
    said = {
        "pair": "the true picture of each degraded one",
        "mask": "masks",
        "likelihood": "a method with a likelihood",
    }
    wanted = [said[need] for need in facts.get("needs", ("pair",))]
    return f"it needs {' and '.join(wanted) or facts.get('data', 'pictures')}"


def _pictures(store: Store, folder: Path, plans: Sequence[Plan]) -> Path | None:
    """The grid of the first inputs among the plans: degraded, each method's pictures, clean."""
    from reports.images.grid import grid, points_grid

    first = plans[0].inputs.key
    same = [plan for plan in plans if plan.inputs.key == first]
    inputs = read_npz(store.entry("inputs", first), "inputs.npz")
    rows: dict[str, np.ndarray] = {"degraded": inputs["degraded"]} if "degraded" in inputs else {}
    for plan in {plan.samples.key: plan for plan in same}.values():
        if len(rows) < GRID_ROWS:
            rows[_label(plan)] = read_npz(store.entry("samples", plan.samples.key), "samples.npz")["images"]
    rows["clean"] = inputs["clean"]
    path = folder / "grid.png"
    draw = grid if inputs["clean"].ndim == 4 else points_grid
    draw(rows, path)
    return path


def _label(plan: Plan) -> str:
    swept = [word for word in plan.point.overrides if not word.startswith(("method=", "results_dir="))]
    return " ".join([plan.point.name("method"), *swept])
