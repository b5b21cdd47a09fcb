"""The folder of results: ``root/level/key``, where the key is the hash of what the entry depends on.

An entry is there once its DONE marker is, which lists each file with its checksum and carries one of its own; it
counts only where its facts hash to the folder's name, so that no entry passes for another. Nothing is ever written
in place: a file gets its name when it is complete and on the disk, so that a reader never meets half of one, and a
full disk or a killed job leaves what was there before. Names with a leading dot are not results.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import uuid
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np

from errors import UserError
from harness.store.files import plainly, sweep, write_atomic
from harness.store.holder import Holder
from harness.store.keys import is_name, key
from harness.store.lock import Lock
from harness.store.sealed import Damaged, Each, Shape, is_time, now, parsed, seal, unsealed

FACTS = "facts.json"  # in each entry: what it depends on, of which its name is the hash
Status = Literal["missing", "partial", "done", "failed"]
DONE_SHAPE: dict[str, Shape] = {"facts": dict, "files": Each({"sha256": str, "bytes": int}), "finished": str}
FAILED_SHAPE: dict[str, Shape] = {"entry": str, "reason": str, "traceback": str, "facts": dict, "failed": is_time}


class Store:
    """The results below ``root``. Makes nothing until `prepare` or the first write."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def prepare(self) -> None:
        """Make the folder and prove that it can be written. Raises `UserError`, leaving no new folder behind."""
        made: list[Path] = []
        try:
            with plainly(self.root):
                made = [folder for folder in (self.root, *self.root.parents) if not folder.exists()]
                self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".probe.{uuid.uuid4().hex}"
            write_atomic(probe, b"writable")
            probe.unlink()
        except UserError:
            for folder in made:
                with suppress(OSError):
                    folder.rmdir()
            raise

    def entry(self, level: str, key: str) -> Entry:
        """The entry of a level ("trainings", "samples", ...). Raises `ValueError` for a name that is a path."""
        return Entry(self.root / _plain(level) / _plain(key))


