"""A copy of the code that a sweep was submitted with: jobs that start tomorrow run what was checked today."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from pathlib import Path

from errors import UserError
from harness.progress import say
from harness.store.entries import Entry
from harness.store.files import plainly
from harness.store.records import COMMIT, git_commit
from registry import FOLDERS, ROOT
from sweeps.launchers.verify import LIST, damage

COPIED = (*FOLDERS, "registry", "sweeps", "reports", "hydra_plugins")
_LEFT = frozenset(("__pycache__", ".mypy_cache", ".ruff_cache"))


def freeze(root: Path) -> tuple[Path, str]:
    """The folder below ``root`` with this code, copied there unless it is there already, and the sha256 of its list
    of files, whose first digits are its name.

    A folder that is not what was frozen is named and copied anew. Raises `UserError` where it cannot be written.
    """
    sources = {str(file.relative_to(ROOT).as_posix()): file.read_bytes() for file in _files()}
    sources[COMMIT] = git_commit().encode()
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in sources.items()}
    sources[LIST] = json.dumps(listed, indent=0, sort_keys=True).encode("ascii")
    sha256 = hashlib.sha256(sources[LIST]).hexdigest()
    place = root / "code" / sha256[:16]
    if os.path.lexists(place) and (fault := damage(str(place), sha256)):
        say(f"damaged: {fault}; copying the code anew")
        Entry(place).discard()
    if not place.exists():
        _write(sources, place)
    return place, sha256


def check_frozen(place: str, sha256: str) -> None:
    """Raise `UserError` unless a folder is the code that was frozen: to be called before any of it runs."""
    if fault := damage(place, sha256):
        raise UserError(f"{fault}; the frozen code is not run: give the sweep's command again, which copies it anew")


def _files() -> list[Path]:
    found = [path for folder in COPIED for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [*ROOT.glob("*.py"), *(path for path in found if _LEFT.isdisjoint(path.relative_to(ROOT).parts))]


def _write(sources: dict[str, bytes], place: Path) -> None:
    unfinished = place.with_name(f".{place.name}.{uuid.uuid4().hex}.tmp")
    with plainly(place):
        try:
            for name, data in sources.items():
                copy = unfinished / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(data)
            try:
                unfinished.rename(place)
            except OSError:
                if not place.exists():  # or else somebody froze the same code meanwhile
                    raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
