"""Doing again what failed or was stopped, and stopping what is under way."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from errors import UserError
from harness.planning.plan import Plan, plan
from harness.progress import say_once
from harness.store.sealed import Damaged
from sweeps.folder import spec_of, submissions
from sweeps.launchers.launch import hand_over
from sweeps.progress import cluster
from sweeps.progress.attempts import driver, driving, is_running
from sweeps.progress.state import UNSETTLED, Sweep


def retry(sweep: Sweep, words: Sequence[str]) -> int:
    """Hand the points that failed or were stopped to the launcher that had them; their number.

    ``words`` change its settings, as ``resources.training.memory=64``. The code is today's, the points' configuration
    that of the submission. Raises `UserError`, where there was no submission too.
    """
    lost = {row["run"] for row in sweep.lost()}
    if not lost:
        return 0
    before = submissions(sweep.folder)
    if not before:
        raise UserError(f"{sweep.folder.name}: it was run without a launcher of its own; give the same command again")
    if sweep.driven:
        raise UserError(f"{sweep.folder.name}: a process is at it; wait for it, or python -m sweeps cancel")
    plans = frozen_plans(sweep.folder, lost)
    settings = _changed(before[-1].facts["settings"], words)
    with driving(sweep.folder):
        hand_over(plans, sweep.root, sweep.folder, before[-1].facts["launcher"], settings)
    return len(plans)


def frozen_plans(folder: Path, runs: set[str]) -> list[Plan]:
    """The plans of some runs of a sweep as they were composed when it was submitted, from the files of its jobs.

    Runs that were never submitted are left out, and those whose file is damaged, which is named.
    """
    plans: dict[str, Plan] = {}
    for submission in submissions(folder):
        for job in submission.jobs:
            if job["kind"] == "scoring" and not runs.isdisjoint(job["tasks"]):
                try:
                    spec = spec_of(submission.path(job["number"], "json"))
                except Damaged as damage:
                    say_once(f"left out, for its file is damaged: {damage}; give the sweep's command again")
                    continue
                frozen = [plan(task["point"]) for task in spec["tasks"] if task["key"] in runs]
                plans |= {each.run: each for each in frozen}
    return list(plans.values())


def _changed(settings: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    plain = [word.removeprefix("hydra.launcher.") for word in words]
    for word in plain:
        if "=" not in word or word.partition("=")[0].partition(".")[0] not in settings:
            raise UserError(f"{word}: no such setting of the launcher; there are: {', '.join(settings)}")
    try:
        merged = OmegaConf.merge(OmegaConf.create(dict(settings)), OmegaConf.from_dotlist(plain))
        values = OmegaConf.to_container(merged)
    except OmegaConfBaseException as error:
        raise UserError(" ".join(str(error).split())) from error
    assert isinstance(values, dict)
    return {str(name): value for name, value in values.items()}


def cancel(sweep: Sweep) -> int:
    """End what waits or runs, here and on the cluster; the number of jobs. What is in the store stays."""
    alive: list[str] = []
    for submission in submissions(sweep.folder):
        names = cluster.ids(submission)
        living = {number: name for number, name in names.items() if cluster.lives(sweep.cluster.get(name))}
        if living:
            cluster.note_cancelled(submission, list(living))
        alive += living.values()
    cluster.cancel(alive[::-1])  # what waits for others first, or the end of those would start it
    place = driver(sweep.folder)
    if place is None:
        return len(alive)
    if is_running(place) is None:
        raise UserError(f"process {place.get('pid')} on {place.get('host')} drives it: cancel it there")
    under_way = sum(sweep.job(job).status in UNSETTLED for job in sweep.jobs)
    os.kill(place["pid"], signal.SIGTERM)  # the jobs on this machine end with the process that drives them
    return len(alive) + under_way
