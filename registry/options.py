"""The options of a component: the parameters of its ``__init__`` that have a default, by their annotations."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.sources import Module

SCALES = ("smoke", "cpu", "gpu", "paper")
_PLAIN = ("int", "float", "str", "bool")


@dataclass(frozen=True)
class Option:
    """One option of a component: what may be written after ``group.name=``."""

    name: str
    type: str  # "int", "float", "str", "bool" or "tuple[int, ...]"
    default: Any  # a value, or {scale: value}
    nullable: bool = False
    interval: str = ""  # "[0, inf)", or empty
    choices: tuple[str, ...] = ()
    group: str = ""  # whose components are the choices

    def at(self, scale: str) -> Any:
        """The default at a scale."""
        return self.default[scale] if isinstance(self.default, dict) else self.default

    def check(self, module: Module, written: ast.AST) -> None:
        """Raise `UserError` with file and line where the default, ``written`` there, is not of the option's type."""
        for value in map(self.at, SCALES):
            if not self.takes(value):
                module.refuse(written, f"option {self.name}: its default can't be {value!r}, by the annotation it has")

    def takes(self, value: Any) -> bool:
        """Whether a value is of its type, and one of its words; of a list what a tuple is."""
        if value is None:
            return self.nullable
        if isinstance(value, tuple | list):
            return self.type.startswith("tuple") and all(type(one) is int for one in value)
        kinds = ("int", "float") if self.type == "float" else (self.type,)
        return type(value).__name__ in kinds and (not self.choices or value in self.choices)


def literal(module: Module, node: ast.expr, what: str) -> Any:
    """The value that is written at ``node``. Raises `UserError` with file and line where it has to be computed."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        module.refuse(node, f"{what} must be written out: it is read without running the file")


def options_of(module: Module, init: ast.FunctionDef, replaced: Mapping[str, Any]) -> dict[str, Option]:
    """The options of an ``__init__`` by name, those in ``replaced`` with the defaults that it gives.

    Raises `UserError` with file and line for what can't be read, and for ``*args`` and ``**kwargs``, which hide some.
    """
    args = init.args
    if args.vararg or args.kwarg:
        module.refuse(init, "a component's __init__ names its options: no *args, no **kwargs")
    return {arg.arg: _option(module, arg, default, replaced) for arg, default in _with_default(args)}


def _with_default(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    plain = [*args.posonlyargs, *args.args]
    yield from zip(plain[len(plain) - len(args.defaults) :], args.defaults, strict=True)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            yield arg, default


def _option(module: Module, arg: ast.arg, default: ast.expr, replaced: Mapping[str, Any]) -> Option:
    read = {} if arg.annotation is None else _annotated(arg.annotation)
    if "type" not in read:
        module.refuse(arg, f"option {arg.arg}: an option needs one of the annotations that registry/__init__.py lists")
    written = literal(module, default, f"option {arg.arg}: its default")
    value = replaced.get(arg.arg, written)
    if isinstance(value, dict) and set(value) != set(SCALES):
        module.refuse(arg, f"option {arg.arg}: a default that depends on scale has one for each of {', '.join(SCALES)}")
    Option(arg.arg, default=written, **read).check(module, arg)
    return Option(arg.arg, default=value, **read)


def _annotated(node: ast.expr) -> dict[str, Any]:
    """What an annotation says of its option; without a type where it is not in the grammar."""
    if isinstance(node, ast.Name) and node.id in _PLAIN:
        return {"type": node.id}
    if isinstance(node, ast.BinOp):  # X | None
        nothing = isinstance(node.right, ast.Constant) and node.right.value is None
        return _annotated(node.left) | {"nullable": True} if nothing else {}
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return _bracketed(node.value.id, node.slice)
    return {}


def _bracketed(word: str, inner: ast.expr) -> dict[str, Any]:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if word == "Literal" and len(texts) == len(parts):
        return {"type": "str", "choices": tuple(texts)}
    if word == "Annotated" and len(parts) == 2 and len(texts) == 1:
        return _annotated(parts[0]) | {"interval" if texts[0][:1] in ("[", "(") else "group": texts[0]}
    if word == "tuple" and ast.unparse(inner) in ("int, ...", "(int, ...)"):
        return {"type": "tuple[int, ...]"}
    return {}
