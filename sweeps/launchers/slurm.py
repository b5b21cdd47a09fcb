"""The jobs of a sweep on a SLURM cluster: job arrays with dependencies, by submitit.

Jobs that ask for the same and wait for the same are one array (in pieces of MaxArraySize). A sampling starts when its
trainings have ended well (afterok), a scoring when its sampling has ended at all (afterany), the report when the last
scoring has. SLURM starts a preempted or requeued job again by itself, submitit one whose time is up; each goes on
from the newest checkpoint that it finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from harness.progress import progress, say
from sweeps.folder import Submission, submissions
from sweeps.graph import Job
from sweeps.launchers.sbatch import Sender, check_folder, gpus_of
from sweeps.launchers.settings import Resources, check_resources, resources_of
from sweeps.progress import cluster
from sweeps.progress.show import show
from sweeps.work import Work


def check(settings: Mapping[str, Any], jobs: Sequence[Job]) -> list[int]:
    """The number of GPUs of each job. Raises `UserError` where there is no SLURM, or for entries that mean nothing."""
    check_resources(settings["resources"])
    there, wishes = cluster.has_gpus(), [resources_of(job.kind, job.method, settings["resources"]) for job in jobs]
    return [gpus_of(job, wish, there) * wish.nodes for job, wish in zip(jobs, wishes, strict=True)]


def alive(root: Path) -> Mapping[str, str]:
    """The tasks that wait or run on the cluster, by key, each with its job's id. Raises `UserError`."""
    cluster.find()
    check_folder(root)
    tasks: dict[str, str] = {}
    states = cluster.states()
    for folder in (root / "sweeps").glob("*"):
        for submission in submissions(folder):
            ids = cluster.ids(submission)
            for job in submission.jobs:
                if cluster.lives(states.get(ids.get(job["number"], ""))):
                    tasks |= dict.fromkeys(job["tasks"], ids[job["number"]])
    return tasks


def start(submission: Submission, root: Path, jobs: Sequence[Job], alive: Mapping[str, str]) -> None:
    """Submit the jobs, and one that writes table and report when the last of them, and of what lives, has ended."""
    resources = submission.facts["settings"]["resources"]
    sender = Sender(submission, cluster.array_size(), cluster.has_gpus())
    with progress("submitting jobs", len(jobs)) as bar:
        for wish, group, dependency in _groups(jobs, resources, sender.ids, alive):
            sender.send([Work(root, submission.folder, job.number) for job in group], wish, dependency, group)
            bar.update(len(sender.ids), "")
    inner = {number for job in jobs for number in job.needs}
    ends = {name for number, name in sender.ids.items() if number not in inner} | set(alive.values())
    report = partial(show, root, submission.folder.parents[1], [], report=True)  # both are in its log too
    sender.send([report], resources_of("report", "", resources), _dependency("report", ends), [])
    say(f"submitted {len(jobs)} jobs")


def _groups(
    jobs: Sequence[Job], resources: Mapping[str, Any], ids: Mapping[int, str], alive: Mapping[str, str]
) -> Iterable[tuple[Resources, list[Job], str]]:
    """Jobs that ask for the same and wait for the same; those that are needed have ``ids`` when others are given."""
    rest = list(jobs)
    while rest:
        ready = [job for job in rest if all(number in ids for number in job.needs)]
        groups: dict[str, tuple[Resources, list[Job], str]] = {}
        for job in ready:
            names = {ids[number] for number in job.needs}
            names |= {alive[key] for task in job.tasks for key in task.needs if key in alive}
            wish, dependency = resources_of(job.kind, job.method, resources), _dependency(job.kind, names)
            device = job.tasks[0].plan.config.values["device"]
            name = json.dumps([job.kind, repr(wish), job.devices, device, dependency])
            groups.setdefault(name, (wish, [], dependency))[1].append(job)
        yield from groups.values()
        rest = [job for job in rest if job not in ready]


def _dependency(kind: str, names: set[str]) -> str:
    """What a job waits for, in sbatch's words: single jobs that have to end well, or whole arrays that have to end."""
    well = kind in ("training", "sampling")
    waited = names if well else {name.partition("_")[0] for name in names}
    return f"{'afterok' if well else 'afterany'}:{':'.join(sorted(waited))}" if names else ""
