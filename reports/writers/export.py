"""The main table as data, and as text: one row per block, condition and metric."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import UserError
from harness.store.files import write_atomic
from registry import nearest
from reports.analysis.model import Block, Condition, Estimate, Report
from reports.wording.wording import COSTS

if TYPE_CHECKING:
    import pandas as pd

NONE = Estimate(math.nan, math.nan, math.nan)
NAME = "table"
SHARED = ("images", "photographs", "infinite", "seeds")  # what a condition and its baseline both have


def frame(report: Report) -> pd.DataFrame:
    """The main table in full precision: the mean of each condition on each metric with its interval, its comparison
    with the baseline, its costs, options and command. Options that a condition does not have are missing."""
    import pandas as pd

    rows = [
        _row(block, condition, metric)
        for block in report.blocks
        for condition in block.conditions
        for metric in condition.scores
        if metric in block.metrics
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    options = [name for name in columns if name.startswith("option.")]
    order = [*columns[: len(columns) - len(options)], *options] if rows else []
    table = pd.DataFrame(rows, columns=order or None)
    for name in options:  # a column of Parquet has one type
        kinds = {type(value) for value in table[name].dropna()}
        if len(kinds) > 1:
            table[name] = table[name].map(str, na_action="ignore")
    return table.rename(columns=lambda name: name.removeprefix("option."))


def _row(block: Block, condition: Condition, metric: str) -> dict[str, Any]:
    facts, score = block.metrics[metric], condition.scores[metric]
    row: dict[str, Any] = {
        "block": block.name,
        "dataset": block.dataset,
        "task": block.task,
        "method": condition.method,
    }
    row |= {"condition": condition.label, "baseline": condition.key == block.baseline, "metric": metric}
    row |= {"unit": facts.unit, "higher_is_better": facts.higher_is_better, "protocol": facts.protocol}
    row |= _named("mean", score.mean) | {"best": score.best, "images": score.images, "infinite": score.infinite}
    row |= {"seeds": " ".join(map(str, condition.seeds)), "runs": " ".join(condition.runs)}
    compared = score.comparison
    row |= _named("difference", compared.difference if compared else NONE)
    row |= _named("win_rate", compared.win_rate if compared else NONE)
    row |= {name: getattr(compared, name) if compared else math.nan for name in ("p", "p_adjusted", "detectable")}
    row |= {name: getattr(compared, name) if compared else "" for name in ("adjustment", "verdict")}
    means = compared.means if compared else (math.nan, math.nan)
    row |= {"shared_mean": means[0], "baseline_shared_mean": means[1], "counted": facts.counted}
    row |= {f"shared_{name}": getattr(compared, name) if compared else 0 for name in SHARED}
    row |= {name: float(condition.costs.get(name, math.nan)) for name in COSTS}
    return row | {"command": condition.command} | {f"option.{name}": value for name, value in condition.options.items()}


def _named(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _csv(report: Report) -> bytes:
    return frame(report).to_csv(index=False, lineterminator="\n").encode()


def _parquet(report: Report) -> bytes:
    buffer = io.BytesIO()
    frame(report).to_parquet(buffer, index=False)
    return buffer.getvalue()


def _markdown(report: Report) -> bytes:
    from reports.writers.marked import table
    from reports.writers.sheets import sheets

    return "\n\n".join(table(sheet) for found in sheets(report) for sheet in found).encode() + b"\n"


def _latex(report: Report) -> bytes:
    from reports.writers.latex import kept, table
    from reports.writers.sheets import sheets

    return "\n".join(table(sheet) for found in sheets(report) for sheet in kept(found)).encode()


FORMATS: Mapping[str, Callable[[Report], bytes]] = {
    "csv": _csv,
    "tex": _latex,
    "md": _markdown,
    "parquet": _parquet,
}


def checked(formats: Sequence[str]) -> list[str]:
    """The formats, each once. Raises `UserError` for one that there is not."""
    for name in formats:
        if name not in FORMATS:
            raise UserError(f"--format {name}: no such format; {nearest(name, FORMATS)}")
    return list(dict.fromkeys(formats))


def export(report: Report, formats: Sequence[str], folder: Path) -> list[Path]:
    """Write ``table.<format>`` into a folder, which is made, for formats among csv, tex, md, parquet; gives the paths.

    csv and parquet are `frame`; md and tex are the tables of the report. Nothing is written unless all formats could
    be made. Raises `UserError` for an unknown format and for a folder that can't be written.
    """
    made = {f"{NAME}.{name}": FORMATS[name](report) for name in checked(formats)}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        write_atomic(folder / name, data)
    return [folder / name for name in made]
