"""Which condition the others are compared with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from errors import UserError
from registry import nearest
from reports.analysis.layout import IDENTITY, Layout, plain
from reports.wording.numbers import worded


def parsed(words: Mapping[str, str] | str | None) -> dict[str, str]:
    """``method=ddim,sampler.eta=0`` as a mapping. Raises `UserError` for a word without ``=``."""
    if not isinstance(words, str):
        return dict(words or {})
    found = {}
    for word in words.split(",") if words.strip() else []:
        name, sign, value = (part.strip() for part in word.partition("="))
        if not sign or not name:
            raise UserError(f"baseline {word.strip()!r}: write it as column=value, such as method=ddim")
        found[name] = value
    return found


def baselines(layout: Layout, asked: Collection[str], wanted: Mapping[str, str]) -> list[int]:
    """For each condition of a block the place of the one that it is compared with; first of all that of the block.

    By default that is identity where it was asked for, else the first condition asked for. Of several conditions
    that match ``wanted`` the one that equals the condition in all other options that both have, or else the first.
    Raises `UserError` where none matches.
    """
    if not wanted:
        return [_default(layout, asked)] * len(layout.groups)
    matching = _matching(layout, wanted)
    return [_counterpart(layout, place, matching, wanted) for place in range(len(layout.groups))]


def _default(layout: Layout, asked: Collection[str]) -> int:
    runs = layout.heads["run"].tolist()
    known = [place for place, group in enumerate(layout.groups) if any(runs[run] in asked for run in group.runs)]
    identities = [place for place in known if layout.groups[place].method == IDENTITY]
    return (identities or known or [0])[0]


def _matching(layout: Layout, wanted: Mapping[str, str]) -> list[int]:
    left = list(range(len(layout.groups)))
    for name, value in wanted.items():
        if name not in layout.heads.columns:
            raise UserError(f"baseline {name}={value}: no such column; {nearest(name, map(str, layout.heads.columns))}")
        cells = layout.heads[name].astype(object).tolist()
        firsts = {place: plain(cells[layout.groups[place].runs[0]]) for place in left}
        left = [place for place in left if equal(firsts[place], value)]
        if not left:
            there = ", ".join(sorted({worded(found) for found in firsts.values()})[:12])
            raise UserError(f"baseline {name}={value}: no condition of {layout.name} has that; there are: {there}")
    return left


def equal(found: Any, value: str) -> bool:
    """Whether an option's value is the one that was written: 0.5 for 0.50, none for null, true for True."""
    if found is None:
        return value.lower() in ("", "null", "none")
    try:
        return float(found) == float(value)
    except (TypeError, ValueError):
        return str(found).lower() == value.lower()


def _counterpart(layout: Layout, place: int, matching: list[int], wanted: Mapping[str, str]) -> int:
    if place in matching:
        return place
    options = layout.groups[place].options
    for other in matching:
        theirs = layout.groups[other].options
        shared = [name for name in options if name in theirs and name not in wanted]
        if shared and all(options[name] == theirs[name] for name in shared):
            return other
    return matching[0]
