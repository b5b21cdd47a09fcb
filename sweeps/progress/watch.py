"""What is running right now, while one waits for it: live on a terminal, a line now and then in a log."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rich.live import Live
from rich.text import Text

from harness.progress import LINE_SECONDS, console, say
from harness.store.sealed import Damaged, read
from sweeps.folder import Submission

REFRESH = 0.5  # seconds


class View(Live):
    """A context manager: lines that change in place on a terminal."""

    def __init__(self) -> None:
        super().__init__(console=console, auto_refresh=False, transient=True)
        self._last, self._next = "", 0.0

    def show(self, head: str, rows: Callable[[], Sequence[str]]) -> None:
        """Show a line and what stands below it, unless that was just done; in a log another line is shown at once."""
        terminal = console.is_terminal
        if time.monotonic() < self._next and (terminal or head == self._last):
            return
        self._last, self._next = head, time.monotonic() + (REFRESH if terminal else LINE_SECONDS)
        if terminal:
            self.update(Text("\n".join([head, *rows()])), refresh=True)
        else:
            say("; ".join([head, *rows()]))


def state_of(submission: Submission, number: int) -> dict[str, Any]:
    """What a job last said of itself; nothing before it said anything."""
    with suppress(Damaged):
        return dict(read(submission.path(number, "progress.json"), {"done": int, "total": int, "text": str}))
    return {}


def state_text(submission: Submission, number: int) -> str:
    """A job's progress in a few words."""
    state = state_of(submission, number)
    return f"{state['done']}/{state['total']} {state['text']}".strip() if state else "starting"
