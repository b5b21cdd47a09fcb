"""Removing what was found in a store, each piece only if nobody wants it by now. Nothing that is locked is touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from errors import UserError
from harness.store.entries import Entry
from harness.store.files import plainly
from harness.store.holder import Holder
from harness.store.lock import Lock, LockLostError
from sweeps.gc import needs
from sweeps.gc.leftovers import LEFTOVERS, LOCKS, Garbage, claims, measure, real, worker_of
from sweeps.gc.needs import Requirements, facts_of

CHECKPOINTS, CODE = "checkpoints", "code"
CHECKPOINT_FILES = "checkpoint-*.safetensors"


class KeptAfterAll(Exception):
    """Something is not removed after all; the message says why."""


def remove(root: Path, found: Iterable[Garbage]) -> tuple[int, list[str]]:
    """Remove what was found: the bytes freed, and what was kept with the reason.

    Sweeps start meanwhile: what is needed is read again before the first removal, and whenever one did.
    """
    freed, refused = 0, []
    seen, needed = needs.stamp(root), needs.read(root)
    for one in found:
        if (now := needs.stamp(root)) != seen:
            seen, needed = now, needs.read(root)
        try:
            if _unchanged(one):
                _remove(one, needed)
                freed += one.bytes
        except KeptAfterAll as error:
            refused.append(f"{one.path}: {error}")
        except (UserError, LockLostError) as error:
            refused.append(str(error))
    return freed, refused


def _unchanged(one: Garbage) -> bool:
    """Whether something is there as it was found. Raises `KeptAfterAll` where it was written to since."""
    if one.kind == LOCKS:
        return True
    try:
        newest = measure(one.path)[1]
    except FileNotFoundError:
        return False
    if newest != one.newest:
        raise KeptAfterAll("was written to meanwhile")
    return True


def _remove(one: Garbage, needed: Requirements) -> None:
    if one.kind == LEFTOVERS:
        with plainly(one.path), suppress(FileNotFoundError):  # its writer's successor may be at it
            (shutil.rmtree if real(one.path) else Path.unlink)(one.path)
    elif one.kind == LOCKS:
        # Taken over as any waiter would, and let go: unlinked under a waiter's eyes it might have two holders.
        with _lock(Entry(one.path.with_name(one.path.name[1:].removesuffix(".lock")))), plainly(one.path):
            for claim in claims(one.path):
                claim.unlink(missing_ok=True)
    elif one.kind == CHECKPOINTS:
        entry = Entry(one.path.parent)
        with _lock(entry), plainly(one.path):
            if entry.status != "done":
                raise KeptAfterAll("its training is being made again")
            one.path.unlink(missing_ok=True)
    elif one.kind == CODE:
        if needed.frozen(one.path.name):
            raise KeptAfterAll("a sweep that was started meanwhile runs it")
        Entry(one.path).discard()
    elif needed.entry(one.path.parent.name, one.path.name, facts_of(one.path)):
        raise KeptAfterAll("is needed by now")
    else:
        with _lock(Entry(one.path)):
            if _unchanged(one):
                Entry(one.path).discard()


def _lock(entry: Entry) -> Lock:
    """The lock of an entry, which is not waited for. Entering raises `KeptAfterAll` where somebody holds it."""
    holder = worker_of(entry.path)
    if holder is not None:
        _busy(holder)
    return entry.lock(_busy)


def _busy(holder: Holder) -> None:
    raise KeptAfterAll(f"process {holder.pid} on {holder.host} works on it")
