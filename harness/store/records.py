"""The tidy record of a run: one row per picture and metric, with the options, the costs and where it came from."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.planning.plan import Plan
from harness.progress import say
from harness.store.files import plainly
from harness.store.recorded import check, has, path_of, write_record
from harness.store.sealed import Damaged
from registry import FOLDERS, ROOT

if TYPE_CHECKING:
    import pandas as pd

# By metric: the facts of its stamp and its arrays, as `harness.evaluation.score` gives them.
Scores = Mapping[str, tuple[Mapping[str, Any], Mapping[str, np.ndarray]]]
COMMIT = ".commit"  # in a frozen copy of the code: the commit that it was taken from
PACKAGES = ("torch", "diffusers", "torchmetrics", "numpy", "hydra-core", "safetensors")


def holds(root: Path, plan: Plan) -> bool:
    """Whether the record of a plan is there, with all that was asked for."""
    return has(root, plan.run, {name: node.key for name, node in plan.scores.items()})


def rows(plan: Plan, scores: Scores, sources: Mapping[str, str], cost: Mapping[str, Any]) -> pd.DataFrame:
    """The record as a table; a run that no metric applies to keeps one row, for its costs.

    ``sources`` names the photograph that each picture was cut from, by the picture's id. A set metric has one row,
    without image and source, with its floor, its bootstrap replicates and their units.
    """
    import pandas as pd

    tables = [_rows(name, facts, arrays, sources) for name, (facts, arrays) in scores.items()]
    blank = {"unit": "", "protocol": "", "higher_is_better": False, "floor": np.nan}
    blank |= {"replicates": None, "units": np.nan}
    empty = pd.DataFrame({"image": [""], "source": [""], "metric": [""], "value": [np.nan]} | blank)
    table = pd.concat(tables or [empty], ignore_index=True)
    return table.assign(**_columns(plan, plan.config.values["images"]), **dict(cost))


def _rows(
    name: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray], sources: Mapping[str, str]
) -> pd.DataFrame:
    import pandas as pd

    pictures = [str(name) for name in arrays["ids"]]
    of = {"image": pictures, "source": [sources[picture] if picture else "" for picture in pictures]}
    stamp = {fact: facts[fact] for fact in ("unit", "protocol", "higher_is_better")}
    parts = {name: arrays["values"]}
    parts |= {f"{name}.{part[5:]}": array for part, array in arrays.items() if part.startswith("part.")}
    of_set = {name: float(arrays[name][0]) if name in arrays else np.nan for name in ("floor", "units")}
    replicates = arrays["replicates"].tolist() if "replicates" in arrays else None
    tables = []
    for metric, values in parts.items():
        table = pd.DataFrame(of | {"metric": metric, "value": values} | stamp)
        tables.append(table.assign(**of_set, replicates=pd.Series([replicates] * len(values), dtype=object)))
    return pd.concat(tables)


def _columns(plan: Plan, count: int) -> dict[str, Any]:
    config = plan.config
    return {
        "run": plan.run,
        "training": plan.stages[-1].key if plan.stages else "",
        "samples": plan.samples.key,
        "inputs": plan.inputs.key,
        "method": config.name("method"),
        "dataset": config.name("dataset"),
        "task": config.name("task"),
        "n": count,
        **{name: config.values[name] for name in ("seed", "sampling_seed", "data_seed", "scale", "precision")},
        **plan.columns,
        "code_hash": code_hash(),
        "git_commit": git_commit(),
        "packages": json.dumps({name: version(name) for name in PACKAGES}),
    }


def write(root: Path, plan: Plan, table: pd.DataFrame) -> Path:
    """Write a record whole; rows of metrics that were scored earlier and are not in ``table`` are kept.

    A metric has one protocol in a record, the one that was asked for last.
    """
    import pandas as pd

    path = path_of(root, plan.run)
    held, old = _old(path)
    if old is not None:
        table = pd.concat([table, old[~old["metric"].isin([*table["metric"], ""])]], ignore_index=True)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    with plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_record(path, buffer.getvalue(), held | {name: node.key for name, node in plan.scores.items()})
    return path


def _old(path: Path) -> tuple[dict[str, str], pd.DataFrame | None]:
    """The scores that a record holds, and its table; nothing where there is none. A damaged one is named."""
    import pandas as pd

    try:
        return dict(check(path)["scores"]), pd.read_parquet(path)
    except Damaged as damage:
        if path.exists():
            say(f"damaged: {damage}; writing it anew")
        return {}, None


@functools.lru_cache(maxsize=1)
def code_hash() -> str:
    """Sha256 over the source that makes results: the first 16 hex digits."""
    total = hashlib.sha256()
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        total.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return total.hexdigest()[:16]


@functools.lru_cache(maxsize=1)
def git_commit() -> str:
    """The checkout's commit, with ``+`` when files differ from it; empty outside a checkout. A frozen copy keeps it."""
    frozen = ROOT / COMMIT
    if frozen.exists():
        return frozen.read_text().strip()
    try:
        said = [
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True).stdout
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        ]
    except (OSError, subprocess.SubprocessError):
        return ""
    return said[0].strip() + ("+" if said[1].strip() else "")
