"""The jobs of a sweep on a SLURM cluster: job arrays with dependencies, by submitit.

Jobs that ask for the same and wait for the same are one array (in pieces of MaxArraySize). A sampling starts when its
trainings have ended well (afterok), a scoring when its sampling has ended at all (afterany), the report when the last
scoring has. SLURM starts a preempted or requeued job again by itself, submitit one whose time is up; each goes on
from the newest checkpoint that it finds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from errors import UserError
from harness.progress import progress, say
from sweeps import cluster
from sweeps.folder import Submission, submissions
from sweeps.jobs import Job
from sweeps.settings import Resources, asked_by, check_resources, of
from sweeps.work import Report, Work

JOINED = {"training": "afterok", "sampling": "afterok", "scoring": "afterany"}
IDS = "slurm.jsonl"  # in a submission: [number, id] as each job was taken by the cluster
REPORT = -1  # the number of the job that reports, which makes nothing that others need
LINES = (  # of each job; srun does not pass the number of cores on by itself
    "export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}",
    "export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}",
    "export PYTHONUNBUFFERED=1",
)


def check(settings: Mapping[str, Any], jobs: Sequence[Job]) -> list[int]:
    """The number of GPUs of each job. Raises `UserError` where there is no SLURM, or for entries that mean nothing."""
    check_resources(settings["resources"])
    cluster.find()
    there = cluster.has_gpus()
    return [_gpus(job, of(job, settings["resources"]), there) * of(job, settings["resources"]).nodes for job in jobs]


def _gpus(job: Job, asked: Resources, there: bool) -> int:
    """The GPUs of each of a job's nodes."""
    if job.devices % asked.nodes:
        raise UserError(f"train.devices={job.devices}: can't be divided among {asked.nodes} nodes")
    if asked.gpus != "auto":
        return int(asked.gpus)
    return job.devices // asked.nodes if there and job.tasks[0].plan.point.config["device"] != "cpu" else 0


def alive(root: Path) -> Mapping[str, str]:
    """The tasks that wait or run on the cluster, by key, each with its job's id."""
    found: dict[str, str] = {}
    states = cluster.states()
    for folder in (root / "sweeps").glob("*"):
        for submission in submissions(folder):
            given = ids(submission)
            for job in submission.jobs:
                if cluster.lives(states.get(given.get(job["number"], ""))):
                    found |= dict.fromkeys(job["tasks"], given[job["number"]])
    return found


def start(submission: Submission, root: Path, jobs: Sequence[Job], alive: Mapping[str, str]) -> None:
    """Submit the jobs, and one that writes table and report when the last of them has ended."""
    settings = submission.facts["settings"]
    sender = Sender(submission, settings, cluster.array_size(), cluster.has_gpus())
    with progress("submitting jobs", len(jobs)) as bar:
        for asked, group, joined in _groups(jobs, settings["resources"], sender, alive):
            sender.send([Work(root, submission.folder, job.number) for job in group], asked, joined, group)
            bar.update(len(sender.given), "")
    inner = {number for job in jobs for number in job.needs}
    leaves = sorted({name.partition("_")[0] for number, name in sender.given.items() if number not in inner})
    sweep = submission.folder.parent.parent.name
    asked = asked_by("report", "", settings["resources"])
    sender.send([Report(root, sweep)], asked, "afterany:" + ":".join(leaves), [])
    say(f"submitted {len(jobs)} jobs")


def ids(submission: Submission) -> dict[int, str]:
    """What the cluster calls the jobs that it took, by number."""
    found: dict[int, str] = {}
    with suppress(OSError):
        for line in (submission.folder / IDS).read_text().splitlines():
            with suppress(ValueError):
                found |= dict(json.loads(line))
    return found


