"""The picture grid of a sweep: which rows it has, what they are called, and what it leaves out."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.store.entries import Store, read_npz
from harness.store.sealed import Damaged

CONDITIONS = 8  # rows between what went in and what should come out
COLUMNS = 8  # pictures of each row
RULE = "the first of each method, then the others in their order"
SEEDS = ("seed", "sampling_seed")
_HIDDEN = ("method", "results_dir")

Row = Mapping[str, Any]


def draw(rows: Sequence[Row], store: Store, path: Path) -> str | None:
    """Write the grid of the points ``rows`` (of points.json, all done): degraded, what each made of it, clean.

    Those on the first one's inputs are shown. Gives in words what it leaves out; None, without a grid, where the
    samples were cleared away: the figures are in the records.
    """
    from reports.pictures.grid import grid, points_grid

    same = [row for row in rows if row["inputs"] == rows[0]["inputs"]]
    found = conditions(same)
    shown = chosen(found)
    try:
        inputs = read_npz(store.entry("inputs", rows[0]["inputs"]), "inputs.npz")
        pictures = {"degraded": inputs["degraded"]} if "degraded" in inputs else {}
        for label, samples in shown.items():
            pictures[label] = read_npz(store.entry("samples", samples), "samples.npz")["images"]
    except Damaged:
        return None
    pictures["clean"] = inputs["clean"]
    flat = inputs["clean"].ndim != 4
    note = left_out(rows, same, found, 0 if flat else len(inputs["clean"]))
    if flat:
        points_grid(pictures, path, note=note)
    else:
        grid(pictures, path, COLUMNS, note=note)
    return note


def conditions(rows: Sequence[Row]) -> dict[str, str]:
    """By label the key of the samples, of several seeds the first's.

    A label is the method and the words that differ among the points, without those that change nothing of it: doing
    nothing has no ``sampler.eta``.
    """
    differing = _differing(rows)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["samples"], []).append(row)
    found: dict[str, str] = {}
    for samples, alike in groups.items():
        idle = _differing(alike)
        words = [word for name, word in _words(alike[0]).items() if name in differing and name not in (*idle, *SEEDS)]
        found.setdefault(" ".join([alike[0]["method"], *words]), samples)
    return found


def chosen(found: dict[str, str]) -> dict[str, str]:
    """The conditions that are shown, at most `CONDITIONS`, by `RULE` and in their order."""
    first = {label.partition(" ")[0]: label for label in reversed(list(found))}
    order = dict.fromkeys([label for label in found if label in first.values()] + list(found))
    kept = list(order)[:CONDITIONS]
    return {label: samples for label, samples in found.items() if label in kept}


def left_out(rows: Sequence[Row], same: Sequence[Row], found: Mapping[str, str], pictures: int) -> str:
    """What the grid does not show, in one sentence; empty where it shows everything."""
    others = len({row["inputs"] for row in rows}) - 1
    parts = [f"{len(found) - CONDITIONS} of {len(found)} conditions ({RULE})"] if len(found) > CONDITIONS else []
    if {row["samples"] for row in same} - set(found.values()):
        parts.append("all seeds but the first")
    if others:
        parts.append(f"{others} other set{'s' * (others > 1)} of test items")
    if pictures > COLUMNS:
        parts.append(f"{pictures - COLUMNS} of {pictures} test pictures")
    return f"Not shown: {'; '.join(parts)}." if parts else ""


def _words(row: Row) -> dict[str, str]:
    """The words of a point by the option that they set, without those that say nothing of its pictures."""
    words = {word.lstrip("+~").partition("=")[0]: word for word in row["overrides"]}
    return {name: word for name, word in words.items() if name not in _HIDDEN and not name.startswith("hydra")}


def _differing(rows: Iterable[Row]) -> set[str]:
    """The options whose words are not the same for all points."""
    seen: dict[str, set[str]] = {}
    told = [_words(row) for row in rows]
    for words in told:
        for name, word in words.items():
            seen.setdefault(name, set()).add(word)
    return {name for name, values in seen.items() if len(values) > 1 or any(name not in words for words in told)}
