"""From runs to blocks and conditions: what is the same but for its seeds, and what may be compared with it."""

import functools
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports.records.columns import POOLED, SEEDS, plain, varying
from reports.records.select import matching
from reports.wording.numbers import worded

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

    @functools.cached_property
    def runs(self) -> list[str]:
        """The keys of the runs."""
        return self.heads["run"].tolist()

    def runs_of(self, group: ConditionGroup) -> tuple[str, ...]:
        """The keys of a condition's runs."""
        return tuple(self.runs[run] for run in group.runs)


def layouts(heads: pd.DataFrame, order: Mapping[str, int]) -> list[Layout]:
    """The blocks of runs, one row of ``heads`` each: data set, task, their options, number of pictures.

    Data seeds and folds are pooled: they bring further pictures. Where one of each has several inputs (the data itself
    was changed), each inputs key has a block. Blocks and conditions come in the ``order`` of their first run, a place
    by run key; runs without a place follow by method and options; the identity method, if not asked for, leads.
    """
    if not len(heads):
        return []
    place = [
        order.get(run, -1 if method == IDENTITY else len(order))
        for run, method in zip(heads["run"], heads["method"], strict=True)
    ]
    options = [name for name in varying(heads) if name not in (*SEEDS, *POOLED)]
    seeds = [name for name in dict.fromkeys((*SEEDS, *POOLED)) if name in heads.columns]
    table = heads.assign(_order=place, _row=np.arange(len(heads)))
    table = table.sort_values(["_order", "method", *options, *seeds, "run"], kind="stable", na_position="first")
    own = [name for name in table.columns if name not in POOLED and name.partition(".")[0] in PLACES]
    blocks = _alike(table, [*own, "n"])
    pooled = [blocks, *(table[name] for name in POOLED if name in table.columns)]
    several = table.groupby(pooled, dropna=False)["inputs"].transform("nunique") > 1
    mixed = several.groupby(blocks).transform("any")
    blocks = _alike(table.assign(_block=blocks, _inputs=table["inputs"].where(mixed)), ["_block", "_inputs"])
    asked = np.where(table["_order"] < 0, len(order), table["_order"])
    members = [np.flatnonzero(blocks == block) for block in range(blocks.max() + 1)]
    members.sort(key=lambda rows: asked[rows].min())
    names = _names([table.iloc[rows[0]] for rows in members], own)
    return [_layout(name, table.iloc[rows]) for name, rows in zip(names, members, strict=True)]


def _alike(table: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Numbers (N,) of the combinations of values, as they come; missing ones are a value."""
    return table.groupby(list(names), dropna=False, sort=False).ngroup().to_numpy()


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


def _layout(name: str, table: pd.DataFrame) -> Layout:
    heads = table.drop(columns=["_order", "_row"]).reset_index(drop=True)
    every = [column for column in heads.columns if _is_option(column)]
    conditions = _alike(heads, ["method", *every])
    order = np.argsort(conditions, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(conditions[order])) + 1)
    values = {name: heads[name].astype(object).tolist() for name in ("method", "training", *every)}
    within = _within(heads, [column for column in varying(heads) if column in every])
    groups = tuple(_group(members.tolist(), values, within) for members in rows)
    return Layout(name, heads, table["_row"].to_numpy(), groups)


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


def _group(rows: Sequence[int], values: Mapping[str, list[Any]], within: Mapping[str, set[str]]) -> ConditionGroup:
    first, method = rows[0], str(values["method"][rows[0]])
    config = {name: plain(column[first]) for name, column in values.items() if name not in ("method", "training")}
    facts = json.dumps([method, {name: value for name, value in config.items() if value is not None}], sort_keys=True)
    options = {name: config[name] for name, methods in within.items() if method in methods}
    trained = any(plain(values["training"][row]) for row in rows)
    key = hashlib.sha256(facts.encode()).hexdigest()[:10]
    return ConditionGroup(key, method, options, tuple(rows), trained)


def baselines(layout: Layout, asked: Collection[str], wanted: Mapping[str, str]) -> list[int]:
    """For each condition of a block the place of the one that it is compared with; first of all that of the block.

    By default that is identity where it was asked for, else the first condition asked for. Of several conditions
    that match ``wanted`` the one that equals the condition in all other options that both have, or else the first.
    Raises `UserError` where none matches.
    """
    groups = layout.groups
    if wanted:
        firsts = layout.heads.iloc[[group.runs[0] for group in groups]].reset_index(drop=True)
        found = matching(firsts, wanted, f"condition of {layout.name}").index.tolist()
        return [_counterpart(layout, place, found, wanted) for place in range(len(groups))]
    known = [place for place, group in enumerate(groups) if any(run in asked for run in layout.runs_of(group))]
    identities = [place for place in known if groups[place].method == IDENTITY]
    return [(identities or known or [0])[0]] * len(groups)


def _counterpart(layout: Layout, place: int, found: Sequence[int], wanted: Mapping[str, str]) -> int:
    if place in found:
        return place
    options = layout.groups[place].options
    for other in found:
        theirs = layout.groups[other].options
        shared = [name for name in options if name in theirs and name not in wanted]
        if shared and all(options[name] == theirs[name] for name in shared):
            return other
    return found[0]
