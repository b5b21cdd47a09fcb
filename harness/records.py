"""The tidy record of a run: one row per picture and metric, with the options, the costs and where it came from."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.files import plainly, write_atomic
from harness.plan import Plan
from harness.progress import say, say_once
from harness.sealed import Damaged, Each, Shape, seal, unsealed
from registry import FOLDERS, ROOT

if TYPE_CHECKING:
    import pandas as pd

# By metric: the facts of its stamp and its arrays, as `harness.score` gives them.
Scores = Mapping[str, tuple[Mapping[str, Any], Mapping[str, np.ndarray]]]
NOTE: dict[str, Shape] = {"run": str, "bytes": int, "sha256": str, "scores": Each(str)}
READERS = 8  # threads: on a network file system a small file is mostly waiting
COMMIT = ".commit"  # in a frozen copy of the code: the commit that it was taken from
PACKAGES = ("torch", "diffusers", "torchmetrics", "numpy", "hydra-core", "safetensors")


def path_of(root: Path, run: str) -> Path:
    """Where the record of a run lies."""
    return root / "records" / f"{run}.parquet"


def check(path: Path) -> dict[str, Any]:
    """What the note beside a record says of it, once the record is known to be, byte for byte, what was written.

    Raises `Damaged` for a record that was altered, cut off, that is another run's, or that has no note: its writer
    was killed between the two.
    """
    note = unsealed(path.with_suffix(".json"), NOTE)
    if note["run"] != path.stem:
        raise Damaged(f"{path}: belongs to another run ({note['run']})")
    try:
        state = path.stat()
        altered = state.st_size != note["bytes"] or _digest(path, state.st_mtime_ns) != note["sha256"]
    except OSError as error:
        raise Damaged(f"{path}: cannot be read ({error.strerror})") from error
    if altered:
        raise Damaged(f"{path}: not what was written ({state.st_size} bytes, {note['bytes']} expected)")
    return note


@functools.lru_cache(maxsize=100_000)
def _digest(path: Path, changed: int) -> str:
    """The sha256 of a record, read once for each time that it was ``changed``: status asks again and again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def whole(paths: Iterable[Path]) -> list[Path]:
    """The records among some that are what was written; the others are named, each in a line, and left out."""
    asked = list(paths)
    with ThreadPoolExecutor(READERS) as pool:
        found = list(zip(asked, pool.map(_damage, asked), strict=True))
    for _, damage in found:
        if damage:
            say_once(f"left out, for it is damaged: {damage}; run its sweep again")
    return [path for path, damage in found if not damage]


def _damage(path: Path) -> str:
    try:
        check(path)
    except Damaged as damage:
        return str(damage)
    return ""


def scores_of(root: Path, run: str) -> dict[str, str]:
    """By metric, the key of the scores that a run's record holds; nothing where there is no whole record."""
    try:
        return dict(check(path_of(root, run))["scores"])
    except Damaged:
        return {}


def holds(root: Path, plan: Plan) -> bool:
    """Whether the record of a plan is there, with all that was asked for."""
    path = path_of(root, plan.run)
    try:
        held = check(path)["scores"]
    except Damaged:
        return False
    return {name: node.key for name, node in plan.scores.items()}.items() <= held.items()


def rows(plan: Plan, scores: Scores, cost: Mapping[str, Any]) -> pd.DataFrame:
    """The record as a table; a run that no metric applies to keeps one row, for its costs.

    A set metric has one row, without an image, with its floor and its bootstrap replicates.
    """
    import pandas as pd

    tables = [_rows(name, facts, arrays) for name, (facts, arrays) in scores.items()]
    blank = {"unit": "", "protocol": "", "higher_is_better": False, "floor": np.nan, "replicates": None}
    empty = pd.DataFrame({"image": [""], "metric": [""], "value": [np.nan]} | blank)
    table = pd.concat(tables or [empty], ignore_index=True)
    return table.assign(**_columns(plan, plan.point.config["images"]), **dict(cost))


def _rows(name: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> pd.DataFrame:
    import pandas as pd

    stamp = {fact: facts[fact] for fact in ("unit", "protocol", "higher_is_better")}
    parts = {name: arrays["values"]}
    parts |= {f"{name}.{part[5:]}": array for part, array in arrays.items() if part.startswith("part.")}
    floor = float(arrays["floor"][0]) if "floor" in arrays else np.nan
    replicates = arrays["replicates"].tolist() if "replicates" in arrays else None
    tables = []
    for metric, values in parts.items():
        table = pd.DataFrame({"image": arrays["ids"].astype(str), "metric": metric, "value": values} | stamp)
        tables.append(table.assign(floor=floor, replicates=pd.Series([replicates] * len(values), dtype=object)))
    return pd.concat(tables)


def _columns(plan: Plan, count: int) -> dict[str, Any]:
    point = plan.point
    return {
        "run": plan.run,
        "training": plan.stages[-1].key if plan.stages else "",
        "samples": plan.samples.key,
        "inputs": plan.inputs.key,
        "method": point.name("method"),
        "dataset": point.name("dataset"),
        "task": point.name("task"),
        "n": count,
        **{name: point.config[name] for name in ("seed", "sampling_seed", "data_seed", "scale", "precision")},
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
    write_atomic(path, buffer.getvalue())
    write_note(path, buffer.getvalue(), held | {name: node.key for name, node in plan.scores.items()})
    return path


def write_note(path: Path, data: bytes, scores: Mapping[str, str]) -> None:
    """Write the note beside a record of these bytes: their sha256, whose it is and, by metric, the scores it holds."""
    facts = {"run": path.stem, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "scores": dict(scores)}
    write_atomic(path.with_suffix(".json"), seal(facts))


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
