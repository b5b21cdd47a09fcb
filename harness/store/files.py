"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from errors import UserError

DAY = 86400.0  # seconds after which a temporary file is taken for one that a dead process left
FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Within it an `OSError` becomes a `UserError`: one line with the path, the reason and what to do."""
    try:
        yield
    except OSError as error:
        remedy = "free some space" if error.errno in FULL else "check the folder and its permissions"
        reason = error.strerror or str(error)
        raise UserError(f"{path}: cannot be written ({reason}): {remedy}, or choose another folder") from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that at any moment its name shows all of the old content or all of the new.

    The new content is on the disk when this returns. On failure no temporary file is left and the old content
    stays; raises `UserError` as `plainly` does.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with plainly(path):
        try:
            _write_synced(temporary, data)
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink()
        _sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove the temporary files of `write_atomic` that are older than a day: their writers were killed."""
    for file in folder.glob(".*.tmp"):
        with suppress(OSError):  # somebody else may be sweeping
            if time.time() - file.stat().st_mtime > DAY:
                file.unlink()


def _write_synced(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)  # the rename itself
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems sync no folders
            raise
    finally:
        os.close(handle)


def write_files(folder: str | Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, which is made, each whole or not there. Gives their paths. Raises `UserError` where
    the folder can't be written."""
    folder = Path(folder)
    with plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomic(folder / name, data)
    return [folder / name for name in files]
