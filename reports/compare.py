"""Two runs, or two conditions, against each other: what differs on each metric, paired by picture and by seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from errors import UserError
from reports.html.numbers import decimals, probability
from reports.load import load
from reports.model import Comparison, Estimate
from reports.select import chosen
from reports.stats.spread import FEWEST
from reports.text.sheets import Cell, Sheet
from reports.text.wording import ARROWS, percent, plain, spread, verdict

if TYPE_CHECKING:
    import pandas as pd

    from reports.stats.spread import Spread

SEEDS = 7  # the column
HEADER = ("metric", "A", "B", "A − B", "A wins", "p", "pictures", "seeds", "A is")


@dataclass(frozen=True)
class _Pair:
    """The figures of both sides on one metric: cells (S, I), the same trainings and pictures; sets have replicates."""

    first: np.ndarray
    second: np.ndarray
    replicates: np.ndarray | None


def compare(root: Path, first: str, second: str) -> list[Sheet]:
    """A table for each data set and task that both have: on every metric the means, the paired difference A − B with
    its 95% interval, the share of pictures on which A is better, and the two-sided p value, not adjusted.

    ``first`` and ``second`` are keys of runs, their beginnings, or conditions (`reports.select`). Raises `UserError`
    where they name no runs, or share neither inputs nor a metric under one protocol.
    """
    records = load(root)
    sides = [chosen(records, words) for words in (first, second)]
    shared = [inputs for inputs in sides[0]["inputs"].unique() if inputs in set(sides[1]["inputs"])]
    if not shared:
        raise UserError(f"{first} and {second} share no inputs: they restored different pictures and can't be paired")
    tables = [_table([side[side["inputs"] == inputs] for side in sides], (first, second)) for inputs in shared]
    found = [table for table in tables if table.rows]
    if not found:
        raise UserError(f"{first} and {second} share no metric under one protocol, with a seed that both have")
    return found


def _table(sides: list[pd.DataFrame], names: tuple[str, str]) -> Sheet:
    head = sides[0].iloc[0]
    rows = [_row(parts) for parts in _by_metric(sides)]
    caption = f"{plain(head['dataset'])} {plain(head['task'])}: A = {plain(names[0])}, B = {plain(names[1])}"
    kept = tuple(row for row in rows if row)
    if any(int(row[SEEDS].text) < FEWEST for row in kept):
        caption += "; conditional on these trainings"
    return Sheet("compare", "", "compare", caption, HEADER, kept)


def _by_metric(sides: list[pd.DataFrame]) -> Iterator[list[pd.DataFrame]]:
    """The rows of both sides on each metric that both have under the same protocol."""
    stamps = [dict.fromkeys(zip(side["metric"], side["protocol"], strict=True)) for side in sides]
    for name, protocol in stamps[0]:
        if name and (name, protocol) in stamps[1]:
            yield [side[(side["metric"] == name) & (side["protocol"] == protocol)] for side in sides]


def _row(parts: list[pd.DataFrame]) -> tuple[Cell, ...]:
    head = parts[0].iloc[0]
    pair = _paired(parts)
    if pair is None:
        return ()
    sign = 1.0 if bool(head["higher_is_better"]) else -1.0
    against = _compared(pair, sign, int(head["n"]))
    means = [Estimate(float(np.nanmean(cells)), math.nan, math.nan) for cells in (pair.first, pair.second)]
    digits, fine = decimals(means), decimals([against.difference])
    unit = f" ({plain(head['unit'])})" if head["unit"] else ""
    texts = [f"{plain(head['metric'])}{unit} {ARROWS[sign > 0]}", *(spread(mean, digits) for mean in means)]
    texts += [spread(against.difference, fine, "+"), percent(against.win_rate), probability(against.p)]
    texts += [str(against.images), str(against.seeds), verdict(against, fine)]
    return tuple(Cell(text) for text in texts)


def _paired(parts: list[pd.DataFrame]) -> _Pair | None:
    """Both sides on the seeds and pictures that both have; None where there are none.

    A side without a training stands for every seed of the other, and two single trainings are a pair as they are.
    """
    tables = [
        part.groupby(["seed", "image"], dropna=False)["value"].mean().unstack("image").astype(float) for part in parts
    ]
    free = [bool((part["training"].fillna("") == "").all()) for part in parts]
    if free[0] or free[1] or all(len(table) == 1 for table in tables):
        rows = max(map(len, tables)) if any(free) else 1
        cut = [table.iloc[np.arange(rows) % len(table)] if len(table) == 1 else table for table in tables]
    else:
        seeds = tables[0].index.intersection(tables[1].index)
        cut = [table.loc[seeds] for table in tables]
    pictures = tables[0].columns.intersection(tables[1].columns)
    if not len(pictures) or len(cut[0]) != len(cut[1]) or not len(cut[0]):
        return None
    first, second = (table[pictures].to_numpy() for table in cut)
    return _Pair(first, second, _replicates(parts, len(first)) if list(pictures) == [""] else None)


def _replicates(parts: list[pd.DataFrame], seeds: int) -> np.ndarray:
    """The differences of the bootstrap replicates (S, B) of a set metric; NaN where a side has none."""
    if any("replicates" not in part or part["replicates"].isna().any() or len(part) != seeds for part in parts):
        return np.full((seeds, 2), np.nan)
    ordered = [np.stack([np.asarray(r, float) for r in part.sort_values("seed")["replicates"]]) for part in parts]
    return ordered[0] - ordered[1] if ordered[0].shape == ordered[1].shape else np.full((seeds, 2), np.nan)


def _compared(pair: _Pair, sign: float, items: int) -> Comparison:
    from reports import statistics
    from reports.stats.sets import spread_of_sets

    gaps = pair.first - pair.second
    wins = Estimate(math.nan, math.nan, math.nan)
    if pair.replicates is None:
        found = statistics.spread(gaps[None])
        better = np.where(np.isnan(gaps), np.nan, (sign * gaps > 0) + 0.5 * (gaps == 0))
        wins = Estimate(*(float(part[0]) for part in statistics.share(better[None])))
        images = int(found.images[0])
    else:
        found, images = spread_of_sets(gaps[None, :, 0], pair.replicates[None], np.array([float(items)])), items
    told: dict[str, Any] = {"images": images, "seeds": int(found.seeds[0]), "adjustment": "none"}
    difference = Estimate(float(found.mean[0]), float(found.low[0]), float(found.high[0]))
    p, detectable = float(found.p[0]), float(found.detectable[0])
    return Comparison(difference, wins, p, p, detectable=detectable, verdict=_verdict(found, sign), **told)


def _verdict(found: Spread, sign: float) -> Any:
    low, high = sorted((sign * float(found.low[0]), sign * float(found.high[0])))
    return "better" if low > 0 else "worse" if high < 0 else "inconclusive"
