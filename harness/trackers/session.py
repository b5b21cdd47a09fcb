"""A tracker's run that never breaks what it follows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.progress import say
from harness.trackers.base import Tracker
from registry import create

_said: set[str] = set()


class Session:
    """A run of a tracker while it is entered, below ``root``/trackers.

    Lets no failure of the tracker out: the first is said as a note, each reason once in a process, and ends the
    tracking of this run. An exception of the caller's passes, and closes the run as failed.
    """

    def __init__(self, name: str, options: Mapping[str, Any], root: Path) -> None:
        self.name, self.options = name, options
        self.folder = root.absolute() / "trackers" / name
        self.tracker: Tracker | None = None

    def __enter__(self) -> Session:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()  # some libraries would go elsewhere without a word
            self.tracker = create("tracker", self.name, self.options, self.folder)
        except Exception as error:
            self._tell(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.attempt(lambda tracker: tracker.close("failed" if kind else "finished"))

    def attempt(self, act: Callable[[Tracker], None]) -> None:
        """Do something with the tracker, unless it has failed before."""
        if self.tracker is None:
            return
        try:
            act(self.tracker)
        except Exception as error:
            self._tell(error)
            with suppress(Exception):
                self.tracker.close("failed")
            self.tracker = None

    def _tell(self, error: Exception) -> None:
        reason = " ".join(str(error).split()) or type(error).__name__
        note = f"note: tracker={self.name} failed, and what it follows goes on without it: {reason}"
        if note not in _said:
            _said.add(note)
            say(note)
