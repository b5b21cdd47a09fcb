"""Components written for a test: files beside those of the checkout, read as its own are."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import registry

HEAD = "from registry import register\nfrom registry.facts import Facts, MethodFacts\n"  # of each file: two lines


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., registry.Catalog]:
    """``written(name=source)``: the catalogue of methods/, with these files in it as well."""
    monkeypatch.setattr(registry, "FOLDERS", ("methods",))

    def write(**sources: str) -> registry.Catalog:
        (tmp_path / "methods").mkdir(exist_ok=True)
        for name, source in sources.items():
            (tmp_path / "methods" / f"{name}.py").write_text(HEAD + textwrap.dedent(source).lstrip())
        return registry.read(registry.ROOT, tmp_path)

    return write
