"""Removing what was found in a store, each piece only if nobody wants it by now. Nothing that is locked is touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from errors import UserError
from harness.store.entries import Entry
from harness.store.files import plainly
from harness.store.holder import Holder
from harness.store.lock import Lock, LockLostError
from sweeps.gc import needs
from sweeps.gc.leftovers import LEFTOVERS, LOCKS, Garbage, claims, measure, real, working
from sweeps.gc.needs import Needs, facts_of

CHECKPOINTS, CODE = "checkpoints", "code"
CHECKPOINT_FILES = "checkpoint-*.safetensors"


@dataclass(frozen=True)
class Found:
    """What can be removed, in the order in which it goes, and what there is to say of it, a line each."""

    garbage: Sequence[Garbage]
    notes: Sequence[str]


class Refused(Exception):
    """Something is not removed after all; the message says why."""


def remove(root: Path, found: Found) -> tuple[int, list[str]]:
    """Remove what was found: the bytes freed, and what was kept with the reason.

    Sweeps start meanwhile: what is needed is read again before the first removal, and whenever one did.
    """
    freed, refused = 0, []
    seen, needed = needs.stamp(root), needs.read(root)
    for one in found.garbage:
        if (now := needs.stamp(root)) != seen:
            seen, needed = now, needs.read(root)
        try:
            if _unchanged(one):
                _REMOVERS.get(one.kind, _entry)(one, needed)
                freed += one.bytes
        except Refused as error:
            refused.append(f"{one.path}: {error}")
        except (UserError, LockLostError) as error:
            refused.append(str(error))
    return freed, refused


def _unchanged(one: Garbage) -> bool:
    """Whether something is there as it was found. Raises `Refused` where it was written to since."""
    if one.kind == LOCKS:
        return True
    try:
        newest = measure(one.path)[1]
    except FileNotFoundError:
        return False
    if newest != one.newest:
        raise Refused("was written to meanwhile")
    return True


def _leftover(one: Garbage, needed: Needs) -> None:
    with plainly(one.path), suppress(FileNotFoundError):  # its writer's successor may be at it
        if real(one.path):
            shutil.rmtree(one.path)
        else:
            one.path.unlink()


def _lock(one: Garbage, needed: Needs) -> None:
    """Take the lock over as any waiter would, and let go: unlinked under a waiter's eyes it might have two holders."""
    entry = Entry(one.path.with_name(one.path.name[1:].removesuffix(".lock")))
    with _taken(entry), plainly(one.path):
        for claim in claims(one.path):
            claim.unlink(missing_ok=True)


def _checkpoint(one: Garbage, needed: Needs) -> None:
    entry = Entry(one.path.parent)
    with _taken(entry), plainly(one.path):
        if entry.status != "done":
            raise Refused("its training is being made again")
        one.path.unlink(missing_ok=True)


def _code(one: Garbage, needed: Needs) -> None:
    if needed.frozen(one.path.name):
        raise Refused("a sweep that was started meanwhile runs it")
    Entry(one.path).discard()


def _entry(one: Garbage, needed: Needs) -> None:
    entry = Entry(one.path)
    if needed.entry(one.path.parent.name, one.path.name, facts_of(one.path)):
        raise Refused("is needed by now")
    with _taken(entry):
        if _unchanged(one):
            entry.discard()


def _taken(entry: Entry) -> Lock:
    """The lock of an entry, which is not waited for. Entering raises `Refused` where somebody holds it."""
    holder = working(entry.path)
    if holder is not None:
        _busy(holder)
    return entry.lock(_busy)


def _busy(holder: Holder) -> None:
    raise Refused(f"process {holder.pid} on {holder.host} works on it")


_REMOVERS: dict[str, Callable[[Garbage, Needs], None]] = {
    LEFTOVERS: _leftover,
    LOCKS: _lock,
    CHECKPOINTS: _checkpoint,
    CODE: _code,
}
