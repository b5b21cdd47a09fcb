"""What a sweep would do, before it does it: how much, what is there already, in how many jobs, how long; and what a
user should know of it beside its figures."""

from collections.abc import Sequence
from pathlib import Path

from errors import page
from harness.config.run_config import inside
from harness.planning.plan import Plan
from harness.progress import first_of
from registry import find
from reports.wording.wording import count
from sweeps.graph import KINDS, Graph, WorkItem, graph, group_tasks, with_identity_baselines
from sweeps.progress.costs import History, about

CHUNK = 16  # as the launchers have it, unless they are told otherwise
SHOWN = 12  # trainings listed one by one
NEEDS = {"pair": "the true picture of each degraded one", "mask": "masks", "likelihood": "a method with a likelihood"}


def preview(plans: Sequence[Plan], root: Path, chunk: int = CHUNK) -> str:
    """The plan as a table and the list of its trainings. Nothing is written."""
    everything = with_identity_baselines(plans)
    whole, history = graph(everything, root), History(root)
    jobs = group_tasks(whole.wanted, chunk)
    extra = len(everything) - len({made.run for made in plans})
    lines = [f"{count(len(plans), 'point')}{f', and doing nothing on their inputs ({extra})' if extra else ''}", ""]
    lines.append(f"{'':<12}{'all':>7}{'there':>8}{'to do':>8}{'jobs':>7}   about")
    for kind in KINDS:
        tasks = whole.of(kind)
        wanted = [task for task in tasks if task.key not in whole.done]
        there = len(tasks) - len(wanted)
        number = sum(job.kind == kind for job in jobs)
        cost = _cost(wanted, history) if kind != "scoring" else ""
        lines.append(f"{kind + 's':<12}{len(tasks):>7}{there:>8}{len(wanted):>8}{number:>7}   {cost}".rstrip())
    return page([*lines, *_trainings(whole, history), "", "nothing was started"])


def _trainings(whole: Graph, history: History) -> list[str]:
    """The trainings, each with what depends on it."""
    readers: dict[str, int] = {}
    for task in whole.of("sampling"):
        for key in task.needs:
            readers[key] = readers.get(key, 0) + (task.key not in whole.done)
    lines = []
    for task in whole.of("training"):
        state = "there" if task.key in whole.done else about(history.seconds(task))
        stage = "" if len(task.plan.stages) == 1 else f" {task.stage}"
        samplings = count(readers.get(task.key, 0), "sampling")
        lines.append(f"  train {task.method}{stage} {task.key[:8]} ({state}) -> {samplings} to do")
    return ["", *first_of(lines, SHOWN, "  and {} more trainings")] if lines else []


def _cost(tasks: Sequence[WorkItem], history: History) -> str:
    """The sum of what is known, and how much is not."""
    known = [seconds for task in tasks if (seconds := history.seconds(task)) is not None]
    if not tasks:
        return ""
    if not known:
        return "unknown: nothing like it has been done here"
    more = len(tasks) - len(known)
    return about(sum(known)) + (f", and {more} unknown" if more else "")


def notes(plans: Sequence[Plan]) -> list[str]:
    """Metrics that had nothing to measure; where a point leaves its method's reference, in the method's own words."""
    asked = dict.fromkeys(name for plan in plans for name in plan.config.values["metrics"])
    idle = [name for name in asked if not any(name in plan.scores for plan in plans)]
    found = [f"nothing to measure for metrics={name}: {_needs(name)}" for name in idle]
    for plan in plans:
        for column, rule in find("method", plan.config.name("method")).facts.departs.items():
            kind = find("task", plan.config.name("task")).facts.kind
            value = plan.columns.get(column)
            if kind == rule["kind"] and value is not None and inside(value, rule["interval"]):
                found.append(rule["note"])
    return list(dict.fromkeys(found))


def _needs(metric: str) -> str:
    facts = find("metrics", metric).facts
    return f"it needs {' and '.join(NEEDS[need] for need in facts.needs) or facts.data}"
