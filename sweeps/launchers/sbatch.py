"""Handing job arrays to SLURM's sbatch, by submitit, and what the cluster calls them."""

from __future__ import annotations

import inspect
import json
import math
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from sweeps.folder import Submission
from sweeps.jobs import Job
from sweeps.launchers import verify
from sweeps.launchers.settings import Resources
from sweeps.progress.cluster import IDS, LOGS

REPORT = -1  # the number of the job that reports, which makes nothing that others need
LINES = (  # of each job; srun does not pass the number of cores on by itself
    "export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}",
    "export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}",
    "export PYTHONUNBUFFERED=1",
    "export PYTHONDONTWRITEBYTECODE=1",  # beside the frozen files it would be one that nobody checks
)


def check_folder(root: Path) -> None:
    """Raise `UserError` for a folder of results whose path SLURM, or submitit, would take for another one."""
    found = re.search(r"\\|%[jtAa]", str(root))
    if found:
        raise UserError(f"{root}: SLURM's jobs can't write to a path with {found[0]} in it; take another results_dir")


def checked(submission: Submission) -> str:
    """The line of a job that ends it unless its code is what was frozen. It travels with the job, not with the code,
    and what it runs imports nothing from the folder that the job stands in."""
    code, sha256 = submission.facts["code"], submission.facts["sha256"]
    words = [sys.executable, "-I", "-c", inspect.getsource(verify), code, sha256]
    return f"{shlex.join(words)} || exit 1"


def gpus_of(job: Job, asked: Resources, there: bool) -> int:
    """The GPUs of each of a job's nodes."""
    if job.devices % asked.nodes:
        raise UserError(f"train.devices={job.devices}: can't be divided among {asked.nodes} nodes")
    if asked.gpus != "auto":
        return int(asked.gpus)
    return job.devices // asked.nodes if there and job.tasks[0].plan.config.values["device"] != "cpu" else 0


class Sender:
    """Submits arrays of calls and keeps what the cluster calls them, on the disk at once."""

    def __init__(self, submission: Submission, settings: Mapping[str, Any], size: int, has_gpus: bool) -> None:
        from submitit import SlurmExecutor

        self.submission, self.settings, self.size, self.has_gpus = submission, settings, size, has_gpus
        self.given: dict[int, str] = {}
        self.executor = SlurmExecutor(submission.folder / LOGS, max_num_timeout=settings["restarts"])

    def send(self, calls: Sequence[Any], asked: Resources, joined: str, jobs: Sequence[Job]) -> None:
        """Submit calls that ask for the same and wait for the same."""
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        for first in range(0, len(calls), self.size):
            part = calls[first : first + self.size]
            # A single call is no array, and then its files have another name.
            log = self._log("%A_%a" if len(part) > 1 else "%j")
            self.executor.update_parameters(**self._parameters(asked, joined, jobs, log))
            try:
                with self.executor.batch():
                    sent = [self.executor.submit(call) for call in part]
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

    def _log(self, name: str) -> str:
        """submitit's path of a log, as SLURM has to be told it: a % in the folder's own path stands for itself."""
        return f"{str(self.submission.folder / LOGS).replace('%', '%%')}/{name}_%t_log.out"

    def _parameters(self, asked: Resources, joined: str, jobs: Sequence[Job], log: str) -> dict[str, Any]:
        """All of sbatch's, for submitit keeps from one submission to the next what it is not told anew."""
        more = {
            "chdir": self.submission.facts["code"],
            "output": log.replace("%t", "0"),
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
            "gpus_per_node": (gpus_of(jobs[0], asked, self.has_gpus) if jobs else 0) or None,
            "mem": None if asked.memory is None else f"{math.ceil(asked.memory * 1024)}M",
            "dependency": joined or None,
            "array_parallelism": self.settings["parallel"],
            "setup": [*self.settings["setup"], *LINES, checked(self.submission)],
            "additional_parameters": more,
            "stderr_to_stdout": True,
            # Where one node fails the others would wait for it.
            "srun_args": ["--kill-on-bad-exit=1", f"--output={log}"],
        }
