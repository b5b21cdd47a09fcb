"""How a sweep stands, as a text: points, kinds of work, what runs, what failed, what was spent and is left."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.live import Live
from rich.text import Text

from errors import page
from harness.progress import LINE_SECONDS, console, say
from sweeps.progress.costs import about
from sweeps.progress.state import LOST, STATUSES, Handed, Sweep
from sweeps.progress.watch import state_of, told

KINDS = ("training", "sampling", "scoring")
SHOWN = 12  # running and failed ones that are told one by one
EVERY = 3.0  # seconds between two looks, while one watches
UNSETTLED = ("running", "waiting")


def status(sweep: Sweep) -> str:
    """The whole text."""
    points = [standing for _, standing in sweep.points]
    counts = {name: sum(standing.status == name for standing in points) for name in STATUSES}
    told_counts = ", ".join(f"{number} {name}" for name, number in counts.items() if number and name != "done")
    first = (
        f"{sweep.folder.name}: {counts['done']} of {len(points)} points are done{told_counts and ', ' + told_counts}"
    )
    silent = [f"the rest is what the disk tells, for SLURM does not: {sweep.silence}"] if _asked(sweep) else []
    return page([first, *silent, *_jobs(sweep), *_running(sweep), *_lost(sweep)])


def _asked(sweep: Sweep) -> bool:
    """Whether SLURM was asked, and did not answer."""
    return any(job.name for job in sweep.jobs) and bool(sweep.silence)


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


def _spent(sweep: Sweep, stood: Sequence[tuple[Handed, str]]) -> str:
    """Time of jobs, and of their GPUs: spent by all attempts, and left, about."""
    running = {id(job): _so_far(job) for job, status in stood if status == "running"}
    spent = gpus = left = left_gpus = 0.0
    for job in sweep.jobs:
        seconds = job.seconds + running.get(id(job), 0.0)
        spent, gpus = spent + seconds, gpus + seconds * job.facts["gpus"]
    usual, unknown = _usual(stood), 0
    for job, status in stood:
        if status in UNSETTLED:
            expected = usual.get((job.facts["kind"], job.facts["method"]), job.facts.get("about"))
            more = max(0.0, (expected or 0.0) - running.get(id(job), 0.0))
            unknown += expected is None
            left, left_gpus = left + more, left_gpus + more * job.facts["gpus"]
    text = f"spent {about(spent)} of jobs ({gpus / 3600:.1f} GPU-hours)"
    parts = [f"about {about(left)} ({left_gpus / 3600:.1f} GPU-hours)"] if left else []
    parts += [f"{unknown} jobs of unknown length"] if unknown else []
    return f"{text}; left {' and '.join(parts)}" if parts else text


def _so_far(job: Handed) -> float:
    last = job.attempts[-1] if job.attempts else None
    return time.time() - last.began if last and not last.ended else 0.0


def _usual(stood: Sequence[tuple[Handed, str]]) -> dict[tuple[str, str], float]:
    """How long jobs take, by kind and method: the median of those done, else of what those that run promise."""
    taken: dict[str, dict[tuple[str, str], list[float]]] = {"running": {}, "done": {}}
    for job, status in stood:
        seconds = {"done": job.seconds, "running": _promised(job) if status == "running" else 0.0}.get(status, 0.0)
        if seconds:
            taken[status].setdefault((job.facts["kind"], job.facts["method"]), []).append(seconds)
    return {like: median(seconds) for found in taken.values() for like, seconds in found.items()}


def _promised(job: Handed) -> float:
    """How long a job of one task will take in all, going by its progress; 0 where it is too early to tell."""
    state = state_of(job.submission, job.facts["number"])
    share = state.get("done", 0) / max(state.get("total", 0), 1)
    return _so_far(job) / share if share > 0.02 and len(job.facts["tasks"]) == 1 else 0.0


def _running(sweep: Sweep) -> list[str]:
    running = [job for job in sweep.jobs if sweep.job(job).status == "running"]
    lines = [f"running ({len(running)})"] if running else []
    for job in running[:SHOWN]:
        where = job.name or f"process {job.attempts[-1].place.get('pid')}"
        host = job.attempts[-1].place.get("host", "") if job.attempts else ""
        state = told(state_of(job.submission, job.facts["number"]))
        lines.append(
            f"  {job.facts['kind']} {job.facts['method']} {job.facts['tasks'][0][:8]}  {where} {host}  {state}"
        )
    return [*lines, *_more(len(running))]


def _lost(sweep: Sweep) -> list[str]:
    lost = [(row, standing) for row, standing in sweep.points if standing.status in LOST]
    lines = [f"not done ({len(lost)})"] if lost else []
    for row, standing in lost[:SHOWN]:
        lines.append(f"  {standing.status}: {' '.join(row['overrides']) or 'the default run'}: {standing.reason}")
    if lost:
        name = f"{sweep.folder.name}{results_words(sweep.root)}"
        lines += [*_more(len(lost)), f"  python -m sweeps retry {name} does these again"]
    return lines


def _more(number: int) -> list[str]:
    return [f"  and {number - SHOWN} more"] if number > SHOWN else []


def results_words(root: Path) -> str:
    """The option that names a folder of results, where it is not the default one."""
    return "" if root == (Path.cwd() / "results") else f" --results {shlex.quote(str(root))}"


def settled(sweep: Sweep) -> bool:
    """Whether nobody will do any more of it."""
    return not any(standing.status in UNSETTLED for _, standing in sweep.points)


def elsewhere(root: Path, folder: Path) -> bool:
    """Whether others are still at a sweep that this process has handed over."""
    return not settled(Sweep(root, folder))


def watch(root: Path, folder: Path) -> None:
    """Show how a sweep stands until nobody will do any more of it: live on a terminal, now and then in a log."""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        last = 0.0
        while not settled(sweep := Sweep(root, folder)):
            if console.is_terminal:
                live.update(Text(status(sweep)), refresh=True)
            elif time.monotonic() - last >= LINE_SECONDS:
                last = time.monotonic()
                say(status(sweep).splitlines()[0])
            time.sleep(EVERY)
