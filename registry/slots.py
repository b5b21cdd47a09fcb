"""Slots: a method's places for components, named by a group or by a role and a group, as in "critic.network"."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from errors import nearest
from registry.facts import FACTS, SLOTS, Facts, MethodFacts
from registry.reading import Component

_ROLE = re.compile(r"(?:([a-z]\w*)\.)?(\w+)")
_Catalog = Mapping[str, Mapping[str, Component[Facts]]]


def group_of(slot: str) -> str:
    """The group that a slot's component is of: "network" of "network" and of "critic.network"."""
    return slot.rpartition(".")[2]


def apart(words: str, roles: Collection[str]) -> tuple[str, str]:
    """The slot or group that dotted words begin with, and the rest: ("critic.network", "dim"); ``roles`` are the slots
    that methods declare."""
    first, _, rest = words.partition(".")
    second, _, option = rest.partition(".")
    return (f"{first}.{second}", option) if f"{first}.{second}" in roles else (first, rest)


def roles(catalog: _Catalog) -> list[str]:
    """The slots that the methods declare."""
    return list(dict.fromkeys(slot for method in catalog["method"].values() for slot in _declared(method)))


def check_slots(catalog: _Catalog) -> None:
    """Raise `UserError` with file and line for a slot that can't be filled, and for a group that nothing chooses."""
    for method in catalog["method"].values():
        for slot, default in _declared(method).items():
            _check_slot(catalog, method, slot, default)
    chosen = {*FACTS, *map(group_of, roles(catalog))}
    for group, components in catalog.items():
        if group not in chosen:
            first = next(iter(components.values()))
            first.refuse(f"no method has a slot of the group {group}; {nearest(group, FACTS)}")


def _check_slot(catalog: _Catalog, method: Component[Facts], slot: str, default: str | None) -> None:
    found = _ROLE.fullmatch(slot)
    role, group = found.groups() if found else (None, slot)
    if found is None or role in catalog or (role is None and group in SLOTS):
        method.refuse(f"slots[{slot!r}]: name a role, which is no group, and a group, as in critic.network")
    own = [name for name in catalog if name not in FACTS or name in SLOTS and name not in ("task", "dataset")]
    if group not in own or not catalog[group]:
        method.refuse(f"slots[{slot!r}]: there is no group {group} for a slot; {nearest(group, own)}")
    if default is None and group not in SLOTS:
        method.refuse(f"slots[{slot!r}]: there is no plain slot {group} to follow: name its default component")
    if default is not None and default not in catalog[group]:
        method.refuse(f"slots[{slot!r}]: no such {group}: {default}; {nearest(default, catalog[group])}")


def check_defaults(catalog: _Catalog) -> None:
    """Raise `UserError` with file and line for a component or an option in ``defaults`` that is not there."""
    known = roles(catalog)
    for component in (one for group in catalog.values() for one in group.values()):
        for words, value in component.facts.defaults.items():
            slot, option = apart(words, known)
            if slot not in known and slot not in FACTS:
                component.refuse(f"defaults: there is no slot {slot}; {nearest(slot, (*FACTS, *known))}")
            _check_default(catalog, component, (slot, option), value)


def _check_default(catalog: _Catalog, component: Component[Facts], place: tuple[str, str], value: Any) -> None:
    slot, option = place
    group, brought = catalog[group_of(slot)], {**component.facts.defaults, **_declared(component)}.get(slot)
    if not option:
        for name in value if isinstance(value, list) else [value]:
            if name not in group:
                component.refuse(f"defaults: {slot}={name}: no such {group_of(slot)}; {nearest(str(name), group)}")
        return
    named = [name for name in group if name == brought] or group
    options = {key: one for name in named for key, one in group[name].options.items()}
    if option not in options:
        component.refuse(f"defaults: {slot} has no option {option}; {nearest(option, options)}")
    if not options[option].takes(value):
        component.refuse(f"defaults: {slot}.{option} can't be {value!r}")


def _declared(component: Component[Any]) -> Mapping[str, str | None]:
    return component.facts.slots if isinstance(component.facts, MethodFacts) else {}
