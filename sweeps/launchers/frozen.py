"""The points of a sweep as they were composed when it was submitted, whatever the configuration says by now."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from harness.planning.plan import Plan, plan
from harness.progress import say_once
from harness.store.sealed import Damaged
from sweeps.folder import submissions
from sweeps.jobs import points_of, spec_of


def frozen_plans(folder: Path, runs: Collection[str]) -> list[Plan]:
    """The plans of some runs of a sweep, from the files of its jobs; runs that were never submitted are left out, and
    those whose file is damaged, which is named."""
    found: dict[str, Plan] = {}
    for submission in submissions(folder):
        for job in submission.jobs:
            if job["kind"] == "scoring" and not set(job["tasks"]).isdisjoint(runs):
                found |= {made.run: made for made in _of_job(submission.path(job["number"], "json"), runs)}
    return list(found.values())


def _of_job(path: Path, runs: Collection[str]) -> list[Plan]:
    try:
        spec = spec_of(path)
    except Damaged as damage:
        say_once(f"left out, for its file is damaged: {damage}; give the sweep's command again")
        return []
    points = points_of(spec)
    return [plan(points[task["point"]]) for task in spec["tasks"] if task["key"] in runs]
