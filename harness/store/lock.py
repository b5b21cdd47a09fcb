"""A lock between processes and machines, made of nothing but file names.

The lock is a file that names its holder. It comes into being complete, by a hard link, and its holder touches it
while it works. A holder is dead when the file was not touched for ``stale_after`` seconds, or at once when its
process is seen to be gone. Who waits counts that silence by its own clock too: the holder's may be ahead.

Who takes over from holder T first puts its own file under ``<lock>.<T's token>``: the claim. A hard link decides
between several waiters, and tokens never return, so only the winner may rename its claim over the lock. The lock
is never absent on the way, so nobody slips in. A winner that dies before the rename is succeeded in the same
way, by a claim on its claim. No advisory locks (fcntl, flock): network file systems differ on them.
"""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from harness.store.files import plainly
from harness.store.holder import Holder, heartbeat, read, ticket

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class LockLostError(RuntimeError):
    """The lock was taken over: its holder was silent for too long, and somebody else works now."""


@dataclass(eq=False)
class Lock:
    """Context manager that waits until the lock at ``path`` is its own. Not re-entrant.

    ``stale_after`` and ``poll`` are in seconds, the former the same for all who use the path; the heartbeat comes six
    times within it. ``waiting`` is called once with each `Holder` that is waited for. Entering raises `UserError` where
    the folder cannot be written, and so does leaving; leaving raises `LockLostError` too if the lock was taken over,
    unless another exception is on its way.
    """

    path: Path
    stale_after: float = 60.0
    poll: float = 1.0
    waiting: Callable[[Holder], None] | None = None
    _token: str = field(default="", init=False)
    _heard: dict[str, tuple[float, float]] = field(default_factory=dict, init=False)  # by token: beat, when first seen
    _heart: ExitStack = field(default_factory=ExitStack, init=False)

    def __enter__(self) -> Lock:
        announced = ""
        while not self._attempt():
            holder = read(self.path)
            if self.waiting is not None and holder is not None and holder.token != announced:
                announced = holder.token
                self.waiting(holder)
            time.sleep(self.poll)
        self._heart.enter_context(heartbeat(self.path, self.stale_after / 6, lambda: self.lost))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heart.close()
        if error is not None:
            with suppress(OSError):  # what went wrong is on its way already
                self._release()
            return
        with plainly(self.path):
            released = self._release()
        if not released:
            raise LockLostError(f"{self.path}: taken over by another process")

    @property
    def lost(self) -> bool:
        """Whether the lock is somebody else's by now, or gone; read from the disk at each call."""
        holder = read(self.path)
        return holder is None or holder.token != self._token

    def _attempt(self) -> bool:
        with ticket(self.path) as (file, mine):
            if not _place(file, self.path) and not self._succeed(file, mine):
                return False
            self._token = mine.token
            return True

    def _succeed(self, file: Path, mine: Holder) -> bool:
        """Take over from the holder, or from the last claimant if that one died too; whether it came to that."""
        chain = _chain(self.path)
        if not chain or not self._dead(chain[-1], mine.beat):
            return False
        claim = _claim(self.path, chain[-1].token)
        if not _place(file, claim):
            return False
        # Looked at again under the claim: the lock may have passed on since, or the holder may have woken up.
        now = _chain(self.path)[: len(chain)]
        if [holder.token for holder in now] != [holder.token for holder in chain] or not self._dead(now[-1], mine.beat):
            claim.unlink(missing_ok=True)
            return False
        try:
            claim.replace(self.path)
        except FileNotFoundError:  # asleep at this very line until it was itself taken for dead
            return False
        for holder in chain[:-1]:
            _claim(self.path, holder.token).unlink(missing_ok=True)
        return True

    def _dead(self, holder: Holder, now: float) -> bool:
        """Whether a holder is gone, was silent for long by the file system's clock, or since it was first looked at:
        where its clock is ahead, its last beat may lie in a future that takes days to come."""
        beat, since = self._heard.get(holder.token, (math.nan, 0.0))
        if beat != holder.beat:
            since = time.monotonic()
            self._heard[holder.token] = (holder.beat, since)
        silent = max(now - holder.beat, time.monotonic() - since)
        return silent > self.stale_after or holder.gone()

    def _release(self) -> bool:
        if self.lost:
            return False
        # Touch, then look for a claim; who claims looks at the touch afterwards. So at least one of the two
        # notices the other, and a holder that wakes up here cannot remove its successor's lock.
        with suppress(FileNotFoundError):
            os.utime(self.path)
        if _claim(self.path, self._token).exists() or self.lost:
            return False
        self.path.unlink(missing_ok=True)
        return True


def _claim(path: Path, token: str) -> Path:
    return path.with_name(f"{path.name}.{token}")


def _chain(path: Path) -> list[Holder]:
    """The holder, who claims to succeed it, who claims to succeed that one, and so on."""
    chain: list[Holder] = []
    holder = read(path)
    while holder is not None and holder not in chain:  # a file that claims to succeed itself is nobody's work
        chain.append(holder)
        holder = read(_claim(path, holder.token))
    return chain


def _place(file: Path, name: Path) -> bool:
    """Give the file a second name if that is free: the one step that decides between processes."""
    try:
        os.link(file, name)
    except OSError as error:
        if error.errno in NO_LINKS:
            with suppress(FileExistsError), open(name, "xb") as copy:
                copy.write(file.read_bytes())
                return True
            return False
        if error.errno != errno.EEXIST:
            raise
        return file.stat().st_nlink == 2  # done after all: a network file system lost the answer and asked again
    return True
