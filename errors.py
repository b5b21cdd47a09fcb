"""What is told to the person at the keyboard: the one exception meant for them, and how a text reaches a terminal."""


class UserError(ValueError):
    """Something a user can mend: one line that says what, where and what to do."""


def visible(text: str) -> str:
    """The text on one line: what would move the cursor, colour the terminal, ring its bell, break the line or turn the
    direction of writing is shown as its escape, for file names and values of others stand in it."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def page(lines: list[str]) -> str:
    """Lines for a terminal, each of them `visible`."""
    return "\n".join(map(visible, lines))
