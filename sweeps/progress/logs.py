"""What jobs have said: the end of their logs, found by the key of anything that they make, or by their numbers."""

from collections import deque
from pathlib import Path

from errors import UserError, page
from sweeps.progress import cluster
from sweeps.progress.state import SubmittedJob, Sweep

LINES = 40  # of each log
LOGS = 4  # at most, the newest


def logs(sweep: Sweep, word: str) -> str:
    """The ends of the logs of the jobs that a word names: a key or its beginning, a job's id, or ``2.17``, job 17 of
    submission 2. Raises `UserError` where it names none."""
    found = [job for job in sweep.jobs if _named(sweep, job, word)]
    if not found:
        raise UserError(f"{word}: no job of {sweep.folder.name} makes that; python -m sweeps status lists keys")
    parts = []
    for job in found[-LOGS:]:
        kept = job.submission
        path = cluster.log_of(kept, job.name) if job.name else kept.path(job.facts["number"], "log")
        head = f"== {label(job)} {job.facts['kind']} {job.facts['method']}: {path}"
        parts += [head, *_end(path)]
    return page(parts)


def label(job: SubmittedJob) -> str:
    """A job's name among all of its sweep: its submission and its number there."""
    return f"{job.submission.folder.name}.{job.facts['number']}"


def _named(sweep: Sweep, job: SubmittedJob, word: str) -> bool:
    keys = set(job.facts["tasks"])
    for row in sweep.rows:  # a run's key names all that was done for it
        if row["run"].startswith(word) and keys & {*row["trainings"].values(), row["samples"], row["run"]}:
            return True
    return word in (job.name, label(job)) or any(key.startswith(word) for key in keys)


def _end(path: Path) -> list[str]:
    try:
        with path.open(errors="replace", newline="\n") as file:
            return [line.rstrip("\r\n").expandtabs() for line in deque(file, LINES)]
    except OSError as error:
        return [f"(no log: {error.strerror})"]
