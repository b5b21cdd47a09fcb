"""Functions of plain values that are computed once per process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def by_text(function: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Remember what a function gives, by the text of its arguments; what it raises is not remembered.

    For plain values (those of `harness.store.keys.canonical`): ``repr`` tells 1 from 1.0 and 0.0 from -0.0, which a
    key does too, while equality, and a cache built on it, takes them for one. What is given back
    is shared: it stays unchanged.
    """
    known: dict[str, _Made] = {}

    @functools.wraps(function)
    def remembering(*args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
        text = repr((args, kwargs)) if kwargs else repr(args)
        if text not in known:
            known[text] = function(*args, **kwargs)
        return known[text]

    return remembering
