"""From runs to blocks and conditions: what is the same but for its seeds, and what may be compared with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.records.columns import POOLED, SEEDS, varying
from reports.wording.numbers import worded

if TYPE_CHECKING:
    import pandas as pd

IDENTITY = "identity"  # the method that returns its input
PLACES = ("dataset", "task")
BESIDES = ("scale", "precision")  # settings that make another condition


@dataclass(frozen=True)
class ConditionGroup:
    """The runs of a condition: places in the block's heads; ``options`` are those that vary in the block."""

    key: str
    method: str
    options: Mapping[str, Any]
    runs: tuple[int, ...]
    trained: bool

    @property
    def label(self) -> str:
        """The method and its options, as on a command line."""
        return " ".join([self.method, *(f"{name}={worded(value)}" for name, value in self.options.items())])


@dataclass(frozen=True)
class Layout:
    """A block: ``heads`` are its runs in the order asked for, ``places`` where they stand among all runs."""

    name: str
    heads: pd.DataFrame
    places: np.ndarray
    groups: tuple[ConditionGroup, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The keys of the test pictures, one for each data seed and fold."""
        return tuple(dict.fromkeys(self.heads["inputs"]))


def plain(value: Any) -> Any:
    """A cell as a plain value; None for a missing one."""
    import pandas as pd

    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def layouts(heads: pd.DataFrame, order: Mapping[str, int]) -> list[Layout]:
    """The blocks of runs, one row of ``heads`` each: data set, task, their options, number of pictures.

    Data seeds and folds are pooled: they bring further pictures. Where one of each has several inputs (the data itself
    was changed), each inputs key has a block. Blocks and conditions come in the ``order`` of their first run, a place
    by run key; runs without a place follow by method and options; the identity method, if not asked for, leads.
    """
    if not len(heads):
        return []
    ordered = _ordered(heads, order)
    own = [name for name in ordered.columns if name not in POOLED and name.partition(".")[0] in PLACES]
    codes = _told_apart(ordered, _codes(ordered, [*own, "n"]))
    place = ordered.pop("_order").to_numpy()
    asked = np.where(place < 0, len(order), place)
    members = [np.flatnonzero(codes == code) for code in dict.fromkeys(codes)]
    members.sort(key=lambda rows: asked[rows].min())
    names = _names([ordered.iloc[rows[0]] for rows in members], own)
    return [_layout(name, ordered.iloc[rows]) for name, rows in zip(names, members, strict=True)]


def _ordered(heads: pd.DataFrame, order: Mapping[str, int]) -> pd.DataFrame:
    options = [name for name in varying(heads) if name not in (*SEEDS, *POOLED)]
    place = [
        order.get(run, -1 if method == IDENTITY else len(order))
        for run, method in zip(heads["run"], heads["method"], strict=True)
    ]
    table = heads.assign(_order=place, _row=np.arange(len(heads)))
    seeds = [name for name in dict.fromkeys((*SEEDS, *POOLED)) if name in heads.columns]
    by = ["_order", "method", *options, *seeds, "run"]
    return table.sort_values(by, kind="stable", na_position="first")


def _codes(table: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """A number (N,) for each combination of values; missing ones are a value."""
    import pandas as pd

    columns = [pd.factorize(table[name], use_na_sentinel=True)[0] for name in names]
    return np.unique(np.stack(columns, 1), axis=0, return_inverse=True)[1].reshape(-1)


def _told_apart(heads: pd.DataFrame, codes: np.ndarray) -> np.ndarray:
    """The codes of blocks, further apart by inputs where one data seed and fold has more than one of them."""
    pooled = [name for name in POOLED if name in heads.columns]
    table = heads.assign(_place=codes)[["_place", *pooled, "inputs"]]
    counts = table.groupby(["_place", *pooled], dropna=False)["inputs"].nunique()
    mixed = set(counts.index[counts > 1].get_level_values("_place"))
    return _codes(table.assign(inputs=table["inputs"].where(table["_place"].isin(mixed))), ["_place", "inputs"])


def _names(firsts: Sequence[pd.Series], own: Sequence[str]) -> list[str]:
    """Data set and task, with the options in which blocks of the same two differ, and at last their inputs' key."""
    names = [f"{first['dataset']} {first['task']}" for first in firsts]
    for column in [*(name for name in own if "." in name), "n", "inputs"]:
        values = [worded(plain(first.get(column))) for first in firsts]
        for name in {name for name in names if names.count(name) > 1}:
            same = [k for k, other in enumerate(names) if other == name]
            if len({values[k] for k in same}) > 1:
                for k in same:
                    names[k] += f" {column}={values[k]}"
    return names


def _layout(name: str, heads: pd.DataFrame) -> Layout:
    heads = heads.reset_index(drop=True)
    places = heads.pop("_row").to_numpy()
    every = [column for column in heads.columns if _is_option(column)]
    codes = _codes(heads, ["method", *every])
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    rows.sort(key=lambda members: int(members[0]))
    values = {name: heads[name].astype(object).tolist() for name in ("method", "training", *every)}
    within = _within(heads, [column for column in varying(heads) if column in every])
    return Layout(name, heads, places, tuple(_group(members, values, within) for members in rows))


def _is_option(column: str) -> bool:
    group, _, option = column.partition(".")
    return column in BESIDES or (bool(option) and group not in (*PLACES, "hardware"))


def _within(heads: pd.DataFrame, options: Sequence[str]) -> dict[str, set[str]]:
    """The options that differ within a method, each with the methods that have it; the others the method decides."""
    found = {}
    for column in options:
        groups = heads.groupby("method", dropna=False)[column]
        kinds, known, size = groups.nunique(), groups.count(), groups.size()
        if ((kinds + (known < size)) > 1).any():
            found[column] = {str(method) for method, count in known.items() if count}
    return found


def _group(rows: np.ndarray, values: Mapping[str, list[Any]], within: Mapping[str, set[str]]) -> ConditionGroup:
    first, method = rows[0], str(values["method"][rows[0]])
    config = {name: plain(column[first]) for name, column in values.items() if name not in ("method", "training")}
    facts = json.dumps([method, {name: value for name, value in config.items() if value is not None}], sort_keys=True)
    options = {name: config[name] for name, methods in within.items() if method in methods}
    trained = any(plain(values["training"][row]) for row in rows)
    key = hashlib.sha256(facts.encode()).hexdigest()[:10]
    return ConditionGroup(key, method, options, tuple(int(row) for row in rows), trained)
