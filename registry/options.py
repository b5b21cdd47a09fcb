"""The options of a component: the parameters of its ``__init__`` that have a default, by their annotations."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.sources import Module

SCALES = ("smoke", "cpu", "gpu", "paper")


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
    plain = [*args.posonlyargs, *args.args]
    written = [*zip(plain[len(plain) - len(args.defaults) :], args.defaults, strict=True)]
    written += [(arg, value) for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value is not None]
    return {arg.arg: _option(module, arg, default, replaced) for arg, default in written}


def _option(module: Module, arg: ast.arg, default: ast.expr, replaced: Mapping[str, Any]) -> Option:
    read = _annotated(arg.annotation)
    if "type" not in read:
        module.refuse(arg, f"option {arg.arg}: an option needs one of the annotations that registry/__init__.py lists")
    written = literal(module, default, f"option {arg.arg}: its default")
    value = replaced.get(arg.arg, written)
    if isinstance(value, dict) and set(value) != set(SCALES):
        module.refuse(arg, f"option {arg.arg}: a default that depends on scale has one for each of {', '.join(SCALES)}")
    Option(arg.arg, default=written, **read).check(module, arg)
    return Option(arg.arg, default=value, **read)


def _annotated(node: ast.expr | None) -> dict[str, Any]:
    """What an annotation says of its option; without a type where it is not in the grammar."""
    match node:
        case ast.Name(id="int" | "float" | "str" | "bool" as name):
            return {"type": name}
        case ast.BinOp(left=kind, right=ast.Constant(value=None)):
            return _annotated(kind) | {"nullable": True}
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, ast.Constant(value=str(word))])):
            return _annotated(kind) | {"interval" if word[:1] in ("[", "(") else "group": word}
        case ast.Subscript(value=ast.Name(id="Literal"), slice=words):
            parts = words.elts if isinstance(words, ast.Tuple) else [words]
            texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            return {"type": "str", "choices": tuple(texts)} if len(texts) == len(parts) else {}
        case ast.Subscript() if ast.unparse(node) == "tuple[int, ...]":
            return {"type": "tuple[int, ...]"}
    return {}
