"""What can be chosen: components and their options, read from the source without importing it.

A component is a class with ``@register(group, name)``. Its ``__init__`` is the single source of its
options: a parameter with a default is an option (typed, validated, swept from the command line), a
parameter without one is context that the harness hands in (channels, seeds, shapes).

The annotations that an option may have::

    int  float  str  bool  X | None  tuple[int, ...]
    Literal["a", "b"]                    one of these words
    Annotated[float, "[0, 1)"]           an interval in the usual notation, ``inf`` allowed
    Annotated[str, "edit"]               the name of a component of that group

Keywords of ``@register`` replace defaults for that name; a dictionary with the scales as its keys gives a
default that depends on ``scale``: ``@register("network", "unet", dim={"smoke": 8, "cpu": 32, ...})``.
The component's facts (`registry.facts`) are literal class attributes. Options and facts are inherited as Python
inherits, also from other files; what can't be read from the source is refused with its file and line.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, overload

from errors import UserError, nearest
from registry import reading
from registry import slots as _slots
from registry.facts import FACTS, SLOTS, DatasetFacts, Facts, MethodFacts, MetricFacts, TaskFacts, TrackerFacts
from registry.options import SCALES, Option
from registry.reading import Component
from registry.slots import group_of
from registry.sources import Sources
from registry.stages import Method, Stage, check
from registry.stages import slots as _slots_of
from registry.stages import stages as _stages

__all__ = ["FOLDERS", "ROOT", "SCALES", "SLOTS", "Component", "Option", "Stage", "apart", "catalog", "components"]
__all__ += ["create", "find", "group_of", "nearest", "read", "reads", "register", "roles", "slots", "stages"]

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("methods", "datasets", "metrics", "harness")
_Class = TypeVar("_Class", bound=type)
Catalog = dict[str, dict[str, Component[Facts]]]


def register(group: str, name: str, **defaults: Any) -> Callable[[_Class], _Class]:
    """Mark a class as the component ``name`` of ``group``; `catalog` reads the mark from the source."""

    def mark(cls: _Class) -> _Class:
        return cls

    del group, name, defaults  # read by `catalog`, from the decorator's own text
    return mark


@overload
def find(group: Literal["method"], name: str) -> Component[MethodFacts]: ...
@overload
def find(group: Literal["dataset"], name: str) -> Component[DatasetFacts]: ...
@overload
def find(group: Literal["task"], name: str) -> Component[TaskFacts]: ...
@overload
def find(group: Literal["metrics"], name: str) -> Component[MetricFacts]: ...
@overload
def find(group: Literal["tracker"], name: str) -> Component[TrackerFacts]: ...
@overload
def find(group: str, name: str) -> Component[Facts]: ...
def find(group: str, name: str) -> Component[Any]:
    """The component of that name in a group, which a slot may stand for; or a `UserError` with the nearest one."""
    known = components(group)
    if name not in known:
        raise UserError(f"{group}={name}: no such {group_of(group)}; {nearest(name, known)}")
    return known[name]


def components(group: str) -> Mapping[str, Component[Any]]:
    """The components of a group, or of a slot's, by name."""
    return catalog().get(group_of(group), {})


def stages(method: str) -> tuple[Stage, ...]:
    """The trainings of a method, in their order."""
    return _stages(components("method"), find("method", method).name)


def slots(method: str) -> dict[str, str | None]:
    """The slots that a method has beside `SLOTS`, with their defaults; None where one follows a plain slot."""
    return _slots_of(components("method"), method)


def reads(method: str, stage: str = "") -> set[str]:
    """What a method's facts name as what its trainings and samples depend on, beside its data and its own options; with
    ``stage``, as what that training and those upstream of it do."""
    trainings = {one.name: one for one in stages(method)}
    names = (stage, *trainings[stage].after) if stage else trainings
    read = {slot for name in names for slot in trainings[name].reads} | ({"precision"} if trainings else set())
    return read if stage else read.union(find("method", method).facts.samples_read)


def roles() -> list[str]:
    """The slots that methods declare."""
    return _slots.roles(catalog())


def apart(words: str) -> tuple[str, str]:
    """The slot or group that dotted words begin with, and the rest: ("critic.network", "dim")."""
    return _slots.apart(words, roles())


def create(group: str, name: str, options: Mapping[str, Any], *context: Any) -> Any:
    """Build a component: ``context`` first, then its options by name (lists become tuples).

    What ``options`` leave out takes the default of that name, or the class' own where it depends on the scale.
    """
    component = find(group, name)
    own = {key: option.default for key, option in component.options.items() if not isinstance(option.default, dict)}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    if unknown := sorted(set(given) - set(component.options)):
        raise UserError(f"{group}={name} has no option {unknown[0]}")
    return component.load()(*context, **(own | given))


@functools.lru_cache(maxsize=1)
def catalog() -> Catalog:
    """Every registered component by group and name, from the source of `FOLDERS`."""
    collecting = gc.isenabled()
    gc.disable()  # nothing here is garbage, and looking through all these trees for some takes a tenth of the time
    try:
        return read(ROOT)
    finally:
        if collecting:
            gc.enable()


def read(*roots: Path) -> Catalog:
    """The components below one or more folders that are laid out as `ROOT` is.

    Raises `UserError` with file and line for what can't be read and for facts that do not fit together.
    """
    files = {module: path for root in roots for module, path in _modules(root)}
    sources, found = Sources(files), {group: dict[str, Component[Facts]]() for group in FACTS}
    for component in (one for module in sources.modules.values() for one in reading.components(sources, module)):
        group = found.setdefault(component.group, {})
        if component.name in group:
            twice = group[component.name].where
            raise UserError(f"{component.where}: {component.group}={component.name} is registered at {twice} too")
        group[component.name] = component
    for group in found.values():
        _refuse_namesakes(group.values())
        group.update({name: _with_choices(component, found) for name, component in group.items()})
    _slots.check_slots(found)
    check(cast(dict[str, Method], found["method"]))
    _slots.check_defaults(found)
    return found


def _with_choices(component: Component[Facts], found: Catalog) -> Component[Facts]:
    """The component, its options that name one of a group with the names that there are."""
    options = dict(component.options)
    for name, option in component.options.items():
        if option.group:
            options[name] = replace(option, choices=tuple(found.get(option.group, ())))
            if option.default not in options[name].choices:
                raise UserError(f"{component.where}: option {name}: there is no {option.group}={option.default}")
    return replace(component, options=options)


def _refuse_namesakes(group: Iterable[Component[Facts]]) -> None:
    """Raise `UserError` for two classes of one name: keys hold a class by its name, and would take them for one."""
    classes: dict[str, Component[Facts]] = {}
    for component in group:
        other = classes.setdefault(component.cls, component)
        if other.module != component.module:
            raise UserError(
                f"{component.where}: {component.group}={component.name}: there is another class {component.cls} "
                f"at {other.where}, and keys hold the class' name: give it another"
            )


def _modules(root: Path) -> Iterable[tuple[str, Path]]:
    """The modules of `FOLDERS` below a folder, in their order: dotted names and files."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path
