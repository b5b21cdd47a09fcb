"""Handing job arrays to SLURM's sbatch, by submitit."""

from __future__ import annotations

import inspect
import json
import math
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from sweeps.folder import Submission
from sweeps.graph import Job
from sweeps.launchers import verify
from sweeps.launchers.settings import Resources
from sweeps.progress.cluster import IDS, LOGS

REPORT = -1  # the number of the job that reports, which makes nothing that others need
SAME = ("partition", "account", "qos", "constraint", "time", "nodes")  # called alike by sbatch
LINES = (  # of each job; srun does not pass the number of cores on by itself
    "export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}",
    "export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}",
    "export PYTHONUNBUFFERED=1",
    "export PYTHONDONTWRITEBYTECODE=1",  # beside the frozen files it would be one that nobody checks
)


def check_folder(root: Path) -> None:
    """Raise `UserError` for a folder of results whose path SLURM, or submitit, would take for another one."""
    match = re.search(r"\\|%[jtAa]", str(root))
    if match:
        raise UserError(f"{root}: SLURM's jobs can't write to a path with {match[0]} in it; take another results_dir")


def check_line(submission: Submission) -> str:
    """The line of a job that ends it unless its code is what was frozen. It travels with the job, not with the code,
    and what it runs imports nothing from the folder that the job stands in."""
    code, sha256 = submission.facts["code"], submission.facts["sha256"]
    return f"{shlex.join([sys.executable, '-I', '-c', inspect.getsource(verify), code, sha256])} || exit 1"


def gpus_of(job: Job, resources: Resources, there: bool) -> int:
    """The GPUs of each of a job's nodes."""
    if job.devices % resources.nodes:
        raise UserError(f"train.devices={job.devices}: can't be divided among {resources.nodes} nodes")
    if resources.gpus != "auto":
        return int(resources.gpus)
    return job.devices // resources.nodes if there and job.tasks[0].plan.config.values["device"] != "cpu" else 0


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