class Entry:
    """One result: a folder with files and a marker, DONE or FAILED.

    One object writes an entry from its first `write` to `finish`: it remembers the checksums meanwhile. Whoever
    writes holds `lock`; readers need none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: dict[str, dict[str, Any]] = {}

    def lock(self, waiting: Callable[[Holder], None] | None = None) -> Lock:
        """The lock that a writer holds; it lies beside the folder, which may be discarded under it."""
        with plainly(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        return Lock(self.path.with_name(f".{self.path.name}.lock"), waiting=waiting)

    @property
    def _name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def status(self) -> Status:
        """What the markers tell. "partial": somebody is writing, or was killed while writing."""
        markers: tuple[tuple[str, Status], ...] = (("DONE", "done"), ("FAILED", "failed"), ("", "partial"))
        return next((status for name, status in markers if (self.path / name).exists()), "missing")

    @property
    def sound(self) -> bool:
        """Whether the entry is done and its marker and facts are its own; its other files are not looked at."""
        with suppress(Damaged):
            self._done()
            return True
        return False

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Write what the entry depends on, of which its name is the hash: the first of its files."""
        self.write(FACTS, json.dumps(facts, sort_keys=True).encode())

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole. Raises `UserError` if the disk refuses, `ValueError` if the entry is done."""
        self._mark(_plain(name, ("DONE", "FAILED")), data)
        self._written[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Publish the files that this object wrote, with JSON facts of them; clears an earlier failure."""
        self._mark("DONE", seal({"facts": dict(facts), "files": self._written, "finished": now()}))
        (self.path / "FAILED").unlink(missing_ok=True)

    def fail(self, reason: str, traceback: str, facts: Mapping[str, Any]) -> None:
        """Mark the entry as failed, with one line of reason, the whole traceback and JSON facts."""
        (self.path / "DONE").unlink(missing_ok=True)
        failure = {"reason": reason, "traceback": traceback, "facts": dict(facts), "failed": now()}
        self._mark("FAILED", seal({"entry": self._name, **failure}))

    def read(self, name: str) -> bytes:
        """A file of a done entry. Raises `Damaged` unless it is, byte for byte, what DONE promises."""
        return self._promised(_plain(name), self._done()[0]["files"])

    def _promised(self, name: str, files: Mapping[str, Any]) -> bytes:
        path, promised = self.path / name, files.get(name)
        if promised is None:
            raise Damaged(f"{path}: not among the entry's files")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Damaged(f"{path}: cannot be read ({error.strerror})") from error
        if hashlib.sha256(data).hexdigest() != promised["sha256"]:
            raise Damaged(f"{path}: not what was written ({len(data)} bytes, {promised['bytes']} expected)")
        return data

    def facts(self) -> dict[str, Any]:
        """The facts given to `finish`. Raises `Damaged` if the entry is not done."""
        return dict(self._done()[0]["facts"])

    def depends(self) -> dict[str, Any]:
        """What the entry depends on, of which its name is the hash. Raises `Damaged` if it is not done."""
        return self._done()[1]

    def failure(self) -> dict[str, Any]:
        """Reason, traceback, facts and time ("failed") given to `fail`. Raises `Damaged` if it did not fail."""
        told = unsealed(self.path / "FAILED", FAILED_SHAPE)
        if (of := told.pop("entry")) != self._name:
            raise Damaged(f"{self.path / 'FAILED'}: belongs to another entry ({of})")
        return told

    def verify(self) -> None:
        """Read every file. Raises `Damaged` for the first that is not what was written."""
        files = self._done()[0]["files"]
        for name in files:
            self._promised(name, files)

    def discard(self) -> None:
        """Remove the entry: first its name, in one step, then what was under it. Nothing happens if missing.

        What a discard that is killed leaves under its other name is gone with the next gc.
        """
        trash = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}.trash")
        with plainly(self.path), suppress(FileNotFoundError):
            self.path.rename(trash)
        self._written.clear()
        shutil.rmtree(trash, ignore_errors=True)

    def _done(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What DONE says and the facts that the entry depends on, once these are those that its name stands for."""
        done, path = unsealed(self.path / "DONE", DONE_SHAPE), self.path / FACTS
        facts = parsed(path, self._promised(FACTS, done["files"]), dict)
        try:
            name = key(self.path.parent.name, facts)
        except (TypeError, ValueError) as error:
            raise Damaged(f"{path}: not what was written ({error})") from error
        if name != self.path.name:
            raise Damaged(f"{path}: belongs to another entry ({name})")
        return done, dict(facts)

    def _mark(self, name: str, data: bytes) -> None:
        if self.status == "done":
            raise ValueError(f"{self.path}: done, and what is done does not change; discard it first")
        with plainly(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        sweep(self.path)
        write_atomic(self.path / name, data)


def write_npz(entry: Entry, name: str, /, **arrays: np.ndarray) -> None:
    """Write arrays as an NPZ file whose bytes depend on names, types, shapes and values only.

    Unlike `numpy.savez`: names are sorted, memory is in C order, there are no times, and nothing is compressed,
    as compressors differ in their bytes. Raises `ValueError` for arrays of objects, and as `Entry.write` does.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for field in sorted(arrays):
            member = io.BytesIO()
            array = np.asarray(arrays[field], order="C")
            np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{field}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # or else it tells Windows from the rest
            archive.writestr(info, member.getvalue())
    entry.write(name, packed.getvalue())


def read_npz(entry: Entry, name: str) -> dict[str, np.ndarray]:
    """The arrays of `write_npz` by name. Raises `Damaged` as `Entry.read` does."""
    with np.load(io.BytesIO(entry.read(name)), allow_pickle=False) as archive:
        return {field: archive[field] for field in archive.files}


def _plain(name: str, reserved: tuple[str, ...] = ()) -> str:
    if name in reserved or not is_name(name):
        raise ValueError(f"{name!r} cannot be a name in the store: letters, digits and _ . = + - only")
    return name
