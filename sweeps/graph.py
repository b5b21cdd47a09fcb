"""A sweep as a graph of cached work: trainings, samplings and scorings by their keys, without importing torch.

Points that need the same thing share its task. What is done is dropped, and with it what only the done things needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from harness.planning.plan import Plan, identity_baseline
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
        return store.entry("trainings", self.key) if self.kind == "training" else store.entry("samples", self.samples)

    @property
    def samples(self) -> str:
        """The key of its point's samples."""
        return self.plan.samples.key


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
    """The plans, each once, and doing nothing on the inputs of each restoration, which every table needs."""
    runs = {made.run: made for made in plans}
    for made in plans:
        nothing = identity_baseline(made.config)
        if nothing is not None:
            runs.setdefault(nothing.run, nothing)
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


def tasks_of(made: Plan) -> list[WorkItem]:
    """The tasks of a plan: its stages, its samples, its record."""
    keys = {stage.name: stage.key for stage in made.stages}
    model, method = "+".join(keys.values()), made.config.name("method")
    trainings = [
        WorkItem(
            "training", stage.key, tuple(keys[name] for name in stage.after), stage.method, stage.key, made, stage.name
        )
        for stage in made.stages
    ]
    everything = tuple(keys.values())
    sampling = WorkItem("sampling", made.samples.key, everything, method, model, made)
    # A likelihood reads the networks; other figures read what was sampled.
    networks = any(find("metrics", name).facts.kind == "model" for name in made.scores)
    scoring = WorkItem("scoring", made.run, (made.samples.key, *(everything if networks else ())), method, model, made)
    return [*trainings, sampling, scoring]


def _unwanted(tasks: Mapping[str, WorkItem], done: set[str], damaged: set[str]) -> set[str]:
    """What is done, and what nothing that is missing needs; what is damaged is made again in any case."""
    wanted = set(damaged)
    for task in reversed(list(tasks.values())):
        if task.key not in done and (task.kind == "scoring" or task.key in wanted):
            wanted |= {task.key, *(key for key in task.needs if key not in done)}
    return set(tasks) - wanted
