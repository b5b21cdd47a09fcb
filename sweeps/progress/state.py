"""How the points and jobs of a sweep stand, from what lies on the disk and what a cluster says. Nothing is changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from errors import UserError
from harness.store import recorded
from harness.store.ensure import failure_of
from harness.store.entries import Store
from harness.store.listed import read_points
from sweeps.folder import Submission, submissions
from sweeps.progress import cluster
from sweeps.progress.attempts import Attempt, attempts, driver, is_running
from sweeps.progress.cluster import State

STATUSES = ("done", "running", "waiting", "failed", "stopped")
UNSETTLED, LOST = ("running", "waiting"), ("failed", "stopped")
UNFINISHED = "did not run to its end"


@dataclass(frozen=True)
class Standing:
    """``status``: "done", "running", "waiting" (somebody will do it), "failed", or "stopped" (nobody will);
    ``reason`` in one line for the last two."""

    status: str
    reason: str = ""


@dataclass(frozen=True)
class SubmittedJob:
    """A job of a submission, with its attempts and what the cluster calls it."""

    submission: Submission
    facts: Mapping[str, Any]
    attempts: Sequence[Attempt]
    name: str

    @property
    def last(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def seconds(self) -> float:
        """Spent so far by the attempts that have ended."""
        return sum(attempt.ended - attempt.began for attempt in self.attempts if attempt.ended)


def jobs_of(folder: Path) -> Iterator[SubmittedJob]:
    """All jobs of all submissions of a sweep, in order."""
    for submission in submissions(folder):
        names = cluster.ids(submission)
        for facts in submission.jobs:
            tried = attempts(submission.path(facts["number"], "attempts.jsonl"))
            yield SubmittedJob(submission, facts, tried, names.get(facts["number"], ""))


class Sweep:
    """A sweep's folder with how its points, tasks and jobs stand. Reads the disk once, when first asked."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder, self.store = root, folder, Store(root)
        self.rows = read_points(folder)

    @cached_property
    def jobs(self) -> list[SubmittedJob]:
        """All jobs of all submissions, in order."""
        return list(jobs_of(self.folder))

    @cached_property
    def by_task(self) -> dict[str, SubmittedJob]:
        """By the key of a task, the job that was given it last."""
        return {key: job for job in self.jobs for key in job.facts["tasks"]}

    @cached_property
    def of_others(self) -> dict[str, SubmittedJob]:
        """By the key of a task, the job of another sweep that was given it: sweeps share what is the same."""
        others = [path.parent for path in (self.root / "sweeps").glob("*/points.json") if path.parent != self.folder]
        return {key: job for other in others for job in jobs_of(other) for key in job.facts["tasks"]}

    @cached_property
    def cluster(self) -> dict[str, State]:
        """What SLURM remembers of its jobs; to be asked only where something was submitted to it. Raises `UserError`
        where it does not answer."""
        return cluster.states()

    @cached_property
    def silence(self) -> str:
        """Why SLURM does not say how its jobs stand, so that only the disk tells; empty where it does."""
        try:
            self.cluster  # noqa: B018 - asked here, kept there
        except UserError as error:
            return str(error)
        return ""

    @cached_property
    def driven(self) -> bool:
        """Whether a process on its own machine is at the sweep."""
        return driver(self.folder) is not None

    @cached_property
    def points(self) -> list[tuple[dict[str, Any], Standing]]:
        """The points in order, each with how it stands; doing nothing ("identity") is none of them."""
        return [(row, self.point(row)) for row in self.rows if row["status"] != "identity"]

    def point(self, row: Mapping[str, Any]) -> Standing:
        """How a point stands: as the first of its tasks that is not done."""
        return Standing("done") if self.recorded(row) else next(self._undone(row))

    def lost(self) -> list[dict[str, Any]]:
        """The rows, doing nothing among them, of which anything failed or was stopped, whatever else still runs."""
        open_rows = [row for row in self.rows if not self.recorded(row)]
        return [row for row in open_rows if any(standing.status in LOST for standing in self._undone(row))]

    def recorded(self, row: Mapping[str, Any]) -> bool:
        """Whether a point's record is there, whole, with all that was asked for."""
        return recorded.has(self.root, row["run"], row["scores"])

    def job(self, job: SubmittedJob) -> Standing:
        """How a job stands."""
        state = self.cluster.get(job.name) if job.name and not self.silence else None
        if cluster.lives(state):
            return Standing("running" if state is not None and state.name != "PENDING" else "waiting")
        if job.last is not None and job.last.ended:
            return Standing("failed", job.last.reason) if job.last.reason else Standing("done")
        if job.name:
            return self._ended_on_cluster(job, state)
        folder = job.submission.folder.parent.parent
        if not (self.driven if folder == self.folder else driver(folder)):
            return Standing("stopped", UNFINISHED)
        return Standing("running" if job.last is not None and is_running(job.last.place) is not False else "waiting")

    def _ended_on_cluster(self, job: SubmittedJob, state: State | None) -> Standing:
        """How a job stands that does not live there, as far as the cluster tells, and that said nothing at its end."""
        if state is None and job.facts["number"] in cluster.cancelled(job.submission):
            return Standing("stopped", cluster.WORDS["CANCELLED"])
        if self.silence:
            return Standing("waiting" if job.last is None else "running")
        log = cluster.last_life(cluster.log_of(job.submission, job.name))
        why = cluster.ending(state, job.facts["kind"], log) or UNFINISHED
        return Standing("stopped" if state is None or state.name in cluster.STOPPED else "failed", why)

    def _undone(self, row: Mapping[str, Any]) -> Iterator[Standing]:
        """How what is not made yet stands, in order; the last is the record."""
        if not self.store.entry("samples", row["samples"]).sound:
            for level, key in [*(("trainings", key) for key in row["trainings"].values()), ("samples", row["samples"])]:
                if not self.store.entry(level, key).sound:
                    yield self._unmade(row, level, key)
        yield self._unmade(row, "failures", row["run"])

    def _unmade(self, row: Mapping[str, Any], level: str, key: str) -> Standing:
        job = self.by_task.get(key) or self.of_others.get(key)
        if job is None:
            if reason := self._mark(row, level, key):
                return Standing("failed", reason)
            return Standing("waiting") if self.driven else Standing("stopped", UNFINISHED)
        standing = self.job(job)
        if standing.status in UNSETTLED:
            return standing
        reason = self._mark(row, level, key, job.attempts[-1].began if job.attempts else 0.0)
        status = "stopped" if standing.status == "stopped" else "failed"
        return Standing(status, reason or standing.reason or UNFINISHED)

    def _mark(self, row: Mapping[str, Any], level: str, key: str, since: float = 0.0) -> str:
        """The reason that a failure left in the store, unless an attempt has begun ``since``."""
        for entry in (self.store.entry(level, key), self.store.entry("failures", row["run"])):
            failure = failure_of(entry)
            if failure and datetime.fromisoformat(failure["failed"]).timestamp() >= int(since):
                return str(failure["reason"])
        return ""
