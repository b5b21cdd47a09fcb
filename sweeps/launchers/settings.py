"""What a launcher is told: how many jobs, how big, and what each asks of the machine. Checked, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from errors import UserError
from registry import catalog, nearest
from sweeps.jobs import Job

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
COUNTS = {
    "time": "whole minutes",
    "cpus": "whole cores of each node, or null",
    "gpus": "whole GPUs of each node, 0, or auto",
    "memory": "GB of each node, or null",
    "nodes": "whole nodes",
}


LEAST = {"workers": 1, "threads": 1, "chunk": 1, "parallel": 1, "restarts": 0}  # of what every launcher may be told
OPEN = ("workers", "threads")  # null: as the machine has it


def check_counts(settings: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first of a launcher's numbers that is none, or too small to do anything with."""
    for name, least in LEAST.items():
        value = settings.get(name, least)
        if value is None and name in OPEN:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            more = " or null" if name in OPEN else ""
            raise UserError(f"hydra.launcher.{name}={value}: expected a whole number from {least}{more}")


def check_resources(resources: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first name in ``resources`` that means nothing."""
    for place, asked in resources.items():
        if place == "methods":
            for method, stages in (asked or {}).items():
                _known("hydra.launcher.resources.methods", method, catalog()["method"])
                for stage, wanted in (stages or {}).items():
                    _known(f"hydra.launcher.resources.methods.{method}", stage, STAGES)
                    _check(f"hydra.launcher.resources.methods.{method}.{stage}", wanted)
        else:
            _known("hydra.launcher.resources", place, ("default", *STAGES, "methods"))
            _check(f"hydra.launcher.resources.{place}", asked)


def _check(place: str, asked: Mapping[str, Any] | None) -> None:
    for name, value in (asked or {}).items():
        _known(place, name, NAMES)
        if name in COUNTS and not _counts(name, value):
            raise UserError(f"{place}.{name}={value}: not a number that SLURM can give; {COUNTS[name]}")


def _counts(name: str, value: Any) -> bool:
    """Whether a value is a number of what its name counts, or a word that stands for one."""
    if value is None or value == "auto":
        return {"memory": value is None, "cpus": value is None, "gpus": value == "auto"}.get(name, False)
    numbers = (int, float) if name == "memory" else int
    return isinstance(value, numbers) and not isinstance(value, bool) and (value > 0 or (name == "gpus" and value == 0))


def _known(place: str, name: str, names: Any) -> None:
    if name not in names:
        raise UserError(f"{place}.{name}: no such entry; {nearest(name, names)}")


def asked_by(kind: str, method: str, resources: Mapping[str, Any]) -> Resources:
    """What a kind of job of a method asks for: the default, its kind's, its method's; the later ones win."""
    own = ((resources.get("methods") or {}).get(method) or {}).get(kind) or {}
    layers = [resources.get("default") or {}, resources.get(kind) or {}, own]
    chosen: dict[str, Any] = {}
    for layer in layers:
        chosen |= dict(layer)
    return Resources(**chosen)


def of(job: Job, resources: Mapping[str, Any]) -> Resources:
    """What a job asks for."""
    return asked_by(job.kind, job.method, resources)
