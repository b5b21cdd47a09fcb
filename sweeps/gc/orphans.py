"""Which whole entries go where a quota asks for it: those that nothing needs, what was not used for longest first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeps.gc.leftovers import LEVELS, entries
from sweeps.gc.needs import Name, Needs, facts_of, references


@dataclass(frozen=True)
class Made:
    """A whole entry: where it lies, when it was finished (seconds since 1970), what it was made from."""

    path: Path
    finished: float
    of: Sequence[Name]


def orphans(root: Path, needed: Needs) -> tuple[list[Path], int]:
    """The whole entries that nothing needs, in the order in which they go; and how many are kept as they don't say
    what they were made from. What was made from an entry goes before it does."""
    made: dict[Name, Made] = {}
    silent = 0
    for level, path in entries(root):
        if level not in LEVELS or not (path / "DONE").exists() or needed.entry(level, path.name, facts_of(path)):
            continue
        found = _made(path)
        if found is None:
            silent += 1
        else:
            made[level, path.name] = found
    used = _used(made)
    order = sorted(made, key=lambda name: (used[name], LEVELS.index(name[0]), -made[name].finished))
    return [made[name].path for name in order], silent


def _made(path: Path) -> Made | None:
    facts = facts_of(path)
    with suppress(OSError, ValueError, KeyError, TypeError):
        return None if facts is None else Made(path, (path / "DONE").lstat().st_mtime, list(references(facts)))
    return None


def _used(made: dict[Name, Made]) -> dict[Name, float]:
    """When entries were used last: when the newest was finished that was made from them, or they themselves."""
    used: dict[Name, float] = {}
    for first in sorted(made, key=lambda name: made[name].finished, reverse=True):
        reached = [first]
        while reached:
            name = reached.pop()
            if name in made and name not in used:
                used[name] = made[first].finished
                reached += made[name].of
    return used
