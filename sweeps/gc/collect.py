"""Making room in a store: ``python -m sweeps gc``. What a record needs or an unfinished sweep wants stays.

First goes what nobody can read any more, then old checkpoints of trainings that nobody goes on with, and then, where
a quota asks for it, whole entries, those first that were not used for longest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import UserError, page
from harness.progress import first_of
from harness.store.entries import FACTS
from harness.store.files import DAY
from sweeps.gc import needs
from sweeps.gc.leftovers import LEVELS, Garbage, entries, garbage, leftovers, measure, paths_in, real, worker_of
from sweeps.gc.needs import Name, Requirements, facts_of, references
from sweeps.gc.removal import CHECKPOINT_FILES, CHECKPOINTS, CODE

FAILED, UNFINISHED = "failed", "unfinished trainings"
UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}
SHOWN = 20  # remarks told one by one
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB|PB)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Findings:
    """What can be removed, in the order in which it goes, and what there is to say of it, a line each."""

    garbage: Sequence[Garbage]
    notes: Sequence[str]


def parse_size(text: str) -> int:
    """Bytes of a size like "20GB" or "1.5 TB", in decimal units. Raises `UserError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UserError(f"--quota={text}: no size; give a number and one of {', '.join(UNITS)}, as in 20GB")
    factors = {unit.lower(): factor for unit, factor in UNITS.items()}
    return int(float(match[1]) * factors[match[2].lower()])


def size_text(number: int) -> str:
    """Bytes in words: "0 B", "12.3 MB"."""
    unit = next(unit for unit in reversed(UNITS) if number >= UNITS[unit] or unit == "B")
    return f"{number / UNITS[unit]:.1f} {unit}" if unit != "B" else f"{number} B"


def collectable(root: Path, older_days: float, quota_bytes: int | None) -> Findings:
    """What can be removed from the store at ``root``. Nothing is changed.

    ``older_days`` since its newest file was written make an unfinished training old; ``quota_bytes`` is how large the
    store may stay, None for any size. Raises `UserError`.
    """
    root = Path(root).resolve()
    if not root.is_dir():
        raise UserError(f"{root}: no store lies there; name the folder of results with --results")
    if not older_days >= 0:
        raise UserError(f"--older={older_days}: a number of days, 0 or more")
    needed = needs.read(root)
    useless = [*leftovers(root), *_unreadable(root, older_days, needed)]
    found = _outermost(sorted(useless, key=lambda one: (one.kind == UNFINISHED, one.newest)))
    over, notes = _over(root, quota_bytes, found, needed) if quota_bytes is not None else ([], [])
    doubts = [f"{doubt}; until then all that it might need is kept" for doubt in needed.doubts]
    return Findings(_outermost([*found, *over]), [*doubts, *notes])


def _outermost(found: Sequence[Garbage]) -> list[Garbage]:
    """Without the leftovers in what goes as a whole."""
    paths = {one.path for one in found}
    return [one for one in found if one.path.parent not in paths]


def _unreadable(root: Path, days: float, needed: Requirements) -> Iterator[Garbage]:
    """Entries that failed or were cut off and were not written to for some days, checkpoints of trainings that are
    done, whose processes were killed before they could clear up, and code. What somebody works on is left alone."""
    for level, path in entries(root):
        done = (path / "DONE").exists()
        if done and level == "trainings" and worker_of(path) is None:
            for file in path.glob(CHECKPOINT_FILES):
                yield from garbage(file, CHECKPOINTS, "their trainings are done")
        elif not done and not needed.entry(level, path.name, facts_of(path)):
            kind = UNFINISHED if level == "trainings" else FAILED
            yield from garbage(path, kind, f"failed or cut off, untouched for {days:g} days", older=days * DAY)
    for path in paths_in(root / "code"):
        if re.fullmatch("[0-9a-f]{16}", path.name) and real(path) and not needed.frozen(path.name):
            yield from garbage(path, CODE, "no unfinished sweep runs it")


def _over(root: Path, quota: int, found: Sequence[Garbage], needed: Requirements) -> tuple[list[Garbage], list[str]]:
    """The entries that go until the store is no larger than the quota, and what there is to say."""
    size = measure(root)[0] - sum(one.bytes for one in found)
    inside = Counter[Path]()  # bytes that go already
    for one in found:
        inside[one.path.parent] += one.bytes
    unneeded, silent = orphans(root, needed)
    over: list[Garbage] = []
    for path in unneeded:
        if size <= quota:
            break
        more = garbage(path, path.parent.name, "no record needs them, no unfinished sweep wants them")
        over += more
        size -= sum(one.bytes - inside[path] for one in more)
    notes = [f"{silent} entries don't say what they were made from ({FACTS}), and are kept"] if silent else []
    if size > quota:
        held = "are needed by records, wanted by unfinished sweeps or in use"
        notes.append(f"{size_text(size)} {held}: the store can't be brought down to {size_text(quota)}")
    return over, notes


def orphans(root: Path, needed: Requirements) -> tuple[list[Path], int]:
    """The whole entries that nothing needs, in the order in which they go, what was not used for longest first; and how
    many are kept as they don't say what they were made from. What was made from an entry goes before it does."""
    paths, origins, finished = dict[Name, Path](), dict[Name, list[Name]](), dict[Name, float]()
    silent = 0
    for level, path in entries(root):
        facts, name = facts_of(path), (level, path.name)
        if level not in LEVELS or not (path / "DONE").exists() or needed.entry(*name, facts):
            continue
        try:
            when, of = (path / "DONE").lstat().st_mtime, list(references(facts))
        except (OSError, ValueError, KeyError, TypeError):
            silent += 1
        else:
            paths[name], origins[name], finished[name] = path, of, when
    used = _used(finished, origins)
    order = sorted(paths, key=lambda name: (used[name], LEVELS.index(name[0]), -finished[name]))
    return [paths[name] for name in order], silent


def _used(finished: dict[Name, float], origins: dict[Name, list[Name]]) -> dict[Name, float]:
    """When entries were used last: when the newest was finished that was made from them, or they themselves."""
    used: dict[Name, float] = {}
    for first in sorted(finished, key=finished.__getitem__, reverse=True):
        reached = [first]
        while reached:
            name = reached.pop()
            if name in finished and name not in used:
                used[name] = finished[first]
                reached += origins[name]
    return used


def text(found: Findings, outcome: tuple[int, Sequence[str]] | None) -> str:
    """What is told: a table by kind, and what `remove` gave; None where nothing was removed (a dry run)."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for one in found.garbage:
        kinds.setdefault((one.kind, one.why), []).append(one.bytes)
    rows = [(kind, len(sizes), size_text(sum(sizes)), why) for (kind, why), sizes in kinds.items()]
    total = sum(one.bytes for one in found.garbage)
    rows.append(("total", len(found.garbage), size_text(total), ""))
    lines = [f"{kind:<22}{number:>7}{size:>11}   {why}".rstrip() for kind, number, size, why in rows]
    freed, refused = outcome or (0, ())
    kept = [f"kept: {reason}" for reason in refused]
    last = f"{size_text(freed)} freed" if outcome is not None else "nothing was removed"
    remarks = [first_of(notes, SHOWN, "and {} more like this") for notes in (found.notes, kept)]
    return page([*lines, *remarks[0], *remarks[1], last])
