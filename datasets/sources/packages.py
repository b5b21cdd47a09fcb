"""Files out of Debian packages: downloaded by apt-get, unpacked by dpkg-deb, nothing installed, no rights needed."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import UserError
from harness.store.files import plainly


def archive(package: str, cache: Path) -> Path:
    """The package's .deb in ``cache``, downloaded where it is not there; whole or not at all.

    `UserError` without apt-get, or with the reason that it gives.
    """
    path = cache / f"{package}.deb"
    if path.is_file():
        return path
    with plainly(cache):
        cache.mkdir(parents=True, exist_ok=True)
    with _scratch(cache) as folder:
        remedy = f"run apt-get update, or leave it out with --without {package}"
        _call(["apt-get", "download", package], Path(folder), f"{package} cannot be downloaded", remedy)
        downloads = list(Path(folder).glob("*.deb"))
        if len(downloads) != 1:
            raise UserError(f"{package}: apt-get download brought {len(downloads)} packages; {remedy}")
        with plainly(path):
            os.replace(downloads[0], path)
    return path


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """A folder with the package's files, removed afterwards; `UserError` where the package is damaged."""
    with _scratch(archive.parent) as folder:
        remedy = f"remove {archive} and run this again"
        _call(
            ["dpkg-deb", "-x", str(archive.resolve()), folder], archive.parent, f"{archive} cannot be unpacked", remedy
        )
        yield Path(folder)


def _scratch(folder: Path) -> tempfile.TemporaryDirectory[str]:
    with plainly(folder):
        return tempfile.TemporaryDirectory(dir=folder)


def _call(command: list[str], folder: Path, failure: str, remedy: str) -> None:
    if shutil.which(command[0]) is None:
        raise UserError(f"{command[0]} is not there: the photographs come from Debian packages, use Debian or Ubuntu")
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("W:")]
        reason = lines[0].strip() if lines else f"{command[0]} ended with {done.returncode}"
        full = next((line.strip() for line in lines if os.strerror(errno.ENOSPC) in line), "")
        raise UserError(f"{failure} ({full}): free some space" if full else f"{failure} ({reason}): {remedy}")
