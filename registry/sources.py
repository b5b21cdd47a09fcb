"""Classes as their source tells them: found by name across files, with their bases in the order that Python takes."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from errors import UserError


@dataclass(frozen=True, eq=False)
class Module:
    """A file of the project: its text, taken apart when it is asked for."""

    name: str
    path: Path
    text: str

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The text, parsed. Raises `UserError` where it is no Python."""
        try:
            return ast.parse(self.text)
        except SyntaxError as error:
            raise UserError(f"{self.path}:{error.lineno}: {error.msg}") from None

    @functools.cached_property
    def classes(self) -> Mapping[str, Class]:
        """The classes at its top, by name."""
        return {node.name: Class(self, node) for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @functools.cached_property
    def imports(self) -> Mapping[str, str]:
        """The names that it imports at its top, each with the dotted name that it stands for."""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        found: dict[str, str] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    first = alias.name.partition(".")[0]
                    found[alias.asname or first] = alias.name if alias.asname else first
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                source = ".".join(filter(None, [*above, node.module]))
                found |= {alias.asname or alias.name: f"{source}.{alias.name}" for alias in node.names}
        return found

    @functools.cached_property
    def afterwards(self) -> Sequence[ast.AST]:
        """All that stands at its top outside of imports, classes and functions."""
        apart = ast.Import | ast.ImportFrom | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        return [node for outer in self.tree.body if not isinstance(outer, apart) for node in ast.walk(outer)]

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        """Raise the `UserError` that names this file and the line of ``node``."""
        raise UserError(f"{self.path}:{getattr(node, 'lineno', 1)}: {why}")

    def meant(self, expression: ast.expr) -> str:
        """The dotted name that an expression stands for once imports are followed; "" where it is no name."""
        words = dotted(expression)
        first, dot, rest = words.partition(".")
        return self.imports.get(first, first) + dot + rest if words else ""


@dataclass(frozen=True, eq=False)
class Class:
    """A class of the project."""

    module: Module
    node: ast.ClassDef

    @functools.cached_property
    def values(self) -> Mapping[str, tuple[ast.stmt, ast.expr | None]]:
        """What the body defines: by name the statement and, where it is an assignment, the value."""
        found: dict[str, tuple[ast.stmt, ast.expr | None]] = {}
        for statement in self.node.body:
            match statement:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    found[name] = statement, None
                case ast.Assign(targets=targets) if all(isinstance(target, ast.Name) for target in targets):
                    found |= {dotted(target): (statement, statement.value) for target in targets}
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found[name] = statement, value
                case ast.AnnAssign(target=ast.Name()) | ast.Expr() | ast.Pass():
                    pass
                case _:
                    self.module.refuse(statement, f"{self.node.name}: a component's class has plain assignments only")
        return found

    @functools.cached_property
    def declared(self) -> Mapping[str, str]:
        """The annotations of the body's attributes, as text."""
        found = [item for item in self.node.body if isinstance(item, ast.AnnAssign)]
        return {dotted(item.target): ast.unparse(item.annotation) for item in found}

    def refuse_changes(self) -> None:
        """Raise `UserError` for what the file does to the class after its body, where nobody would look for it."""
        for node in self.module.afterwards:
            changed = ""
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                changed = dotted(node.value)
            elif isinstance(node, ast.Call) and node.args and dotted(node.func) in ("setattr", "delattr"):
                changed = dotted(node.args[0])
            if changed == self.node.name:
                self.module.refuse(node, f"{ast.unparse(node)} is not read: write it in the class' body")


class Sources:
    """The modules of the project by name."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.modules = {name: Module(name, path, path.read_text(encoding="utf-8")) for name, path in files.items()}
        self._packages = {name.partition(".")[0] for name in files}
        self._shadow = functools.cache(self._shadow_of)

    def lineage(self, cls: Class) -> list[Class | str]:
        """A class and its bases in Python's method resolution order; those from outside as dotted names.

        What lies above a class from outside (torch's modules, ABC) is not looked at. `UserError` for a base that can't
        be found.
        """
        return [vars(shadow)["of"] for shadow in self._shadow(cls).__mro__[:-1]]

    def _shadow_of(self, of: Class | str) -> type:
        """An empty class with the bases that one has, so that Python itself says in which order they come."""
        if isinstance(of, str):
            return type("shadow", (), {"of": of})
        bases = [self._shadow(self._base(of.module, base)) for base in of.node.bases]
        try:
            return type("shadow", tuple(bases), {"of": of})
        except TypeError:
            of.module.refuse(of.node, f"{of.node.name}: its bases have no consistent order")

    def _base(self, module: Module, base: ast.expr) -> Class | str:
        plain = base.value if isinstance(base, ast.Subscript) else base  # Generic[T] is Generic
        first = dotted(plain).partition(".")[0]
        known = first in module.classes or first in module.imports or hasattr(builtins, first)
        found = self._named(module, module.meant(plain)) if known else None
        return found or module.refuse(
            base, f"the base {ast.unparse(plain)} can't be found: import it at the top of the file"
        )

    def _named(self, module: Module, name: str) -> Class | str | None:
        """What a dotted name is, seen from a module: a class of the project, a name from outside, or nothing."""
        if name in module.classes:
            return module.classes[name]
        place, _, last = name.rpartition(".")
        if name.partition(".")[0] not in self._packages:
            return name
        owner = self.modules.get(place)
        if owner is None or not (last in owner.classes or last in owner.imports):
            return None
        return self._named(owner, owner.imports.get(last, last))


def dotted(expression: ast.expr) -> str:
    """``a.b.c`` of a name or an attribute; "" of anything else."""
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute):
        return f"{inner}.{expression.attr}" if (inner := dotted(expression.value)) else ""
    return ""
