"""What can be chosen: components and their options, read from the source without importing it.

A component is a class with ``@register(group, name)``. Its ``__init__`` is the single source of its
options: a parameter with a default is an option (typed, validated, swept from the command line), a
parameter without one is context that the harness hands in (channels, seeds, shapes).

The annotations that an option may have::

    int  float  str  bool  X | None  tuple[int, ...]
    Literal["a", "b"]                    one of these words
    Annotated[float, "[0, 1)"]           an interval in the usual notation, ``inf`` allowed

Keywords of ``@register`` replace defaults for that name; a dictionary with the scales as its keys gives a
default that depends on ``scale``: ``@register("network", "unet", dim={"smoke": 8, "cpu": 32, ...})``.
Literal class attributes (``version``, ``defaults``, ``stages``, ...) are the component's facts.
"""

from __future__ import annotations

import ast
import difflib
import functools
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from errors import UserError

ROOT = Path(__file__).resolve().parent
FOLDERS = ("methods", "datasets", "metrics", "harness")
SCALES = ("smoke", "cpu", "gpu", "paper")
_Class = TypeVar("_Class", bound=type)


@dataclass(frozen=True)
class Option:
    """One option of a component: what may be written after ``group.name=``."""

    name: str
    type: str  # "int", "float", "str", "bool" or "tuple[int, ...]"
    default: Any  # a value, or {scale: value}
    nullable: bool = False
    interval: str = ""  # "[0, inf)", or empty
    choices: tuple[str, ...] = ()

    def at(self, scale: str) -> Any:
        """The default at a scale."""
        return self.default[scale] if isinstance(self.default, dict) else self.default


@dataclass(frozen=True)
class Component:
    """A registered class as its source tells it: nothing of it has been imported."""

    group: str
    name: str
    module: str
    cls: str
    doc: str
    options: Mapping[str, Option]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """Enters every key that depends on the component; a change of behaviour must bump it."""
        return int(self.facts.get("version", 1))

    def load(self) -> Any:
        """The class itself (this is what imports torch, where the class needs it)."""
        return getattr(importlib.import_module(self.module), self.cls)


def register(group: str, name: str, **defaults: Any) -> Callable[[_Class], _Class]:
    """Mark a class as the component ``name`` of ``group``; `catalog` reads the mark from the source."""

    def mark(cls: _Class) -> _Class:
        return cls

    del group, name, defaults  # read by `catalog`, from the decorator's own text
    return mark


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint behind an unknown word: ``did you mean rddm?``, or the list of what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(names)}"


def find(group: str, name: str) -> Component:
    """The component of that name, or a `UserError` with the nearest one."""
    known = catalog().get(group, {})
    if name not in known:
        raise UserError(f"{group}={name}: no such {group}; {nearest(name, known)}")
    return known[name]


def create(group: str, name: str, options: Mapping[str, Any], *context: Any) -> Any:
    """Build a component: ``context`` first, then its options by name (lists become tuples).

    What ``options`` leave out takes the default of that name, or the class' own where it depends on the scale.
    """
    component = find(group, name)
    own = {key: option.default for key, option in component.options.items() if not isinstance(option.default, dict)}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    values = own | given
    unknown = set(values) - set(component.options)
    if unknown:
        raise UserError(f"{group}={name} has no option {sorted(unknown)[0]}")
    return component.load()(*context, **values)


@functools.lru_cache(maxsize=1)
def catalog() -> dict[str, dict[str, Component]]:
    """Every registered component by group and name, from the source of `FOLDERS`."""
    found: dict[str, dict[str, Component]] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for component in read(path.read_text(encoding="utf-8"), _module(path)):
                group = found.setdefault(component.group, {})
                if component.name in group:
                    raise ValueError(f"{component.group}={component.name} is registered twice ({path})")
                group[component.name] = component
    return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def read(source: str, module: str) -> list[Component]:
    """The components that a module's source registers, in its order."""
    if "@register(" not in source:
        return []
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    return [
        _component(node, call, module, _init(node, classes))
        for node in classes.values()
        for call in node.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "register"
    ]


def _init(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> ast.FunctionDef | None:
    """The class's own ``__init__``, or that of the nearest base in the same file."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return item
    bases = [classes[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
    return next((found for base in bases if (found := _init(base, classes))), None)


def _component(node: ast.ClassDef, call: ast.Call, module: str, init: ast.FunctionDef | None) -> Component:
    group, name = (ast.literal_eval(arg) for arg in call.args)
    replaced = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
    options = {option.name: option for option in (_options(init.args, replaced) if init else ())}
    unknown = set(replaced) - set(options)
    if unknown:
        raise ValueError(f"{module}: @register({group!r}, {name!r}) names no option {sorted(unknown)}")
    return Component(group, name, module, node.name, ast.get_docstring(node) or "", options, _facts(node))


def _facts(node: ast.ClassDef) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for item in node.body:
        target: ast.expr | None = item.target if isinstance(item, ast.AnnAssign) else None
        if isinstance(item, ast.Assign) and len(item.targets) == 1:
            target = item.targets[0]
        value = getattr(item, "value", None)
        if isinstance(target, ast.Name) and value is not None:
            try:
                facts[target.id] = ast.literal_eval(value)
            except ValueError:
                continue  # computed: not a fact that the planner can know
    return facts


def _options(args: ast.arguments, replaced: Mapping[str, Any]) -> Iterable[Option]:
    with_default = args.args[len(args.args) - len(args.defaults) :]
    pairs = [
        *zip(with_default, args.defaults, strict=True),
        *zip(args.kwonlyargs, args.kw_defaults, strict=True),
    ]
    for arg, default in pairs:
        if default is not None:
            value = replaced.get(arg.arg, ast.literal_eval(default))
            yield _option(arg.arg, arg.annotation, value)


def _option(name: str, annotation: ast.expr | None, default: Any) -> Option:
    kind: dict[str, Any] = {"type": "", "nullable": False, "interval": "", "choices": ()}
    _annotation(annotation, kind)
    if not kind["type"]:
        raise ValueError(f"option {name}: an option needs one of the annotations that registry.py lists")
    return Option(name=name, default=default, **kind)


def _annotation(node: ast.expr | None, kind: dict[str, Any]) -> None:
    """Read one annotation into ``kind``; what is not in the grammar leaves the type empty."""
    if isinstance(node, ast.Name) and node.id in ("int", "float", "str", "bool"):
        kind["type"] = node.id
    elif isinstance(node, ast.BinOp):  # X | None
        kind["nullable"] = True
        _annotation(node.left, kind)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice
        if node.value.id == "Literal":
            words = ast.literal_eval(inner)
            kind["type"], kind["choices"] = "str", (words,) if isinstance(words, str) else tuple(words)
        elif node.value.id == "Annotated" and isinstance(inner, ast.Tuple):
            kind["interval"] = ast.literal_eval(inner.elts[1])
            _annotation(inner.elts[0], kind)
        elif node.value.id == "tuple":
            kind["type"] = "tuple[int, ...]"
