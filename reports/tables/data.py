"""The main table as data, in full precision: one row per block, condition and metric."""

from __future__ import annotations

import math
from typing import Any

from reports.analysis.model import Block, Comparison, Condition, Estimate, Report
from reports.tables.table import NONE, Column, Table, word
from reports.wording.wording import COSTS

SHARED = ("images", "photographs", "infinite", "seeds")  # what a condition and its baseline both have
NOT_COMPARED = Comparison(NONE, NONE, math.nan, math.nan, "", math.nan, 0, 0, "inconclusive")


def data_table(report: Report) -> Table:
    """The mean of each condition on each metric with its interval, its comparison with the baseline, its costs, options
    and command. Options that a condition does not have are missing."""
    found = [(block, one, name) for block in report.blocks for one in block.conditions for name in one.scores]
    found = [(block, one, name) for block, one, name in found if name in block.metrics]
    rows = [_row(*one) for one in found]
    options = dict.fromkeys(name for _, one, _ in found for name in one.options)
    columns = [Column(head, [word(row[head]) for row in rows]) for head in (rows[0] if rows else ())]
    columns += [Column(name, [word(one.options.get(name)) for _, one, _ in found]) for name in options]
    return Table("data", "", "table", "", tuple(columns))


def _row(block: Block, condition: Condition, metric: str) -> dict[str, Any]:
    facts, score = block.metrics[metric], condition.scores[metric]
    compared = score.comparison or NOT_COMPARED
    row: dict[str, Any] = {"block": block.name, "dataset": block.dataset, "task": block.task}
    row |= {"method": condition.method, "condition": condition.label}
    row |= {"baseline": condition.key == block.baseline, "metric": metric}
    row |= {name: getattr(facts, name) for name in ("unit", "higher_is_better", "protocol")}
    row |= _named("mean", score.mean) | {name: getattr(score, name) for name in ("best", "images", "infinite")}
    row |= {"seeds": " ".join(map(str, condition.seeds)), "runs": " ".join(condition.runs)}
    row |= _named("difference", compared.difference) | _named("win_rate", compared.win_rate)
    row |= {name: getattr(compared, name) for name in ("p", "p_adjusted", "detectable", "adjustment")}
    row |= {"verdict": compared.verdict if score.comparison else ""}
    row |= {"shared_mean": compared.means[0], "baseline_shared_mean": compared.means[1], "counted": facts.counted}
    row |= {f"shared_{name}": getattr(compared, name) for name in SHARED}
    row |= {name: float(condition.costs.get(name, math.nan)) for name in COSTS}
    return row | {"command": condition.command}


def _named(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
