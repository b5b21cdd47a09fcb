"""The points of a sweep as they were composed when it was submitted, whatever the configuration says by now."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from harness.plan import Plan, plan
from sweeps.folder import submissions
from sweeps.jobs import points_of


def frozen_plans(folder: Path, runs: Collection[str]) -> list[Plan]:
    """The plans of some runs of a sweep, from the files of its jobs; runs that were never submitted are left out."""
    found: dict[str, Plan] = {}
    for submission in submissions(folder):
        for job in submission.jobs:
            if job["kind"] == "scoring" and not set(job["tasks"]).isdisjoint(runs):
                spec = json.loads(submission.path(job["number"], "json").read_bytes())
                points = points_of(spec)
                wanted = [points[task["point"]] for task in spec["tasks"] if task["key"] in runs]
                found |= {made.run: made for made in map(plan, wanted)}
    return list(found.values())
