"""From a module's source to the components that it registers, with the options and facts that Python gives them."""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Generic, NoReturn, TypeVar

from errors import UserError
from registry.facts import FACTS, Facts
from registry.options import Option, literal, options_of
from registry.sources import Class, Module, Sources

_Stated = TypeVar("_Stated", bound=Facts, covariant=True)
_FACTS = "registry.facts"
_REGISTER = "registry.register"
_WORD = re.compile(r"register\b")  # no \b before it, which would make the search ten times as slow


@dataclass(frozen=True)
class Component(Generic[_Stated]):
    """A registered class as its source tells it: nothing of it has been imported. ``where`` is its file and line."""

    group: str
    name: str
    module: str
    cls: str
    doc: str
    options: Mapping[str, Option]
    facts: _Stated
    where: str

    def refuse(self, why: str) -> NoReturn:
        """Raise the `UserError` that names the class, its file and its line."""
        raise UserError(f"{self.where}: {self.cls}: {why}")

    def load(self) -> Any:
        """The class itself (this is what imports torch, where the class needs it)."""
        return getattr(import_module(self.module), self.cls)


def components(sources: Sources, module: Module) -> Iterator[Component[Facts]]:
    """The components that a module of the project registers, in its order.

    Raises `UserError` with file and line for whatever of them can't be read: nothing is left out in silence.
    """
    if not _WORD.search(module.text):
        return
    marks = [(cls, call) for cls in module.classes.values() for call in _marks(cls)]
    _refuse_strays(module, [call for _, call in marks])
    for cls, call in marks:
        yield _component(sources, cls, call)


def _marks(cls: Class) -> list[ast.Call]:
    calls = [item for item in cls.node.decorator_list if isinstance(item, ast.Call)]
    marks = [call for call in calls if cls.module.meant(call.func) == _REGISTER]
    if marks and len(marks) < len(cls.node.decorator_list):
        cls.module.refuse(
            cls.node, f"{cls.node.name}: a component has no other decorators, which may change its options"
        )
    return marks


def _refuse_strays(module: Module, marks: list[ast.Call]) -> None:
    """Raise `UserError` for a use of ``register`` that is no decorator of a class at the top of its file."""
    if "register" in module.imports and len(_WORD.findall(module.text)) == 1 + len(marks):
        return  # the usual file: one import, and a decorator each
    allowed, tree = {(call.lineno, call.col_offset) for call in marks}, module.tree
    for node in ast.walk(tree):
        stray = False
        if isinstance(node, ast.Name | ast.Attribute):
            stray = module.meant(node) == _REGISTER and (node.lineno, node.col_offset) not in allowed
            stray |= isinstance(node, ast.Name) and node.id == "register" and "register" not in module.imports
        elif isinstance(node, ast.ImportFrom) and node.module == "registry":
            stray = "register" in [alias.name for alias in node.names] and node not in tree.body
        if stray:
            module.refuse(node, "register is written as a decorator, @register(...), of a class at the top of its file")


def _component(sources: Sources, cls: Class, call: ast.Call) -> Component[Facts]:
    module, node = cls.module, cls.node
    words = [literal(module, word, "what @register is given") for word in call.args]
    plain = [word for word in words if isinstance(word, str) and word.isidentifier()]
    if len(words) != 2 or words[:1] != plain[:1] or any(word.arg in (None, "group", "name") for word in call.keywords):
        module.refuse(call, f'write @register("GROUP", "NAME", OPTION=DEFAULT, ...), GROUP one of {", ".join(FACTS)}')
    group, name = words
    declared = FACTS.get(group, Facts)
    replaced = {str(word.arg): literal(module, word.value, f"the default of {word.arg}") for word in call.keywords}
    whole = sources.lineage(cls)
    lineage = [one for one in whole if isinstance(one, Class)]
    if f"{_FACTS}.{declared.__name__}" not in whole:
        module.refuse(node, f"{node.name} must derive from {_FACTS}.{declared.__name__}, or from a base that does")
    for one in lineage:
        one.refuse_changes()
    options = _options(lineage, replaced)
    if unknown := sorted(set(replaced) - set(options)):
        module.refuse(call, f"@register({group!r}, {name!r}) names no option of {node.name}: {unknown[0]}")
    for word in call.keywords:
        options[str(word.arg)].check(module, word)
    facts = _facts(lineage, group)
    for fact, given in (("free", facts.free), ("files", facts.files), ("multiples", facts.multiples)):
        if lost := [option for option in given if option not in options]:
            module.refuse(node, f"{node.name}.{fact}: there is no option {lost[0]}")
    where = f"{module.path}:{node.lineno}"
    return Component(group, name, module.name, node.name, ast.get_docstring(node) or "", options, facts, where)


