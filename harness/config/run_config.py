"""A point of a sweep: one command line, checked against the catalogue before anything is imported or written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from errors import UserError
from harness.config.nodes import CHOSEN, ROOT_OPTIONS
from harness.trackers.base import check_installed
from registry import Option, apart, components, find, nearest, roles

HINT = "python run.py --help lists every option"


@dataclass(frozen=True)
class RunConfig:
    """A composed configuration: plain values by slot and option, and the words that asked for it."""

    values: Mapping[str, Any]
    overrides: tuple[str, ...] = ()

    @property
    def slots(self) -> list[str]:
        """What a component was chosen for: groups and slots by name, but those that take several."""
        return [slot for slot, values in self.values.items() if isinstance(values, Mapping) and "name" in values]

    def name(self, slot: str) -> str:
        """The component chosen in a slot."""
        return str(self.values[slot]["name"])

    def options(self, slot: str) -> dict[str, Any]:
        """The chosen component's options."""
        return {key: value for key, value in self.values[slot].items() if key != "name"}

    def flat(self, slots: Iterable[str]) -> dict[str, Any]:
        """The options of slots as columns: ``sampler.eta``, ``critic.network.name``, ...; lists as text.

        Without those that change no result: two points that differ in them only are one run.
        """
        columns: dict[str, Any] = {}
        for slot in slots:
            free = find(slot, self.name(slot)).facts.free
            for key, value in self.values[slot].items():
                if key in free:
                    continue
                columns[f"{slot}.{key}"] = "x".join(map(str, value)) if isinstance(value, list) else value
        return columns


def check_words(overrides: Sequence[str], chosen: Mapping[str, str]) -> None:
    """Raise `UserError` for the first override that names a slot, component or option that is not there.

    ``chosen`` maps each slot to its component's name; while it is empty, components alone are looked at.
    """
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        slot, option = apart(key)
        if slot == "hydra" or key.startswith("hydra/"):
            continue
        if override.startswith("~"):
            raise UserError(f"{override}: an option can't be taken away; leave the word out ({HINT})")
        if slot not in (*CHOSEN, *(chosen or roles())):
            _check_root_option(key, chosen)
        elif not option:
            for name in value.strip("[]").split(","):
                find(slot, name.strip())
        elif slot == "metrics":
            _check_option(key, find(slot, option.partition(".")[0]).options, option.partition(".")[2])
        else:
            _check_option(key, find(slot, chosen[slot]).options, option, f"{slot}={chosen[slot]}")


def _check_root_option(key: str, chosen: Mapping[str, str]) -> None:
    slot, option = apart(key)
    own = [name for name in chosen if name not in CHOSEN]
    if slot in roles():
        hint = nearest(slot, own) if own else "it has none beside the groups"
        raise UserError(f"{key}: method={chosen['method']} has no slot {slot}; {hint}")
    if option:
        roled = ".".join(key.split(".")[:2])
        close = nearest(roled, own) if slot in [name.partition(".")[0] for name in own] else nearest(slot, CHOSEN)
        raise UserError(f"{key}: no such group; {close} ({HINT})")
    if key not in ROOT_OPTIONS:
        raise UserError(f"{key}: no such option; {nearest(key, [*CHOSEN, *own, *ROOT_OPTIONS])} ({HINT})")


def _check_option(key: str, options: Mapping[str, Option], option: str, owner: str = "it") -> None:
    if option not in options:
        hint = nearest(option, options) if options else "it has no options"
        raise UserError(f"{key}: {owner} has no option {option}; {hint}")


def check_values(config: RunConfig) -> None:
    """Raise `UserError` for the first value outside its option's choices or interval, for a task of a kind that the
    method can't do, or a tracker that is missing."""
    for name, (option, _) in ROOT_OPTIONS.items():
        check_value(name, config.values[name], option)
    for slot in config.slots:
        for name, option in find(slot, config.name(slot)).options.items():
            check_value(f"{slot}.{name}", config.values[slot][name], option)
        _check_multiples(slot, config)
    _check_kind(config.name("method"), config.name("task"))
    check_installed(config.name("tracker"), config.options("tracker"))
    for metric, options in config.values["metrics"].items():
        for name, option in find("metrics", metric).options.items():
            check_value(f"metrics.{metric}.{name}", options[name], option)


def _check_kind(method: str, task: str) -> None:
    kinds, kind = find("method", method).facts.kinds, find("task", task).facts.kind
    if kind not in kinds:
        others = ", ".join(name for name, one in components("task").items() if one.facts.kind in kinds)
        raise UserError(f"task={task}: method={method} is for {kinds[0]} only; take one of {others}")


def _check_multiples(slot: str, config: RunConfig) -> None:
    """Raise `UserError` unless each option that has to be a multiple of another is one."""
    for name, other in find(slot, config.name(slot)).facts.multiples.items():
        options = config.values[slot]
        if options[name] % options[other]:
            raise UserError(f"{slot}.{name}={options[name]}: must be a multiple of {slot}.{other}={options[other]}")


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
