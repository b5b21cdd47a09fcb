"""What a launcher is told: how many jobs, how big, and what each asks of the machine. Checked, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from errors import UserError
from registry import catalog, nearest

STAGES = ("training", "sampling", "scoring", "report")


@dataclass(frozen=True)
class Resources:
    """What one job asks for; what is None is left to the cluster.

    ``time`` in minutes, ``memory`` in GB and ``cpus`` for each node; ``gpus`` of one node, "auto" for one where the
    cluster has any; ``parameters`` are further options of sbatch, by their names there.
    """

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    time: int = 240
    cpus: int = 2
    gpus: int | str = "auto"
    memory: float | None = None
    nodes: int = 1
    parameters: Mapping[str, Any] | None = None


NAMES = tuple(field.name for field in fields(Resources))
COUNTS: dict[str, tuple[str, Any, tuple[Any, ...]]] = {  # in words, the type of numbers above 0, what else is taken
    "time": ("whole minutes", int, ()),
    "cpus": ("whole cores of each node, or null", int, (None,)),
    "gpus": ("whole GPUs of each node, 0, or auto", int, (0, "auto")),
    "memory": ("GB of each node, or null", int | float, (None,)),
    "nodes": ("whole nodes", int, ()),
}
LEAST = {"workers": 1, "threads": 1, "chunk": 1, "parallel": 1, "restarts": 0}  # of what every launcher may be told
OPEN = ("workers", "threads")  # null: as the machine has it


def check_counts(settings: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first of a launcher's numbers that is none, or too small to do anything with."""
    for name, least in LEAST.items():
        value = settings.get(name, least)
        if not (_counts(value, int, least) or (value is None and name in OPEN)):
            more = " or null" if name in OPEN else ""
            raise UserError(f"hydra.launcher.{name}={value}: expected a whole number from {least}{more}")


def _counts(value: Any, kind: Any, least: float) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and value >= least


def check_resources(resources: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first name in ``resources`` that means nothing, or value that SLURM can't give."""
    root = "hydra.launcher.resources"
    for place, wishes in resources.items():
        _check_name(root, place, ("default", *STAGES, "methods"))
        if place != "methods":
            _check(f"{root}.{place}", wishes)
            continue
        for method, stages in (wishes or {}).items():
            _check_name(f"{root}.methods", method, catalog()["method"])
            for stage, wanted in (stages or {}).items():
                _check_name(f"{root}.methods.{method}", stage, STAGES)
                _check(f"{root}.methods.{method}.{stage}", wanted)


def _check(place: str, wishes: Mapping[str, Any] | None) -> None:
    for name, value in (wishes or {}).items():
        _check_name(place, name, NAMES)
        if name in COUNTS:
            words, kind, others = COUNTS[name]
            number = _counts(value, kind, 0) and value > 0
            if not number and (isinstance(value, bool) or value not in others):
                raise UserError(f"{place}.{name}={value}: not a number that SLURM can give; {words}")


def _check_name(place: str, name: str, names: Any) -> None:
    if name not in names:
        raise UserError(f"{place}.{name}: no such entry; {nearest(name, names)}")


def resources_of(kind: str, method: str, resources: Mapping[str, Any]) -> Resources:
    """What a kind of job of a method asks for: the default, its kind's, its method's; the later ones win."""
    own = ((resources.get("methods") or {}).get(method) or {}).get(kind)
    layers = [resources.get("default"), resources.get(kind), own]
    return Resources(**{name: value for layer in layers for name, value in (layer or {}).items()})
