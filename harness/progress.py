"""Progress on the terminal: a bar with the step, the loss and the time left; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)
LINE_SECONDS = 15.0  # between two lines of a log


class Bar:
    """A bar of rich's on a terminal."""

    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self.progress = progress
        self.task = progress.add_task(title, total=total, text="")

    def update(self, done: int, text: str) -> None:
        """Move the bar."""
        self.progress.update(self.task, completed=done, text=text)

    def say(self, text: str) -> None:
        """A line above the bar."""
        self.progress.console.print(text, markup=False)


class Lines:
    """A line now and then, for logs."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total = title, total
        self.began = self.last = time.monotonic()

    def update(self, done: int, text: str) -> None:
        """Print a line when the last one is old enough, or when all is done."""
        now = time.monotonic()
        if now - self.last < LINE_SECONDS and done < self.total:
            return
        self.last = now
        left = (now - self.began) / max(done, 1) * (self.total - done)
        self.say(f"{done}/{self.total} {text} {left:.0f} s left")

    def say(self, text: str) -> None:
        """A line."""
        console.print(f"{self.title}: {text}", markup=False, soft_wrap=True)


@contextmanager
def progress(title: str, total: int) -> Iterator[Bar | Lines]:
    """Progress of a loop of ``total`` steps."""
    if not console.is_terminal:
        yield Lines(title, total)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[text]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield Bar(bars, title, total)


def say(text: str) -> None:
    """One line on the terminal."""
    console.print(text, markup=False, soft_wrap=True)
