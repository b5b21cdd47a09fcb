"""The points of a sweep on the disk: ``points.json`` in its folder, sealed, with the keys of all that they need."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from errors import UserError
from harness.store.files import plainly, write_atomic
from harness.store.keys import is_name
from harness.store.sealed import Damaged, Each, Shape, seal, unsealed

POINTS = "points.json"
NAMES = Each(is_name)
POINT: dict[str, Shape] = {"run": is_name, "status": str, "overrides": [str], "reason": str, "method": str}
POINT |= {"trainings": NAMES, "inputs": is_name, "samples": is_name, "references": is_name, "scores": NAMES}
SWEEP: dict[str, Shape] = {"sweep": str, "points": [POINT]}


def write_points(folder: Path, points: Iterable[Mapping[str, Any]]) -> None:
    """Write the points of the sweep whose folder it is."""
    with plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / POINTS, seal({"sweep": folder.name, "points": list(points)}))


def read_points(folder: Path) -> list[dict[str, Any]]:
    """The points of a sweep. Raises `UserError` where they are not, to the last value, what was written there."""
    path = folder / POINTS
    try:
        told = unsealed(path, SWEEP)
    except Damaged as damage:
        raise UserError(f"{damage}; give the sweep's command again") from damage
    if told["sweep"] != folder.absolute().name:
        raise UserError(f"{path}: belongs to another sweep ({told['sweep']}); give the sweep's command again")
    return list(told["points"])


def points_of_sweep(root: Path, sweep: str) -> list[dict[str, Any]]:
    """The points of the sweep of a name below a folder of results. Raises `UserError` where there are none."""
    folder = root / "sweeps"
    if not (folder / sweep / POINTS).is_file():
        known = sorted(path.parent.name for path in folder.glob(f"*/{POINTS}"))
        there = f"there are: {', '.join(known)}" if known else "there are none yet"
        raise UserError(f"sweep {sweep!r}: no such sweep in {folder}; {there}")
    return read_points(folder / sweep)