class Sender:
    """Submits arrays of calls and keeps what the cluster calls them, on the disk at once."""

    def __init__(self, submission: Submission, settings: Mapping[str, Any], size: int, has_gpus: bool) -> None:
        from submitit import SlurmExecutor

        self.submission, self.settings, self.size, self.has_gpus = submission, settings, size, has_gpus
        self.given: dict[int, str] = {}
        self.executor = SlurmExecutor(submission.folder / "slurm", max_num_timeout=settings["restarts"])

    def send(self, calls: Sequence[Any], asked: Resources, joined: str, jobs: Sequence[Job]) -> None:
        """Submit calls that ask for the same and wait for the same."""
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        for first in range(0, len(calls), self.size):
            self.executor.update_parameters(**self._parameters(asked, joined, jobs))
            try:
                with self.executor.batch():
                    sent = [self.executor.submit(call) for call in calls[first : first + self.size]]
            except (FailedJobError, FailedSubmissionError, OSError) as error:
                told = " ".join(str(error).split())
                raise UserError(
                    f"SLURM refused a job: {told}; python -m sweeps retry submits what is missing"
                ) from error
            numbers = [job.number for job in jobs[first : first + self.size]] or [REPORT]
            pairs = [(number, job.job_id) for number, job in zip(numbers, sent, strict=True)]
            self.given |= dict(pairs)
            with (self.submission.folder / IDS).open("a") as file:
                file.write(json.dumps(pairs) + "\n")

    def _parameters(self, asked: Resources, joined: str, jobs: Sequence[Job]) -> dict[str, Any]:
        """All of sbatch's, for submitit keeps from one submission to the next what it is not told anew."""
        more = {
            "chdir": self.submission.facts["code"],
            "requeue": True,
            "kill-on-invalid-dep": "yes",
            **(asked.parameters or {}),
        }
        return {
            "job_name": self.submission.folder.parent.parent.name,
            "comment": jobs[0].kind if jobs else "report",
            "partition": asked.partition,
            "account": asked.account,
            "qos": asked.qos,
            "constraint": asked.constraint,
            "time": asked.time,
            "nodes": asked.nodes,
            "ntasks_per_node": 1,
            "cpus_per_task": asked.cpus,
            "gpus_per_node": (_gpus(jobs[0], asked, self.has_gpus) if jobs else 0) or None,
            "mem": None if asked.memory is None else f"{math.ceil(asked.memory * 1024)}M",
            "dependency": joined or None,
            "array_parallelism": self.settings["parallel"],
            "setup": [*self.settings["setup"], *LINES],
            "additional_parameters": more,
            "stderr_to_stdout": True,
            "srun_args": ["--kill-on-bad-exit=1"],  # where one node fails the others would wait for it
        }


def _groups(
    jobs: Sequence[Job], resources: Mapping[str, Any], sender: Sender, alive: Mapping[str, str]
) -> Iterable[tuple[Resources, list[Job], str]]:
    """Jobs that ask for the same and wait for the same; those that are needed have been sent when others are given."""
    rest = list(jobs)
    while rest:
        ready = [job for job in rest if all(number in sender.given for number in job.needs)]
        groups: dict[str, tuple[Resources, list[Job], str]] = {}
        for job in ready:
            asked, joined = of(job, resources), _joined(job, sender.given, alive)
            device = job.tasks[0].plan.point.config["device"]
            name = json.dumps([job.kind, repr(asked), job.devices, device, joined])
            groups.setdefault(name, (asked, [], joined))[1].append(job)
        yield from groups.values()
        rest = [job for job in rest if job not in ready]


def _joined(job: Job, given: Mapping[int, str], alive: Mapping[str, str]) -> str:
    """What a job waits for: single jobs that have to end well, or whole arrays that have to end."""
    names = {given[number] for number in job.needs}
    names |= {alive[key] for task in job.tasks for key in task.needs if key in alive}
    if JOINED[job.kind] == "afterany":
        names = {name.partition("_")[0] for name in names}
    return f"{JOINED[job.kind]}:{':'.join(sorted(names))}" if names else ""
