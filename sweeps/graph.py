"""A sweep as a graph of cached work: trainings, samplings and scorings by their keys, without importing torch.

Points that need the same thing share its task. What is done is dropped, and with it what only the done things needed.
The rest becomes jobs, of one process each. A training is a job of its own. Samplings of one model are grouped, so that
the model is loaded once; what they sampled is scored by a job that comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from harness.planning.plan import Plan, Training, identity_baseline
from harness.store import records
from harness.store.entries import Entry, Store
from registry import find

KINDS = ("training", "sampling", "scoring")  # in the order in which a point goes through them


@dataclass(frozen=True)
class WorkItem:
    """One piece of work: what it makes, whose entry has ``key``; ``needs`` are keys of tasks that come before.

    A training makes a stage, a sampling a set of samples, a scoring the record of a run. ``model`` is the same for
    all that read the same trained networks; ``plan`` is one of the plans that want the task.
    """

    kind: str
    key: str
    needs: tuple[str, ...]
    method: str
    model: str
    plan: Plan
    stage: str = ""

    def entry(self, store: Store) -> Entry:
        """What it makes, or of a record the samples that it is about."""
        training = self.kind == "training"
        return store.entry("trainings", self.key) if training else store.entry("samples", self.plan.samples.key)

    @property
    def training(self) -> Training:
        """The stage that a training makes."""
        return next(stage for stage in self.plan.stages if stage.name == self.stage)


@dataclass(frozen=True)
class Graph:
    """All tasks of a sweep by key, each after what it needs, and the keys of those that are done or not wanted."""

    tasks: Mapping[str, WorkItem]
    done: frozenset[str]

    @property
    def wanted(self) -> list[WorkItem]:
        """What has to be done, in an order in which it can be."""
        return [task for task in self.tasks.values() if task.key not in self.done]

    def of(self, kind: str) -> list[WorkItem]:
        """All tasks of a kind."""
        return [task for task in self.tasks.values() if task.kind == kind]


def with_identity_baselines(plans: Sequence[Plan]) -> list[Plan]:
    """The plans, each run once with all metrics that were asked of it, and doing nothing on the inputs of each
    restoration, which every table needs."""
    runs: dict[str, Plan] = {}
    for plan in [*plans, *filter(None, [identity_baseline(plan.config) for plan in plans])]:
        first = runs.setdefault(plan.run, plan)
        if not plan.scores.items() <= first.scores.items():
            metrics = {**first.config.values["metrics"], **plan.config.values["metrics"]}
            config = replace(first.config, values={**first.config.values, "metrics": metrics})
            runs[plan.run] = replace(first, config=config, scores={**first.scores, **plan.scores})
    return list(runs.values())


def graph(plans: Iterable[Plan], root: Path, check: Callable[[Entry], bool] = attrgetter("sound")) -> Graph:
    """The graph of the plans over what lies in the store at ``root``; ``check`` tells which entries count as done."""
    store, tasks = Store(root), dict[str, WorkItem]()
    for plan in plans:
        for task in tasks_of(plan):
            tasks.setdefault(task.key, task)
    done, damaged = set(), set()
    for task in tasks.values():
        if records.holds(root, task.plan) if task.kind == "scoring" else check(task.entry(store)):
            done.add(task.key)
        elif task.kind != "scoring" and task.entry(store).status == "done":
            damaged.add(task.key)
    return Graph(tasks, frozenset(_unwanted(tasks, done, damaged)))


def tasks_of(plan: Plan) -> list[WorkItem]:
    """The tasks of a plan: its stages, its samples, its record."""
    keys, method, samples = {stage.name: stage.key for stage in plan.stages}, plan.config.name("method"), plan.samples
    trainings, model = tuple(keys.values()), "+".join(keys.values())
    tasks = []
    for stage in plan.stages:
        needs = tuple(keys[name] for name in stage.after)
        tasks.append(WorkItem("training", stage.key, needs, stage.method, stage.key, plan, stage.name))
    # A likelihood reads the networks; other figures read what was sampled.
    networks = any(find("metrics", name).facts.kind == "model" for name in plan.scores)
    tasks.append(WorkItem("sampling", samples.key, trainings, method, model, plan))
    needs = (samples.key, *(trainings if networks else ()))
    return [*tasks, WorkItem("scoring", plan.run, needs, method, model, plan)]


def _unwanted(tasks: Mapping[str, WorkItem], done: set[str], damaged: set[str]) -> set[str]:
    """What is done, and what nothing that is missing needs; what is damaged is made again in any case."""
    wanted = set(damaged)
    for task in reversed(list(tasks.values())):
        if task.key not in done and (task.kind == "scoring" or task.key in wanted):
            wanted |= {task.key, *(key for key in task.needs if key not in done)}
    return set(tasks) - wanted


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
