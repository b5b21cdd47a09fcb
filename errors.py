"""What is told to the person at the keyboard: the one exception meant for them, and how a text reaches a terminal."""

import argparse
import difflib
from collections.abc import Iterable
from typing import NoReturn


class UserError(ValueError):
    """Something a user can mend: one line that says what, where and what to do."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint behind an unknown word: ``did you mean rddm?``, or the list of what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(names)}"


def visible(text: str) -> str:
    """The text on one line: what would move the cursor, colour the terminal, ring its bell, break the line or turn the
    direction of writing is shown as its escape, for file names and values of others stand in it."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def page(lines: list[str]) -> str:
    """Lines for a terminal, each of them `visible`."""
    return "\n".join(map(visible, lines))


class CommandParser(argparse.ArgumentParser):
    """A parser of a command line that tells an error in one line, with where help is."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {visible(message)}; see {self.prog} --help\n")
