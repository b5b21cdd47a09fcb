"""From the points of a sweep to jobs that somebody runs: what is missing is planned, frozen and handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.planning.plan import Plan
from harness.progress import say
from sweeps.folder import listed_job, write_submission
from sweeps.graph import graph, group_tasks
from sweeps.launchers import local, slurm
from sweeps.launchers.freeze import freeze
from sweeps.launchers.settings import check_counts
from sweeps.progress.costs import History

LAUNCHERS = {"local": local, "slurm": slurm}  # each a module with check, alive and start


def hand_over(plans: Sequence[Plan], root: Path, folder: Path, name: str, settings: Mapping[str, Any]) -> None:
    """Start whatever the plans lack and nobody is making. Raises `UserError`."""
    check_counts(settings)
    launcher = LAUNCHERS[name]
    wanted = graph(plans, root).wanted
    others = launcher.alive(root) if wanted else {}
    alive = {task.key: others[task.key] for task in wanted if task.key in others}
    jobs = group_tasks([task for task in wanted if task.key not in alive], settings["chunk"])
    if not jobs:
        say("nothing to do: " + ("the rest is on its way" if wanted else "all is in the store"))
        return
    gpus, history = launcher.check(settings, jobs), History(root)
    listed = []
    for job, number in zip(jobs, gpus, strict=True):
        known = [history.seconds(task) for task in job.tasks]
        about = None if None in known else sum(seconds or 0.0 for seconds in known)
        listed.append(listed_job(job, number, about))
    code, sha256 = freeze(root)
    facts = {"launcher": name, "settings": dict(settings), "code": str(code), "sha256": sha256, "jobs": listed}
    launcher.start(write_submission(folder, facts, jobs), root, jobs, alive)