def _options(lineage: list[Class], replaced: Mapping[str, Any]) -> dict[str, Option]:
    """Those of the first ``__init__`` that Python finds."""
    cls = next((cls for cls in lineage if "__init__" in cls.values), None)
    if cls is None:
        return {}
    init, _ = cls.values["__init__"]
    if not isinstance(init, ast.FunctionDef) or init.decorator_list:
        cls.module.refuse(init, f"{cls.node.name}.__init__ tells the options: write it as a plain def")
    return options_of(cls.module, init, replaced)


def _facts(lineage: list[Class], group: str) -> Facts:
    """The facts of a class: for each name what stands first in its lineage, else the default."""
    first, known, declared = lineage[0], _hints(group), FACTS.get(group, Facts)
    interface = {name for cls in lineage[1:] for name in cls.declared}
    values: dict[str, Any] = {}
    for cls in lineage:
        for name, (statement, value) in cls.values.items():
            if name in known and name not in values:
                values[name] = _fact(cls, name, known[name])
            elif value is not None and name not in known and name not in interface:
                _refuse_unknown(cls, name, statement)
    if missing := [name for name in known if name not in values and not hasattr(declared, name)]:
        first.module.refuse(first.node, f"{first.node.name} must state the fact {missing[0]}")
    facts = declared()
    vars(facts).update(values)
    return facts


def _fact(cls: Class, name: str, hint: Any) -> Any:
    statement, value = cls.values[name]
    what = f"{cls.node.name}.{name} is a fact, and"
    if value is None:
        cls.module.refuse(statement, f"{what} must be written out: it is read without running the file")
    found = literal(cls.module, value, what)
    if not _fits(found, hint):
        cls.module.refuse(statement, f"{what} can't be {found!r}: {_FACTS} says {str(hint).replace('typing.', '')}")
    return found


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value has a type, looked at to the bottom."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if typing.is_typeddict(hint):
        known = typing.get_type_hints(hint)
        return isinstance(value, dict) and all(key in known and _fits(one, known[key]) for key, one in value.items())
    if origin is typing.Literal:
        return value in inner
    if origin in (typing.Union, type(str | None)):
        return any(_fits(value, one) for one in inner)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(one, inner[1]) for one in value.values())
    if origin in (tuple, list):
        return isinstance(value, origin) and all(_fits(one, inner[0]) for one in value)
    return isinstance(value, hint)


def _refuse_unknown(cls: Class, name: str, statement: ast.stmt) -> None:
    """A public attribute that is no fact has to be declared, or a mistyped fact would be lost in silence."""
    if name.startswith("_") or name.isupper() or cls.declared.get(name, "").startswith("ClassVar"):
        return
    cls.module.refuse(
        statement, f"{cls.node.name}.{name} is no fact ({_FACTS}): declare it as ClassVar if it is something else"
    )


@cache
def _hints(group: str) -> Mapping[str, Any]:
    """The types of a group's facts by name, without the ClassVar around them."""
    hints = typing.get_type_hints(FACTS.get(group, Facts))
    return {name: typing.get_args(hint)[0] for name, hint in hints.items()}
