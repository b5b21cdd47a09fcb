"""What a report is called and what it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.wording.wording import plain


def titled(methods: Sequence[str], places: Sequence[str]) -> str:
    """The report's name: the methods and where they were run."""
    return f"{_and(methods)} on {_and(places)}" if methods else "No runs"


def question(methods: Sequence[str], places: Sequence[str], axes: Mapping[str, Sequence[str]]) -> str:
    """What a sweep asks, in its own words: the methods, the places, the values that were varied."""
    if not methods:
        return "Nothing was run to its end."
    told = f"Which of {_and(methods)} does best" if len(methods) > 1 else f"How does {_and(methods)} do"
    varied = [f"{plain(name)} ({', '.join(map(plain, values))})" for name, values in axes.items()]
    also = f", and what does {_and(varied)} change" if varied else ""
    return f"{told} on {_and(places)}{also}?"


def _and(words: Sequence[str]) -> str:
    shown = [plain(word) for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"
