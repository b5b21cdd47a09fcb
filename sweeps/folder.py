"""A sweep's folder: its points with their keys, and its submissions with their jobs.

``points.json`` lists the points and what each needs. ``submissions/<k>/`` is one handing-over of jobs to a launcher:
``submission.json`` says what was handed over, ``jobs/<n>.json`` freezes the points of job n, beside which the job
leaves its log, its attempts and its progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import UserError
from harness.config.compose import is_hydras
from harness.config.run_config import RunConfig
from harness.planning.plan import Plan
from harness.progress import say_once
from harness.store.files import plainly, write_atomic
from harness.store.keys import key
from harness.store.listed import write_points
from harness.store.sealed import Damaged, Shape, now, seal, unsealed
from registry import nearest
from sweeps.graph import Job

JOB: dict[str, Shape] = {"number": int, "kind": str, "method": str, "needs": [int], "tasks": [str], "gpus": int}
JOB |= {"about": (float, type(None))}
FACTS: dict[str, Shape] = {"launcher": str, "settings": dict, "code": str, "sha256": str, "jobs": [JOB], "created": str}
SPEC: dict[str, Shape] = {"kind": str, "cwd": str, "points": [{"config": dict, "overrides": [str]}]}
SPEC |= {"tasks": [{"kind": str, "key": str, "stage": str, "point": int}]}


@dataclass(frozen=True)
class Submission:
    """What was handed to a launcher: its folder and its facts (``submission.json``)."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The jobs as `listed_job` gives them."""
        return list(self.facts["jobs"])

    def path(self, number: int, kind: str) -> Path:
        """A file of a job: "json", "log", "attempts.jsonl" or "progress.json"."""
        return self.folder / "jobs" / f"{number}.{kind}"


def folder_of(root: Path, name: str, plans: Sequence[Plan]) -> Path:
    """The sweep's folder: the same points give the same folder."""
    return root / "sweeps" / f"{name}-{key('sweep', {'runs': [plan.run for plan in plans]})[:8]}"


def list_points(folder: Path, plans: Sequence[Plan], everything: Sequence[Plan]) -> None:
    """Write the points of a sweep that starts, and doing nothing on their inputs, which is none of its points.

    ``everything`` is what `with_identity_baselines` makes of the plans.
    """
    asked = {plan.run for plan in plans}
    identities = [plan for plan in everything if plan.run not in asked]
    write_points(folder, [_row(plan, "waiting") for plan in plans] + [_row(plan, "identity") for plan in identities])


def _row(plan: Plan, status: str) -> dict[str, Any]:
    return {
        "run": plan.run,
        "status": status,
        "overrides": list(plan.config.overrides),
        "reason": "",
        "method": plan.config.name("method"),
        "trainings": {stage.name: stage.key for stage in plan.stages},
        "inputs": plan.inputs.key,
        "samples": plan.samples.key,
        "references": plan.references.key,
        "scores": {name: node.key for name, node in plan.scores.items()},
    }


def write_submission(folder: Path, facts: Mapping[str, Any], jobs: Sequence[Job]) -> Submission:
    """Write the files of the jobs and then ``submission.json``, from which on the submission counts."""
    number = 1 + max((int(path.name) for path in _places(folder)), default=0)
    place = folder / "submissions" / str(number)
    with plainly(place):
        (place / "jobs").mkdir(parents=True)
    for job in jobs:
        write_atomic(place / "jobs" / f"{job.number}.json", _job_text(job))
    facts = {**facts, "created": now()}
    write_atomic(place / "submission.json", seal(facts))
    return Submission(place, facts)


def listed_job(job: Job, gpus: int, about: float | None) -> dict[str, Any]:
    """A job as ``submission.json`` lists it; ``about`` is how many seconds it was thought to take."""
    listed = {"number": job.number, "kind": job.kind, "method": job.method, "needs": list(job.needs)}
    return {**listed, "tasks": [task.key for task in job.tasks], "gpus": gpus, "about": about}


def _job_text(job: Job) -> bytes:
    """A job's file: the points as they were composed, and what to do for them."""
    points = {task.plan.run: task.plan.config for task in job.tasks}
    places = {run: place for place, run in enumerate(points)}
    tasks = [
        {"kind": task.kind, "key": task.key, "stage": task.stage, "point": places[task.plan.run]} for task in job.tasks
    ]
    frozen = [
        {"config": dict(config.values), "overrides": [word for word in config.overrides if not is_hydras(word)]}
        for config in points.values()
    ]
    return seal({"kind": job.kind, "cwd": str(Path.cwd()), "tasks": tasks, "points": frozen})


def spec_of(path: Path) -> dict[str, Any]:
    """What a job's file says, each task with its point as it was composed. Raises `Damaged`."""
    spec = unsealed(path, SPEC)
    points = [RunConfig(point["config"], tuple(point["overrides"])) for point in spec["points"]]
    return spec | {"tasks": [task | {"point": points[task["point"]]} for task in spec["tasks"]]}


def submissions(folder: Path) -> list[Submission]:
    """All that was handed over, in order; what is damaged is named and passed over."""
    found = []
    for place in submission_folders(folder):
        try:
            found.append(submission(place))
        except Damaged as damage:
            say_once(f"passed over, for it is damaged: {damage}; a retry hands over again what is missing")
    return found


def submission_folders(folder: Path) -> list[Path]:
    """The folders of all that was handed over, in order."""
    return [place for place in _places(folder) if (place / "submission.json").exists()]


def _places(folder: Path) -> list[Path]:
    found = [path for path in (folder / "submissions").glob("*") if path.name.isdigit()]
    return sorted(found, key=lambda path: int(path.name))


def submission(place: Path) -> Submission:
    """What was handed over at a place. Raises `Damaged`."""
    return Submission(place, unsealed(place / "submission.json", FACTS))


def sweep_folder(root: Path, name: str) -> Path:
    """The folder of a sweep by its name, or of the newest where none is named. Raises `UserError`."""
    found = {path.parent.name: path.parent for path in (root / "sweeps").glob("*/points.json")}
    if not found:
        raise UserError(f"{root}: no sweep lies there; name the folder of results with --results")
    if not name:
        return max(found.values(), key=lambda path: (path / "points.json").stat().st_mtime)
    if name not in found:
        raise UserError(f"{name}: no such sweep in {root / 'sweeps'}; {nearest(name, found)}")
    return found[name]
