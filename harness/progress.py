"""Progress on the terminal: a bar with the step, the loss and the time left; plain lines where there is no terminal."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from errors import visible

console = Console(stderr=True, highlight=False)
LINE_SECONDS = 15.0  # between two lines of a log
REPORT_SECONDS = 2.0  # between two reports to a file


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
        self.progress.console.print(visible(text), markup=False)


class Lines:
    """A line now and then, for logs; and for those who watch a job from elsewhere a small file, where `report_to` named
    one: title, done, total, text and time."""

    report: Path | None = None

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total = title, total
        self.began = self.line = time.monotonic()
        self.written = 0.0

    def update(self, done: int, text: str) -> None:
        """Print a line, and rewrite the file, when the last one is old enough, or when all is done."""
        now, ended = time.monotonic(), done >= self.total
        if ended or now - self.line >= LINE_SECONDS:
            self.line = now
            left = (now - self.began) / max(done, 1) * (self.total - done)
            self.say(f"{done}/{self.total} {text} {left:.0f} s left")
        if self.report is not None and (ended or now - self.written >= REPORT_SECONDS):
            self.written = now
            state = {"title": self.title, "done": done, "total": self.total, "text": text, "time": time.time()}
            new = self.report.with_suffix(".new")
            with suppress(OSError):  # a full disk is told by the work itself
                new.write_text(json.dumps(state))
                new.replace(self.report)

    def say(self, text: str) -> None:
        """A line."""
        say(f"{self.title}: {text}")


def report_to(path: Path) -> None:
    """Let the loops of this process report to a file."""
    Lines.report = path


@contextmanager
def progress(title: str, total: int) -> Iterator[Bar | Lines]:
    """Progress of a loop of ``total`` steps."""
    if Lines.report is not None or not console.is_terminal:
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
    """One line on the terminal, whatever stands in it."""
    console.print(visible(text), markup=False, soft_wrap=True)


def first_of(lines: Sequence[str], most: int, rest: str) -> list[str]:
    """The first of some lines; where there are more, ``rest`` says so with their number for its ``{}``."""
    return [*lines[:most], rest.replace("{}", str(len(lines) - most), 1)] if len(lines) > most else list(lines)


@functools.cache
def say_once(text: str) -> None:
    """One line, however often this process comes upon it: files are read again and again."""
    say(text)
