"""How a sweep stands, as a text: points, kinds of work, what runs, what failed, what was spent and is left."""

import shlex
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from errors import page
from harness.progress import console, first_of
from sweeps.graph import KINDS
from sweeps.progress.costs import about
from sweeps.progress.state import LOST, STATUSES, UNSETTLED, Standing, SubmittedJob, Sweep
from sweeps.progress.watch import View, state_of, state_text

SHOWN = 12  # running and failed ones that are told one by one
EVERY = 3.0  # seconds between two looks, while one watches


def status(sweep: Sweep) -> str:
    """The whole text."""
    counts = Counter(standing.status for _, standing in sweep.points)
    others = "".join(f", {counts[name]} {name}" for name in STATUSES if counts[name] and name != "done")
    head = f"{sweep.folder.name}: {counts['done']} of {len(sweep.points)} points are done{others}"
    asked = any(job.name for job in sweep.jobs) and sweep.silence
    silent = [f"the rest is what the disk tells, for SLURM does not: {sweep.silence}"] if asked else []
    return page([head, *silent, *_jobs(sweep), *_running(sweep), *_lost(sweep)])


def _jobs(sweep: Sweep) -> list[str]:
    """The newest jobs for each task, by kind and standing, with the time spent and left."""
    jobs = list({id(job): job for job in sweep.by_task.values()}.values())
    if not jobs:
        return []
    stood = [(job, sweep.job(job).status) for job in jobs]
    lines = [f"{'jobs':<12}" + "".join(f"{name:>9}" for name in STATUSES)]
    for kind in KINDS:
        counts = Counter(status for job, status in stood if job.facts["kind"] == kind)
        if counts:
            lines.append(f"{kind:<12}" + "".join(f"{counts[name] or '.':>9}" for name in STATUSES))
    return [*lines, _spent(sweep, stood)]


def _spent(sweep: Sweep, stood: Sequence[tuple[SubmittedJob, str]]) -> str:
    """Time of jobs, and of their GPUs: spent by all attempts, and left, about."""
    running = {id(job): _so_far(job) for job, status in stood if status == "running"}
    seconds = [(job.seconds + running.get(id(job), 0.0), job.facts["gpus"]) for job in sweep.jobs]
    usual, unknown, rest = _usual(stood), 0, []
    for job, status in stood:
        if status in UNSETTLED:
            expected = usual.get((job.facts["kind"], job.facts["method"]), job.facts.get("about"))
            unknown += expected is None
            rest.append((max(0.0, (expected or 0.0) - running.get(id(job), 0.0)), job.facts["gpus"]))
    left, left_gpus = _sums(rest)
    parts = [f"about {left} {left_gpus}"] if any(time for time, _ in rest) else []
    parts += [f"{unknown} jobs of unknown length"] if unknown else []
    total, gpus = _sums(seconds)
    return f"spent {total} of jobs {gpus}" + (f"; left {' and '.join(parts)}" if parts else "")


def _sums(seconds: Sequence[tuple[float, int]]) -> tuple[str, str]:
    """The time of jobs with their GPUs in words, and the time of the GPUs."""
    hours = sum(time * gpus for time, gpus in seconds) / 3600
    return about(sum(time for time, _ in seconds)), f"({hours:.1f} GPU-hours)"


def _so_far(job: SubmittedJob) -> float:
    return time.time() - job.last.began if job.last and not job.last.ended else 0.0


def _usual(stood: Sequence[tuple[SubmittedJob, str]]) -> dict[tuple[str, str], float]:
    """How long jobs take, by kind and method: the median of those done, else of what those that run promise."""
    taken: dict[str, dict[tuple[str, str], list[float]]] = {"running": {}, "done": {}}
    for job, status in stood:
        seconds = {"done": job.seconds, "running": _promised(job) if status == "running" else 0.0}.get(status, 0.0)
        if seconds:
            taken[status].setdefault((job.facts["kind"], job.facts["method"]), []).append(seconds)
    return {like: median(seconds) for found in taken.values() for like, seconds in found.items()}


def _promised(job: SubmittedJob) -> float:
    """How long a job of one task will take in all, going by its progress; 0 where it is too early to tell."""
    state = state_of(job.submission, job.facts["number"])
    share = state.get("done", 0) / max(state.get("total", 0), 1)
    return _so_far(job) / share if share > 0.02 and len(job.facts["tasks"]) == 1 else 0.0


def _running(sweep: Sweep) -> list[str]:
    lines = []
    for job in sweep.jobs:
        if sweep.job(job).status == "running":
            place = job.last.place if job.last else {}
            where = job.name or f"process {place.get('pid')}"
            what = f"{job.facts['kind']} {job.facts['method']} {job.facts['tasks'][0][:8]}"
            state = state_text(job.submission, job.facts["number"])
            lines.append(f"  {what}  {where} {place.get('host', '')}  {state}")
    return [f"running ({len(lines)})", *first_of(lines, SHOWN, "  and {} more")] if lines else []


def _lost(sweep: Sweep) -> list[str]:
    lines = [f"  {line}" for line in loss_lines(sweep.points)]
    again = f"  python -m sweeps retry {sweep.folder.name}{results_words(sweep.root)} does these again"
    return [f"not done ({len(lines)})", *first_of(lines, SHOWN, "  and {} more"), again] if lines else []


def loss_lines(points: Iterable[tuple[Mapping[str, Any], Standing]]) -> list[str]:
    """The points that failed or were stopped, each with its words and the reason."""
    lost = [(row, standing) for row, standing in points if standing.status in LOST]
    return [f"{why.status}: {' '.join(row['overrides']) or 'the default run'}: {why.reason}" for row, why in lost]


def results_words(root: Path) -> str:
    """The option that names a folder of results, where it is not the default one."""
    return "" if root == (Path.cwd() / "results") else f" --results {shlex.quote(str(root))}"


def elsewhere(sweep: Sweep) -> bool:
    """Whether anybody will do any more of a sweep that this process has handed over."""
    return any(standing.status in UNSETTLED for _, standing in sweep.points)


def watch(root: Path, folder: Path) -> None:
    """Show how a sweep stands until nobody will do any more of it: live on a terminal, now and then in a log."""
    with View() as view:
        while elsewhere(sweep := Sweep(root, folder)):
            head, *rows = status(sweep).splitlines()
            view.show(head, lambda: rows if console.is_terminal else [])  # noqa: B023 - called here
            time.sleep(EVERY)
