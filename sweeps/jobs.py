"""Jobs: the tasks that one process does, one after the other, and the file that tells it so.

A training is a job of its own. Samplings of one model are grouped, so that the model is loaded once; what they
sampled is scored by a job that comes after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config.compose import is_hydras
from harness.config.run_config import RunConfig
from harness.store.sealed import Shape, seal, unsealed
from sweeps.graph import KINDS, WorkItem

SPEC: dict[str, Shape] = {"kind": str, "cwd": str, "points": [{"config": dict, "overrides": [str]}]}
SPEC |= {"tasks": [{"kind": str, "key": str, "stage": str, "point": int}]}


@dataclass(frozen=True)
class Job:
    """``needs`` are the numbers of the jobs that must have ended well before this one."""

    number: int
    kind: str
    tasks: tuple[WorkItem, ...]
    needs: tuple[int, ...]

    @property
    def method(self) -> str:
        """The method whose work it is."""
        return self.tasks[0].method

    @property
    def devices(self) -> int:
        """How many devices it computes on at the same time."""
        first = self.tasks[0]
        train = first.plan.config.values[first.training.train] if self.kind == "training" else {}
        return int(train.get("devices", 1))


def group_tasks(tasks: Sequence[WorkItem], chunk: int) -> list[Job]:
    """The jobs of some tasks, at most ``chunk`` samplings or scorings in one, each after the jobs that it needs."""
    makers: dict[str, int] = {}  # by the key of what is made, the number of the job
    jobs: list[Job] = []
    for kind in KINDS:
        alike: dict[object, list[WorkItem]] = {}
        for task in (task for task in tasks if task.kind == kind):
            sampler = makers.get(task.needs[0]) if kind == "scoring" else None
            like = task.key if kind == "training" else (task.method, task.model, sampler)
            alike.setdefault(like, []).append(task)
        parts = [group[first : first + chunk] for group in alike.values() for first in range(0, len(group), chunk)]
        for part in parts:
            needs = sorted({makers[key] for task in part for key in task.needs if key in makers})
            jobs.append(Job(len(jobs), kind, tuple(part), tuple(needs)))
            makers |= {task.key: jobs[-1].number for task in part}
    return jobs


def text(job: Job, cwd: Path) -> bytes:
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
    return seal({"kind": job.kind, "cwd": str(cwd), "tasks": tasks, "points": frozen})


def spec_of(path: Path) -> dict[str, Any]:
    """What a job's file says, its points as they were composed. Raises `Damaged`."""
    spec = unsealed(path, SPEC)
    return spec | {"points": [RunConfig(point["config"], tuple(point["overrides"])) for point in spec["points"]]}
