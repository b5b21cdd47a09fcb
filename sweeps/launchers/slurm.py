"""The jobs of a sweep on a SLURM cluster: job arrays with dependencies, by submitit.

Jobs that ask for the same and wait for the same are one array (in pieces of MaxArraySize). A sampling starts when its
trainings have ended well (afterok), a scoring when its sampling has ended at all (afterany), the report when the last
scoring has. SLURM starts a preempted or requeued job again by itself, submitit one whose time is up; each goes on
from the newest checkpoint that it finds.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from errors import UserError
from harness.progress import progress, say
from sweeps.folder import Submission, submissions
from sweeps.graph import Job
from sweeps.launchers import verify
from sweeps.launchers.settings import Resources, check_resources, resources_of
from sweeps.progress import cluster
from sweeps.progress.cluster import IDS, LOGS
from sweeps.progress.show import show
from sweeps.work import Work

REPORT = -1  # the number of the job that reports, which makes nothing that others need
SAME = ("partition", "account", "qos", "constraint", "time", "nodes")  # called alike by sbatch
LINES = (  # of each job; srun does not pass the number of cores on by itself
    "export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}",
    "export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}",
    "export PYTHONUNBUFFERED=1",
    "export PYTHONDONTWRITEBYTECODE=1",  # beside the frozen files it would be one that nobody checks
)


def check(settings: Mapping[str, Any], jobs: Sequence[Job]) -> list[int]:
    """The number of GPUs of each job. Raises `UserError` where there is no SLURM, or for entries that mean nothing."""
    check_resources(settings["resources"])
    there, wishes = cluster.has_gpus(), [resources_of(job.kind, job.method, settings["resources"]) for job in jobs]
    return [gpus_of(job, wish, there) * wish.nodes for job, wish in zip(jobs, wishes, strict=True)]


def alive(root: Path) -> Mapping[str, str]:
    """The tasks that wait or run on the cluster, by key, each with its job's id. Raises `UserError`."""
    cluster.find()
    if match := re.search(r"\\|%[jtAa]", str(root)):  # SLURM, or submitit, would take the path for another one
        raise UserError(f"{root}: SLURM's jobs can't write to a path with {match[0]} in it; take another results_dir")
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


def gpus_of(job: Job, resources: Resources, there: bool) -> int:
    """The GPUs of each of a job's nodes."""
    if job.devices % resources.nodes:
        raise UserError(f"train.devices={job.devices}: can't be divided among {resources.nodes} nodes")
    if resources.gpus != "auto":
        return int(resources.gpus)
    return job.devices // resources.nodes if there and job.tasks[0].plan.config.values["device"] != "cpu" else 0


def check_line(submission: Submission) -> str:
    """The line of a job that ends it unless its code is what was frozen. It travels with the job, not with the code,
    and what it runs imports nothing from the folder that the job stands in."""
    code, sha256 = submission.facts["code"], submission.facts["sha256"]
    return f"{shlex.join([sys.executable, '-I', '-c', inspect.getsource(verify), code, sha256])} || exit 1"


class Sender:
    """Submits arrays of calls and keeps what the cluster calls them, by the jobs' numbers, on the disk at once."""

    def __init__(self, submission: Submission, size: int, has_gpus: bool) -> None:
        from submitit import SlurmExecutor

        self.submission, self.size, self.has_gpus = submission, size, has_gpus
        self.settings = submission.facts["settings"]
        self.ids: dict[int, str] = {}
        self.executor = SlurmExecutor(submission.folder / LOGS, max_num_timeout=self.settings["restarts"])

    def send(self, calls: Sequence[Any], resources: Resources, dependency: str, jobs: Sequence[Job]) -> None:
        """Submit calls that ask for the same and wait for the same; without jobs it is the call that reports."""
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        for first in range(0, len(calls), self.size):
            part = calls[first : first + self.size]
            parameters = self._parameters(resources, jobs, len(part) > 1)
            self.executor.update_parameters(**parameters, dependency=dependency or None)
            try:
                with self.executor.batch():
                    sent = [self.executor.submit(call) for call in part]
            except (FailedJobError, FailedSubmissionError, OSError) as error:
                reason = " ".join(str(error).split())
                mend = "python -m sweeps retry submits what is missing"
                raise UserError(f"SLURM refused a job: {reason}; {mend}") from error
            numbers = [job.number for job in jobs[first : first + self.size]] or [REPORT]
            pairs = [(number, job.job_id) for number, job in zip(numbers, sent, strict=True)]
            self.ids |= dict(pairs)
            with (self.submission.folder / IDS).open("a") as file:
                file.write(json.dumps(pairs) + "\n")

    def _parameters(self, resources: Resources, jobs: Sequence[Job], several: bool) -> dict[str, Any]:
        """All of sbatch's, for submitit keeps from one submission to the next what it is not told anew."""
        # submitit's path of a log, as SLURM has to be told it: a % in the folder's own path stands for itself. A single
        # call is no array, and then its files have another name.
        folder = str(self.submission.folder / LOGS).replace("%", "%%")
        log = f"{folder}/{'%A_%a' if several else '%j'}_%t_log.out"
        more = {
            "chdir": self.submission.facts["code"],
            "output": log.replace("%t", "0"),
            "requeue": True,
            "kill-on-invalid-dep": "yes",
            **(resources.parameters or {}),
        }
        return {
            **{name: getattr(resources, name) for name in SAME},
            "job_name": self.submission.folder.parent.parent.name,
            "comment": jobs[0].kind if jobs else "report",
            "ntasks_per_node": 1,
            "cpus_per_task": resources.cpus,
            "gpus_per_node": (gpus_of(jobs[0], resources, self.has_gpus) if jobs else 0) or None,
            "mem": None if resources.memory is None else f"{math.ceil(resources.memory * 1024)}M",
            "array_parallelism": self.settings["parallel"],
            "setup": [*self.settings["setup"], *LINES, check_line(self.submission)],
            "additional_parameters": more,
            "stderr_to_stdout": True,
            # Where one node fails the others would wait for it.
            "srun_args": ["--kill-on-bad-exit=1", f"--output={log}"],
        }
