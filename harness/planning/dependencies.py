"""What a result that reads a group or the data set depends on, read once per process and without importing torch."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from harness.config.run_config import RunConfig
from harness.store.keys import canonical
from registry import create, find, group_of

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


def component_facts(config: RunConfig, slot: str) -> dict[str, Any]:
    """What a result that reads a slot depends on: the component chosen there with its options, as `stated`."""
    return stated(group_of(slot), config.name(slot), config.options(slot))


@by_text
def stated(group: str, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A component with some of its options as a key holds it: the class, its version and the options.

    The class, not the name: two names of one class with equal options are the same thing. Options that the class
    lists in ``files`` count by what lies at their path, those in ``free`` not at all, those that name a component (an
    edit) as that component.
    """
    component = find(group, name)
    options = {option: value for option, value in given.items() if option not in component.facts.free}
    options |= {option: content(options[option]) for option in component.facts.files if option in options}
    for option in options:
        if group_named := component.options[option].group:
            options[option] = stated(group_named, options[option], {})
    return {"class": component.cls, "version": component.facts.version, "options": options}


def setting(config: RunConfig, kind: str = "") -> dict[str, Any]:
    """What every method and schedule of a point is built in, whatever they read: the task's kind, or that which a stage
    is for, the items' shape, and whether items come with masks."""
    task, data = find("task", config.name("task")).facts, find("dataset", config.name("dataset")).facts
    masked = data.masks or task.masks
    return {"kind": kind or task.kind, "shape": list(shape_of(config)), "masked": masked and kind != "generation"}


def content(path: str | None) -> str | None:
    """Sha256 over the files at a path, by name and bytes; the path itself where nothing lies there or it is empty."""
    if not path:
        return path
    place = Path(path)
    found = sorted(file for file in [place, *place.rglob("*")] if file.is_file())
    parts = [f"{file.relative_to(place)}:{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in found]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if parts else path


def source_of(config: RunConfig) -> Any:
    """The data set that a point chose, decoded once per process."""
    return _dataset(*_data(config))


def shape_of(config: RunConfig) -> tuple[int, ...]:
    """The shape of the data set's items, (C, H, W) of pictures and (D,) of points."""
    return _described(*_data(config))[0]


def manifest(config: RunConfig) -> str:
    """The data set's manifest: a hash of the files and choices that were really used, read once per process."""
    return _described(*_data(config))[1]


def _data(config: RunConfig) -> tuple[str, str, int]:
    return config.name("dataset"), canonical(config.options("dataset")), config.values["data_seed"]


# Kept apart from the data sets themselves, of which a process holds a few only: a sweep over many asks again and again.
@functools.cache
def _described(name: str, options: str, seed: int) -> tuple[tuple[int, ...], str]:
    data = _dataset(name, options, seed)
    return tuple(data.shape), str(data.manifest())


@functools.lru_cache(maxsize=64)
def _dataset(name: str, options: str, seed: int) -> Any:
    return create("dataset", name, json.loads(options), seed)
