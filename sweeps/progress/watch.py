"""What is running right now, while one waits for it: a live table on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.live import Live
from rich.table import Table

from harness.progress import LINE_SECONDS, console, say
from harness.store.sealed import Damaged, read
from sweeps.folder import Submission
from sweeps.jobs import Job

REFRESH = 0.5  # seconds


class Watch:
    """Context manager around a queue of ``total`` jobs, told by `show` what runs and what has ended."""

    def __init__(self, submission: Submission, total: int) -> None:
        self.submission, self.total = submission, total
        self.last = time.monotonic()
        self.said = -1
        self.live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None

    def __enter__(self) -> Watch:
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.stop()

    def show(self, running: Sequence[Job], ended: Mapping[int, bool]) -> None:
        """Tell how it stands, unless that was just done."""
        now = time.monotonic()
        if self.live is not None and now - self.last >= REFRESH:
            self.last = now
            self.live.update(self._table(running, ended))
        elif self.live is None and (len(ended) != self.said or now - self.last >= LINE_SECONDS):
            self.last, self.said = now, len(ended)
            parts = [
                f"{job.kind} {job.method} {told(state_of(self.submission, job.number))}".strip() for job in running
            ]
            say(f"{self._counts(ended)}{'; ' if parts else ''}{'; '.join(parts)}")

    def _counts(self, ended: Mapping[int, bool]) -> str:
        failed = sum(not well for well in ended.values())
        return f"jobs: {len(ended)} of {self.total} ended" + (f", {failed} failed" if failed else "")

    def _table(self, running: Sequence[Job], ended: Mapping[int, bool]) -> Table:
        table = Table(title=self._counts(ended), title_justify="left", box=None, pad_edge=False)
        for name in ("job", "kind", "method", "of", "progress"):
            table.add_column(name, no_wrap=True)
        for job in running:
            table.add_row(
                str(job.number), job.kind, job.method, job.tasks[0].key[:8], told(state_of(self.submission, job.number))
            )
        return table


def state_of(submission: Submission, number: int) -> dict[str, Any]:
    """What a job last said of itself; nothing before it said anything."""
    try:
        return dict(read(submission.path(number, "progress.json"), {"done": int, "total": int, "text": str}))
    except Damaged:
        return {}


def told(state: Mapping[str, Any]) -> str:
    """A job's progress in a few words."""
    if not state:
        return "starting"
    return f"{state['done']}/{state['total']} {state['text']}".strip()
