"""Making room in a store: ``python -m sweeps gc``. What a record needs or an unfinished sweep wants stays.

First goes what nobody can read any more, then old checkpoints of trainings that nobody goes on with, and then, where
a quota asks for it, whole entries, those first that were not used for longest.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from errors import UserError, page
from harness.store.entries import FACTS
from harness.store.files import DAY
from sweeps.gc import needs
from sweeps.gc.leftovers import LEVELS, MARKS, Garbage, entries, leftovers, listed, measure, real, working
from sweeps.gc.needs import Needs, facts_of
from sweeps.gc.orphans import orphans
from sweeps.gc.removal import CHECKPOINT_FILES, CHECKPOINTS, CODE, Found

# `remove` is asked for here by those who collected.
from sweeps.gc.removal import remove as remove

FAILED, UNFINISHED = "failed", "unfinished trainings"
UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}
SHOWN = 20  # remarks told one by one
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB|PB)", re.IGNORECASE | re.ASCII)


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


def collectable(root: Path, older_days: float, quota_bytes: int | None) -> Found:
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
    rest = [*leftovers(root), *_finished(root), *_unread(root, older_days, needed), *_code(root, needed)]
    old = _unfinished(root, older_days, needed)
    found = _outermost([*sorted(rest, key=_age), *sorted(old, key=_age)])
    over, notes = _over(root, quota_bytes, found, needed) if quota_bytes is not None else ([], [])
    doubts = [f"{doubt}; until then all that it might need is kept" for doubt in needed.doubts]
    return Found(_outermost([*found, *over]), [*doubts, *notes])


def _outermost(found: Sequence[Garbage]) -> list[Garbage]:
    """Without the leftovers in what goes as a whole."""
    paths = {one.path for one in found}
    return [one for one in found if one.path.parent not in paths]


def _age(garbage: Garbage) -> float:
    return garbage.newest


def _garbage(path: Path, kind: str, why: str) -> list[Garbage]:
    """An entry or something else as garbage; nothing where somebody works on it, or removed it meanwhile."""
    if working(path) is not None:
        return []
    try:
        size, newest = measure(path)
    except FileNotFoundError:
        return []
    return [Garbage(path, kind, size, why, newest)]


def _finished(root: Path) -> Iterable[Garbage]:
    """Checkpoints of trainings that are done: their processes were killed before they could clear up."""
    for level, path in entries(root):
        files = list(path.glob(CHECKPOINT_FILES)) if level == "trainings" and (path / "DONE").exists() else []
        found = [one for file in files for one in _garbage(file, CHECKPOINTS, "their trainings are done")]
        yield from found if working(path) is None else ()


def _unread(root: Path, days: float, needed: Needs) -> Iterable[Garbage]:
    return _old(root, days, needed, [level for level in (*LEVELS, *MARKS) if level != "trainings"], FAILED)


def _unfinished(root: Path, days: float, needed: Needs) -> Iterable[Garbage]:
    return _old(root, days, needed, ["trainings"], UNFINISHED)


def _old(root: Path, days: float, needed: Needs, levels: Sequence[str], kind: str) -> Iterable[Garbage]:
    """Entries that failed or were cut off, and were not written to for a number of days."""
    for level, path in entries(root):
        if level in levels and not (path / "DONE").exists() and not needed.entry(level, path.name, facts_of(path)):
            why = f"failed or cut off, untouched for {days:g} days"
            yield from (one for one in _garbage(path, kind, why) if time.time() - one.newest > days * DAY)


def _code(root: Path, needed: Needs) -> Iterable[Garbage]:
    for path in listed(root / "code"):
        if re.fullmatch("[0-9a-f]{16}", path.name) and real(path) and not needed.frozen(path.name):
            yield from _garbage(path, CODE, "no unfinished sweep runs it")


def _over(root: Path, quota: int, found: Sequence[Garbage], needed: Needs) -> tuple[list[Garbage], list[str]]:
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
        more = _garbage(path, path.parent.name, "no record needs them, no unfinished sweep wants them")
        over += more
        size -= sum(one.bytes - inside[path] for one in more)
    notes = [f"{silent} entries don't say what they were made from ({FACTS}), and are kept"] if silent else []
    if size > quota:
        held = "are needed by records, wanted by unfinished sweeps or in use"
        notes.append(f"{size_text(size)} {held}: the store can't be brought down to {size_text(quota)}")
    return over, notes


def text(found: Found, outcome: tuple[int, Sequence[str]] | None) -> str:
    """What is told: a table by kind, and what `remove` gave; None where nothing was removed (a dry run)."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for one in found.garbage:
        kinds.setdefault((one.kind, one.why), []).append(one.bytes)
    rows = [(kind, len(sizes), size_text(sum(sizes)), why) for (kind, why), sizes in kinds.items()]
    total = sum(one.bytes for one in found.garbage)
    rows.append(("total", len(found.garbage), size_text(total), ""))
    lines = [f"{kind:<22}{number:>7}{size:>11}   {why}".rstrip() for kind, number, size, why in rows]
    freed, refused = outcome or (0, ())
    last = f"{size_text(freed)} freed" if outcome is not None else "nothing was removed"
    return page([*lines, *_some(found.notes), *_some([f"kept: {reason}" for reason in refused]), last])


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"and {more} more like this"] if more > 0 else list(lines)
