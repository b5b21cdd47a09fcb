"""A point of a sweep: one command line, checked against the catalogue before anything is imported or written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from errors import UserError
from harness.config.nodes import CHOSEN, GROUPS, ROOT_OPTIONS
from harness.trackers.base import check_installed
from registry import Option, find, nearest

HINT = "python run.py --help lists every option"


@dataclass(frozen=True)
class RunConfig:
    """A composed configuration: plain values by group and option, and the words that asked for it."""

    values: Mapping[str, Any]
    overrides: tuple[str, ...] = ()

    def name(self, group: str) -> str:
        """The component chosen in a group."""
        return str(self.values[group]["name"])

    def options(self, group: str) -> dict[str, Any]:
        """The chosen component's options."""
        return {key: value for key, value in self.values[group].items() if key != "name"}

    def flat(self, groups: Iterable[str] = GROUPS) -> dict[str, Any]:
        """The options of groups as columns: ``sampler.eta``, ``schedule.name``, ...; lists as text.

        Without those that change no result: two points that differ in them only are one run.
        """
        columns: dict[str, Any] = {}
        for group in groups:
            free = find(group, self.name(group)).facts.free
            for key, value in self.values[group].items():
                if key in free:
                    continue
                columns[f"{group}.{key}"] = "x".join(map(str, value)) if isinstance(value, list) else value
        return columns


def check_words(overrides: Sequence[str], chosen: Mapping[str, str]) -> None:
    """Raise `UserError` for the first override that names a group, component or option that is not there.

    ``chosen`` maps each group to its component's name, where a dotted override refers to it.
    """
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        group, _, option = key.partition(".")
        if group == "hydra" or key.startswith("hydra/"):
            continue
        if override.startswith("~"):
            raise UserError(f"{override}: an option can't be taken away; leave the word out ({HINT})")
        if not option:
            _check_word(key, value)
        elif group not in CHOSEN:
            raise UserError(f"{key}: no such group; {nearest(group, CHOSEN)} ({HINT})")
        elif group == "metrics":
            _check_option(key, find(group, option.partition(".")[0]).options, option.partition(".")[2])
        else:
            _check_option(key, find(group, chosen[group]).options, option, f"{group}={chosen[group]}")


def _check_word(key: str, value: str) -> None:
    if key in CHOSEN:
        for name in value.strip("[]").split(","):
            find(key, name.strip())
    elif key not in ROOT_OPTIONS:
        raise UserError(f"{key}: no such option; {nearest(key, [*CHOSEN, *ROOT_OPTIONS])} ({HINT})")


def _check_option(key: str, options: Mapping[str, Option], option: str, owner: str = "it") -> None:
    if option not in options:
        hint = nearest(option, options) if options else "it has no options"
        raise UserError(f"{key}: {owner} has no option {option}; {hint}")


def check_values(config: RunConfig) -> None:
    """Raise `UserError` for the first value outside its option's choices or interval, or a tracker that is missing."""
    for name, (option, _) in ROOT_OPTIONS.items():
        check_value(name, config.values[name], option)
    for group in (*GROUPS, "tracker"):
        for name, option in find(group, config.name(group)).options.items():
            check_value(f"{group}.{name}", config.values[group][name], option)
        _check_multiples(group, config)
    check_installed(config.name("tracker"), config.options("tracker"))
    for metric, options in config.values["metrics"].items():
        for name, option in find("metrics", metric).options.items():
            check_value(f"metrics.{metric}.{name}", options[name], option)


def _check_multiples(group: str, config: RunConfig) -> None:
    """Raise `UserError` unless each option that has to be a multiple of another is one."""
    for name, other in find(group, config.name(group)).facts.multiples.items():
        options = config.values[group]
        if options[name] % options[other]:
            raise UserError(f"{group}.{name}={options[name]}: must be a multiple of {group}.{other}={options[other]}")


def check_value(key: str, value: Any, option: Option) -> None:
    """Raise `UserError` unless the value is one of the option's choices and inside its interval."""
    if value is None and option.nullable:
        return
    if option.choices and value not in option.choices:
        raise UserError(f"{key}={value}: {nearest(str(value), option.choices)}")
    for number in value if isinstance(value, list | tuple) else [value]:
        if option.interval and not inside(number, option.interval):
            raise UserError(f"{key}={value}: must lie in {option.interval}")


def inside(number: float, interval: str) -> bool:
    """Whether a number lies in an interval written as "[0, 1)"; ``inf`` is a bound."""
    low, high = (float(bound) for bound in interval[1:-1].split(","))
    above = number >= low if interval[0] == "[" else number > low
    below = number <= high if interval[-1] == "]" else number < high
    return math.isfinite(number) and above and below


def expected(option: Option) -> str:
    """What may be written for an option, in words."""
    words = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}
    text = words.get(option.type, "whole numbers as [1,2,4]")
    return text + (f" in {option.interval}" if option.interval else "") + (" or null" if option.nullable else "")
