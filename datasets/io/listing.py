"""Folders of picture files: what lies there, which files belong together, what an item may be called."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from datasets.base import digest
from errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_FIT = re.compile(r"[A-Za-z0-9._-]{1,80}")


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Order that puts ``2.png`` before ``10.png``; the name itself decides between equals."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts] + [(2, 0, name)]


def walk(folder: Path, suffixes: tuple[str, ...] = SUFFIXES, deep: bool = False) -> Iterator[str]:
    """Names of the files with these suffixes, relative to the folder, unordered; with ``deep`` at any depth.

    Hidden files and folders are passed over. One `os.scandir` per folder and no further question to the disk. Raises
    `UserError` for what can't be looked at, as a link to itself.
    """
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.name.lower().endswith(suffixes) and entry.is_file():
                    yield entry.name
                elif deep and entry.is_dir():
                    yield from (f"{entry.name}/{name}" for name in walk(folder / entry.name, suffixes, deep))
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be read ({error.strerror}); mend or remove it") from error


def list_images(folder: str, option: str) -> list[Path]:
    """The pictures directly inside a folder in natural order; hidden files and other types are passed over."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise UserError(f"{option}={folder}: no such folder; give a folder with {', '.join(SUFFIXES)} files")
    names = sorted(walk(root), key=natural_key)
    if not names:
        raise UserError(f"{option}={folder}: no pictures in it; put {', '.join(SUFFIXES)} files there")
    return [root / name for name in names]


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """The files by their name without suffix; `UserError` where two share it."""
    files: dict[str, Path] = {}
    for path in paths:
        if path.stem in files:
            raise UserError(f"{path}: has the same name as {files[path.stem].name}; rename or remove one of them")
        files[path.stem] = path
    return files


def safe(name: str) -> str:
    """The name itself where it is fit for any file system, else its safe letters and a hash that keeps it unique."""
    if _FIT.fullmatch(name):
        return name
    letters = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return f"{letters[:60]}-{digest(name)[:8]}"
