"""JSON files that are checked before anything believes them: that they parse, hold what they must, and are unaltered.

A sealed file carries the sha256 of its own content, so that a changed byte is known for what it is. A shape says what
a value must be: a type, a test of one value, ``[shape]`` for a list, a dictionary of the fields that must be there
(others may), `Each` for any names, a tuple where there are several.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

SEAL = "seal"
MOST_PROCESSES = 2**31  # the numbers of processes are below that on every system


class Damaged(Exception):  # noqa: N818 - a state of a file, and so it reads in an except clause
    """A file is missing, or is not what was written; the message names it."""


@dataclass(frozen=True)
class Each:
    """A dictionary with any names, whose values have one shape."""

    shape: Shape


Shape = type | Callable[[Any], bool] | list[Any] | tuple[Any, ...] | Mapping[str, Any] | Each


def process(value: Any) -> bool:
    """Whether a value can be the number of a process; 0 and below would mean groups of them."""
    return type(value) is int and 0 < value < MOST_PROCESSES


def is_time(value: Any) -> bool:
    """Whether a value is a date and a time of day with its zone, as ISO 8601 writes them."""
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def now() -> str:
    """The present in UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def seal(facts: Mapping[str, Any]) -> bytes:
    """A sealed file's bytes, the fields in their order.

    Raises `ValueError` for numbers that JSON has not, and for a field called "seal".
    """
    if SEAL in facts:
        raise ValueError(f"{SEAL!r} is the name of the checksum")
    told = json.loads(json.dumps(dict(facts), allow_nan=False))
    return json.dumps({**told, SEAL: _digest(told)}, indent=1).encode("ascii")


def unsealed(path: Path, shape: Mapping[str, Shape]) -> dict[str, Any]:
    """What `seal` was given. Raises `Damaged` where the file is not, to the last value, what was sealed."""
    told = read(path, {**shape, SEAL: str})
    if told.pop(SEAL) != _digest(told):
        raise Damaged(f"{path}: not what was written (its checksum differs)")
    return dict(told)


def read(path: Path, shape: Shape) -> Any:
    """The value that a JSON file holds. Raises `Damaged` where there is none of that shape."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise Damaged(f"{path}: there is none") from None
    except OSError as error:
        raise Damaged(f"{path}: cannot be read ({error.strerror})") from error
    return parsed(path, data, shape)


def lines(path: Path, shape: Shape) -> Iterator[Any]:
    """The values in the lines of a file; a line that is cut off or of another shape tells nothing."""
    try:
        whole = path.read_bytes()
    except OSError:
        return
    for line in whole.splitlines():
        try:
            yield parsed(path, line, shape)
        except Damaged:
            continue


def parsed(path: Path, data: bytes, shape: Shape) -> Any:
    """The value of a JSON text that was read at ``path``. Raises `Damaged` unless it has the shape."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else "no JSON"
        raise Damaged(f"{path}: cannot be read ({reason})") from error
    if not fits(value, shape):
        raise Damaged(f"{path}: not what was written (it lacks what it must hold)")
    return value


def fits(value: Any, shape: Shape) -> bool:
    """Whether a value has a shape; a float may be written as a whole number, and is finite."""
    if isinstance(shape, type):
        return _finite(value) if shape is float else type(value) is shape
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return type(value) is list and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, Each):
        return type(value) is dict and all(fits(item, shape.shape) for item in value.values())
    if isinstance(shape, Mapping):
        return type(value) is dict and all(name in value and fits(value[name], shape[name]) for name in shape)
    return shape(value)


def _finite(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _digest(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode("ascii")).hexdigest()
