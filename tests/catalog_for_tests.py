"""The catalogue with methods that are the tests' own in it."""

from __future__ import annotations

import functools
import hashlib
import sys
import tempfile
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import registry
from harness.config.commandline import read
from harness.config.run_config import RunConfig

CHAIN = Path(__file__).parent / "sweeps" / "chain_for_tests.py"
TINY = ("scale=smoke", "dataset.size=16", "images=2", "train.steps=2")


@functools.cache
def _extended(source: str) -> registry.Catalog:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "methods").mkdir()
        (Path(folder) / "methods" / "chain.py").write_text(CHAIN.read_text())
        (Path(folder) / "methods" / "mine.py").write_text(source)
        found = registry.read(registry.ROOT, Path(folder))
    homes = {"methods.chain": "tests.sweeps.chain_for_tests", "methods.mine": _module(source)}
    return {
        group: {name: replace(one, module=homes.get(one.module, one.module)) for name, one in known.items()}
        for group, known in found.items()
    }


def _module(source: str) -> str:
    """Something of that source to import, and its name."""
    name = f"mine_{hashlib.sha256(source.encode()).hexdigest()[:8]}"
    sys.modules[name] = types.ModuleType(name)
    exec(source, vars(sys.modules[name]))
    return name


def extended() -> registry.Catalog:
    """The catalogue with the chains of trainings in it."""
    return _extended("")


def extend(monkeypatch: pytest.MonkeyPatch, source: str = "") -> None:
    """Put the chain of trainings into the catalogue, and the methods of ``source``."""
    monkeypatch.setattr(registry, "catalog", lambda: _extended(source))


@functools.cache
def _base(words: tuple[str, ...], source: int) -> RunConfig:
    return read([*TINY, *words]).points[0]


def point_of(method: str, *words: str, **options: Any) -> RunConfig:
    """A point of a method of the extended catalogue, at its defaults but for ``options``; ``words`` choose the rest."""
    base = _base((f"method={method}", *words), id(registry.catalog()))
    return RunConfig({**base.values, "method": {**base.values["method"], **options}})
