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

    def tree(self) -> ast.Module:
        """The text, parsed. Raises `UserError` where it is no Python."""
        try:
            return ast.parse(self.text)
        except SyntaxError as error:
            raise UserError(f"{self.path}:{error.lineno}: {error.msg}") from None

    @functools.cached_property
    def top(self) -> Sequence[ast.stmt]:
        """Its statements, without what stands in functions: nobody asks for that, and to keep it costs time."""
        body = self.tree().body
        for node in (item for outer in body for item in (outer, *getattr(outer, "body", ()))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                node.body = []
        return body

    @functools.cached_property
    def classes(self) -> Mapping[str, ast.ClassDef]:
        """The classes at its top, by name."""
        return {node.name: node for node in self.top if isinstance(node, ast.ClassDef)}

    @functools.cached_property
    def imports(self) -> Mapping[str, str]:
        """The names that it imports at its top, each with the dotted name that it stands for."""
        package = self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]
        return dict(pair for node in self.top for pair in _imported(node, package))

    @functools.cached_property
    def afterwards(self) -> Sequence[ast.AST]:
        """All that stands at its top outside of imports, classes and functions."""
        apart = ast.Import | ast.ImportFrom | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        return [node for outer in self.top if not isinstance(outer, apart) for node in ast.walk(outer)]

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
        return dict(found for statement in self.node.body for found in self._defined(statement))

    def _defined(self, statement: ast.stmt) -> list[tuple[str, tuple[ast.stmt, ast.expr | None]]]:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return [(statement.name, (statement, None))]
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            return [(statement.target.id, (statement, statement.value))] if statement.value else []
        if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
            return [(dotted(target), (statement, statement.value)) for target in statement.targets]
        if isinstance(statement, ast.Expr | ast.Pass):
            return []
        return self.module.refuse(statement, f"{self.node.name}: a component's class has plain assignments only")

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

    @functools.cached_property
    def declared(self) -> Mapping[str, str]:
        """The annotations of the body's attributes, as text."""
        found = [item for item in self.node.body if isinstance(item, ast.AnnAssign)]
        return {item.target.id: ast.unparse(item.annotation) for item in found if isinstance(item.target, ast.Name)}


class Sources:
    """The modules of the project by name, each read once, when it is asked for."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._modules: dict[str, Module] = {}
        self._shadows: dict[Class | str, type] = {}
        self._classes: dict[ast.ClassDef, Class] = {}

    def module(self, name: str) -> Module | None:
        """The module of a dotted name; None where it is none of the project's."""
        if name not in self._modules and name in self._files:
            path = self._files[name]
            self._modules[name] = Module(name, path, path.read_text(encoding="utf-8"))
        return self._modules.get(name)

    def lineage(self, cls: Class) -> tuple[Class | str, ...]:
        """A class and its bases in Python's method resolution order; those from outside as dotted names.

        What lies above a class from outside (torch's modules, ABC) is not looked at. `UserError` for a base that can't
        be found.
        """
        return tuple(vars(shadow)["of"] for shadow in self._shadow(cls).__mro__[:-1])

    def _shadow(self, of: Class | str) -> type:
        """An empty class with the bases that one has, so that Python itself says in which order they come."""
        if of not in self._shadows:
            bases = [self._above(of.module, _plain(base)) for base in of.node.bases] if isinstance(of, Class) else []
            try:
                self._shadows[of] = type("shadow", tuple(map(self._shadow, bases)), {"of": of})
            except TypeError:
                assert isinstance(of, Class)
                of.module.refuse(of.node, f"{of.node.name}: its bases have no consistent order")
        return self._shadows[of]

    def cls(self, module: Module, name: str) -> Class:
        """The class of that name in a module, the same object each time."""
        node = module.classes[name]
        return self._classes.setdefault(node, Class(module, node))

    def _above(self, module: Module, base: ast.expr) -> Class | str:
        first = dotted(base).partition(".")[0]
        if first in module.classes or first in module.imports or hasattr(builtins, first):
            found = self._named(module, module.meant(base))
            if found is not None:
                return found
        return module.refuse(base, f"the base {ast.unparse(base)} can't be found: import it at the top of the file")

    def _named(self, module: Module, name: str) -> Class | str | None:
        """What a dotted name is, seen from a module: a class of the project, a name from outside, or nothing."""
        if name in module.classes:
            return self.cls(module, name)
        parts = name.split(".")
        owners = (self.module(".".join(parts[:end])) for end in range(len(parts) - 1, 0, -1))
        owner = next((found for found in owners if found is not None), None)
        if owner is None:
            return name
        last = parts[-1]
        if ".".join(parts[:-1]) != owner.name or not (last in owner.classes or last in owner.imports):
            return None
        return self._named(owner, owner.imports.get(last, last))


def _imported(node: ast.stmt, package: str) -> list[tuple[str, str]]:
    if isinstance(node, ast.Import):
        names = [(alias.asname, alias.name) for alias in node.names]
        return [(own, full) if own else (full.partition(".")[0],) * 2 for own, full in names]
    if isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        source = ".".join([*above, *([node.module] if node.module else [])])
        return [(alias.asname or alias.name, f"{source}.{alias.name}") for alias in node.names]
    return []


def dotted(expression: ast.expr) -> str:
    """``a.b.c`` of a name or an attribute; "" of anything else."""
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute):
        return f"{inner}.{expression.attr}" if (inner := dotted(expression.value)) else ""
    return ""


def _plain(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base  # Generic[T] is Generic
