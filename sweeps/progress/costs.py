"""What work will cost, about, going by like work that lies in the store: unknown before a first one is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.store.entries import Entry, Store
from harness.store.keys import canonical
from harness.store.sealed import Damaged
from registry import group_of
from sweeps.graph import WorkItem

NEWEST = 300  # entries of a level that are looked at
GROUPS = ("network", "dataset", "task", "precision")


class History:
    """Seconds per step of trainings and per picture of samplings, by how alike they are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rates: dict[str, list[float]] = {}
        for facts, done in _newest(root / "trainings"):
            rate = done.get("train_seconds", 0.0) / max(done.get("steps", 0), 1)
            self._add(_training(facts), rate)
        for facts, done in _newest(root / "samples"):
            self._add(self._sampling(facts), done.get("cost", {}).get("seconds_per_image", 0.0))

    def seconds(self, task: WorkItem) -> float | None:
        """About how long a task takes; None where nothing like it has been done."""
        if task.kind == "training":
            stage = next(stage for stage in task.plan.stages if stage.key == task.key)
            rate = self._rate(_training(stage.facts))
            return None if rate is None else rate * int(stage.facts["train"]["options"]["steps"])
        if task.kind == "sampling":
            networks = _of(task.plan.stages[-1].facts, ("network",)) if task.plan.stages else {}
            rate = self._rate(_sampling(task.plan.samples.facts, networks))
            return None if rate is None else rate * int(task.plan.inputs.facts["images"])
        return 0.0

    def _add(self, likes: list[str], rate: float) -> None:
        for like in likes:
            self.rates.setdefault(like, []).append(rate)

    def _rate(self, likes: list[str]) -> float | None:
        """The median of the most alike."""
        found = next((self.rates[like] for like in likes if like in self.rates), None)
        return sorted(found)[len(found) // 2] if found else None

    def _sampling(self, facts: Mapping[str, Any]) -> list[str]:
        last = list(facts.get("trainings", {}).values())[-1:]
        with suppress(Damaged, IndexError):
            return _sampling(facts, _of(Store(self.root).entry("trainings", last[0]).depends(), ("network",)))
        return _sampling(facts, {})


def _training(facts: Mapping[str, Any]) -> list[str]:
    """From the most to the least alike: the same but for seed and rates, the same method and network, the method."""
    size = facts["train"]["options"].get("batch_size")
    same, networks, method = _of(facts, GROUPS), _of(facts, ("network",)), facts["method"]
    return [
        canonical(["training", facts["stage"], method, same, size]),
        canonical(["training", facts["stage"], method["class"], networks, size]),
        canonical(["training", facts["stage"], method["class"]]),
    ]


def _of(facts: Mapping[str, Any], groups: Sequence[str]) -> dict[str, Any]:
    """The facts of some groups, by slot."""
    return {name: value for name, value in facts.items() if group_of(name) in groups}


def _sampling(facts: Mapping[str, Any], network: Any) -> list[str]:
    method = facts["method"]["class"]
    sampling = {name: value for name, value in facts["sampling"].items() if name != "sampling_seed"}
    return [
        canonical(["sampling", method, sampling, network]),
        canonical(["sampling", method, network]),
        canonical(["sampling", method]),
    ]


def _newest(level: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The facts of what entries depend on, and of what came out, of the newest ones."""
    done = [path for path in level.glob("*/DONE") if not path.parent.name.startswith(".")]
    with suppress(OSError):  # what is discarded meanwhile is no help
        done.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    found = []
    for path in done[:NEWEST]:
        with suppress(Damaged):
            entry = Entry(path.parent)
            found.append((entry.depends(), entry.facts()))
    return found


def about(seconds: float | None) -> str:
    """A length of time in words: "45 s", "12 min", "3 h 20 min", "5 d 2 h"; "unknown"."""
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
