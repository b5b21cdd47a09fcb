"""The record of a run: a head with its options, costs and origin, and one row per picture and metric."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.planning.plan import Plan
from harness.progress import say
from harness.store.recorded import check, has, pack, path_of, read, write_record
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


def figures(scores: Scores, sources: Mapping[str, str]) -> pd.DataFrame:
    """The rows of a record: one per picture and metric, and one per metric of the whole set.

    ``sources`` names the photograph that each picture was cut from, by the picture's id. A set metric has one row,
    without image and source, with its floor, its bootstrap replicates and their units. A run that no metric applies to
    has one row without a metric, so that its costs are kept.
    """
    import pandas as pd

    tables = [_rows(name, facts, arrays, sources) for name, (facts, arrays) in scores.items()]
    nothing = {"image": "", "source": "", "metric": "", "unit": "", "protocol": "", "higher_is_better": False}
    return pd.concat(tables or [pd.DataFrame([nothing])], ignore_index=True)


def _rows(
    name: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray], sources: Mapping[str, str]
) -> pd.DataFrame:
    import pandas as pd

    images = [str(image) for image in arrays["ids"]]
    shared = {fact: facts[fact] for fact in ("unit", "protocol", "higher_is_better")}
    shared |= {fact: float(arrays[fact][0]) for fact in ("floor", "units") if fact in arrays}
    shared |= {"image": images, "source": [sources[image] if image else "" for image in images]}
    if "replicates" in arrays:
        shared["replicates"] = [arrays["replicates"].tolist()] * len(images)
    parts = {f"{name}.{part[5:]}": array for part, array in arrays.items() if part.startswith("part.")}
    values = {name: arrays["values"], **parts}
    return pd.concat([pd.DataFrame({"metric": metric, "value": column, **shared}) for metric, column in values.items()])


def head(plan: Plan, cost: Mapping[str, Any]) -> dict[str, Any]:
    """What is the same in all rows of a record: keys, options, ``cost``, and what code made it on which packages."""
    config = plan.config
    return {
        "run": plan.run,
        "training": plan.stages[-1].key if plan.stages else "",
        "samples": plan.samples.key,
        "inputs": plan.inputs.key,
        "method": config.name("method"),
        "dataset": config.name("dataset"),
        "task": config.name("task"),
        "n": config.values["images"],
        **{name: config.values[name] for name in ("seed", "sampling_seed", "data_seed", "scale", "precision")},
        **plan.columns,
        "code_hash": code_hash(),
        "git_commit": git_commit(),
        "packages": json.dumps({name: version(name) for name in PACKAGES}),
        **cost,
    }


def write(root: Path, plan: Plan, facts: Mapping[str, Any], rows: pd.DataFrame) -> Path:
    """Write a record whole. The head of one that was written earlier stays, and so do its rows of metrics that are not
    in ``rows``: a metric has one protocol in a record, the one that was asked for last.
    """
    import pandas as pd

    path = path_of(root, plan.run)
    scores = {name: node.key for name, node in plan.scores.items()}
    try:
        held = check(path)["scores"]
        earlier, table = read(path)
    except Damaged as damage:
        if path.exists():
            say(f"damaged: {damage}; writing it anew")
    except ValueError as error:
        say(f"damaged: {path}: {error}; writing it anew")
    else:
        old = table.to_pandas()
        rows = pd.concat([rows, old[~old["metric"].isin([*rows["metric"], ""])]], ignore_index=True)
        facts, scores = {**facts, **earlier}, held | scores
    write_record(path, pack(facts, rows), scores)
    return path


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
