"""What a method may not look at because its facts do not name it: no key leaves out what a result depends on."""

from __future__ import annotations

from typing import Any, NoReturn

from errors import UserError


class _Unnamed:
    def __init__(self, method: str, what: str) -> None:
        self.__dict__.update(_method=method, _what=what)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # Python's own questions, such as how to copy it
            raise AttributeError(name)
        self()

    def __call__(self, *given: object) -> NoReturn:
        raise UserError(
            f"method={self._method} uses {self._what}, which neither its samples_read nor the reads of its stages "
            "name: no key would know of it (registry/facts.py)"
        )


def unnamed(method: str, what: str) -> Any:
    """Stands in the place of ``what``: whoever reads an attribute of it or calls it gets a `UserError`."""
    return _Unnamed(method, what)
