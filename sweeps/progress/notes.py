"""What a user should know of a sweep beside its figures."""

from __future__ import annotations

from collections.abc import Sequence

from harness.config.run_config import inside
from harness.planning.plan import Plan
from registry import find


def notes(plans: Sequence[Plan]) -> list[str]:
    """Metrics that had nothing to measure; where a point leaves its method's reference, in the method's own words."""
    asked = dict.fromkeys(name for plan in plans for name in plan.config.values["metrics"])
    idle = [name for name in asked if not any(name in plan.scores for plan in plans)]
    found = [f"nothing to measure for metrics={name}: {_needs(name)}" for name in idle]
    for plan in plans:
        for column, rule in find("method", plan.config.name("method")).facts.departs.items():
            kind = find("task", plan.config.name("task")).facts.kind
            value = plan.columns.get(column)
            if kind == rule["kind"] and value is not None and inside(value, rule["interval"]):
                found.append(rule["note"])
    return list(dict.fromkeys(found))


def _needs(metric: str) -> str:
    facts = find("metrics", metric).facts
    said = {
        "pair": "the true picture of each degraded one",
        "mask": "masks",
        "likelihood": "a method with a likelihood",
    }
    wanted = [said[need] for need in facts.needs]
    return f"it needs {' and '.join(wanted) or facts.data}"
