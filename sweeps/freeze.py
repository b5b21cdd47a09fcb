"""A copy of the code that a sweep was submitted with: jobs that start tomorrow run what was checked today."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from pathlib import Path

from harness.files import plainly
from harness.records import COMMIT, git_commit
from registry import FOLDERS, ROOT

COPIED = (*FOLDERS, "registry", "sweeps", "reports", "hydra_plugins")
_LEFT = ("__pycache__", ".mypy_cache", ".ruff_cache")


def freeze(root: Path) -> Path:
    """The folder below ``root`` with this code, copied there unless it is there already.

    Its name is the hash of what it holds. Raises `UserError` where it cannot be written.
    """
    files = sorted(_files())
    commit = git_commit()
    total = hashlib.sha256(commit.encode())
    for file in files:
        total.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    place = root / "code" / total.hexdigest()[:16]
    if not place.exists():
        _copy(files, commit, place)
    return place


def _files() -> list[Path]:
    found = list(ROOT.glob("*.py"))
    for folder in COPIED:
        for path, folders, names in os.walk(ROOT / folder):
            folders[:] = [name for name in folders if name not in _LEFT]
            found += [Path(path) / name for name in names]
    return found


def _copy(files: list[Path], commit: str, place: Path) -> None:
    unfinished = place.with_name(f".{place.name}.{uuid.uuid4().hex}.tmp")
    with plainly(place):
        try:
            for file in files:
                copy = unfinished / file.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            (unfinished / COMMIT).write_text(commit)
            try:
                unfinished.rename(place)
            except OSError:
                if not place.exists():  # or else somebody froze the same code meanwhile
                    raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
