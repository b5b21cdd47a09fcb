"""Making an entry of the store once: who comes second waits, what is damaged is made again, a failure is marked."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from errors import UserError
from harness.progress import say, say_once
from harness.store.entries import Entry
from harness.store.holder import Holder
from harness.store.sealed import Damaged

_BEGAN = time.time()


class PointFailed(Exception):
    """A point can't be finished; the message is one line, and the entry that failed keeps the traceback."""


def whole(entry: Entry) -> bool:
    """Whether an entry is done and every file is what was written."""
    with suppress(Damaged):
        entry.verify()
        return True
    return False


def failure_of(entry: Entry) -> dict[str, Any]:
    """What an entry that failed tells, as `Entry.failure`; nothing where it did not, or where its marker is damaged,
    which is then named."""
    if entry.status != "failed":
        return {}
    try:
        return entry.failure()
    except Damaged as damage:
        say_once(f"passed over, for it is damaged: {damage}; why it failed is lost: give the sweep's command again")
        return {}


def ensure(entry: Entry, facts: Mapping[str, Any], make: Callable[[Entry], None]) -> None:
    """Make an entry unless it is whole; who comes second waits for the first and uses what it made.

    ``facts`` are what the entry depends on and lie beside what was made. A damaged entry is named, discarded and made
    again. A failure is marked in the entry with its traceback and told on as `PointFailed`; what failed while this
    process ran is not tried again by it.
    """
    if whole(entry):
        return

    def waiting(holder: Holder) -> None:
        name = f"{entry.path.parent.name}/{entry.path.name}"
        say(f"waiting for process {holder.pid} on {holder.host}, which makes {name}")

    with entry.lock(waiting):
        try:
            entry.verify()
            return
        except Damaged as damage:
            if entry.status == "done":
                say(f"damaged: {damage}; making it again")
                entry.discard()
        failure = failure_of(entry)
        if failure and datetime.fromisoformat(failure["failed"]).timestamp() > _BEGAN:
            raise PointFailed(failure["reason"])  # the other points of a sweep would fail alike
        try:
            entry.begin(facts)
            make(entry)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            with suppress(UserError):  # a full disk takes no marker either
                entry.fail(reason, traceback.format_exc(), {"step": getattr(error, "step", None)})
            raise PointFailed(reason) from error
