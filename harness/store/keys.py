"""Names of results: the hash of everything that a result depends on, and of nothing else."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

DIGITS = 20  # 80 bits: a million entries collide with probability 4e-13
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+-]{0,150}")


def canonical(value: Any) -> str:
    """The one text of a value: JSON with sorted keys, no spaces, ASCII only.

    Plain values only: str, int, float, bool, None, and lists, tuples (written as lists) or dictionaries with
    str keys of them. Floats are written by ``repr``, the shortest text that reads back exactly, so that 1 and
    1.0 differ: an option's declared type decides which one it is before it gets here.
    Raises `TypeError` for any other type, subclasses and numpy scalars too, whose text could change with a
    library's version; `ValueError` for NaN and infinities, which do not equal what they are read back as.
    """
    _refuse_others(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def key(kind: str, facts: Mapping[str, Any]) -> str:
    """The folder name of a result: the first 20 hexadecimal digits of sha256(canonical({kind, facts})).

    ``kind`` separates levels that happen to depend on the same facts: for an entry of the store it is the name of its
    level ("trainings", "samples"), so that whoever finds the entry can check its name. Raises what `canonical` raises.
    """
    text = canonical({"kind": kind, "facts": dict(facts)})
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:DIGITS]


def is_name(value: Any) -> bool:
    """Whether a value can be the name of a folder or file of the store, and is no path that leads elsewhere."""
    return type(value) is str and _NAME.fullmatch(value) is not None


def _refuse_others(value: Any) -> None:
    kind = type(value)
    if kind in (list, tuple):
        for item in value:
            _refuse_others(item)
    elif kind is dict:
        for name, item in value.items():
            if type(name) is not str:  # JSON would write 1 and "1" alike
                raise TypeError(f"a key depends on plain values: {name!r} names a value and is no str")
            _refuse_others(item)
    elif kind is float:
        if not math.isfinite(value):
            raise ValueError(f"a key depends on finite numbers, not on {value}")
    elif kind not in (str, int, bool, type(None)):
        raise TypeError(f"a key depends on plain values, not on {kind.__module__}.{kind.__qualname__}")
