"""What work will cost, about, going by like work that lies in the store: unknown before a first one is done."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median_high
from typing import Any

from harness.store.entries import Entry, Store
from harness.store.keys import canonical
from harness.store.sealed import Damaged
from registry import group_of
from sweeps.graph import WorkItem

NEWEST = 300  # entries of a level that are looked at
GROUPS = ("network", "dataset", "task", "precision")
KeyFacts = Mapping[str, Any]


class History:
    """Seconds per step of trainings and per picture of samplings, by how alike they are."""

    def __init__(self, root: Path) -> None:
        self.store, self.rates = Store(root), dict[str, list[float]]()
        for facts, done in _newest(root / "trainings"):
            self._add(_training(facts), done.get("train_seconds", 0.0) / max(done.get("steps", 0), 1))
        for facts, done in _newest(root / "samples"):
            likes = _sampling(facts, self._networks(facts))
            self._add(likes, done.get("cost", {}).get("seconds_per_image", 0.0))

    def seconds(self, task: WorkItem) -> float | None:
        """About how long a task takes; None where nothing like it has been done."""
        if task.kind == "scoring":
            return 0.0
        if task.kind == "training":
            facts: KeyFacts = next(stage.facts for stage in task.plan.stages if stage.key == task.key)
            likes, number = _training(facts), facts["train"]["options"]["steps"]
        else:
            networks = _of(task.plan.stages[-1].facts, ("network",)) if task.plan.stages else {}
            likes, number = _sampling(task.plan.samples.facts, networks), task.plan.inputs.facts["images"]
        known = next((self.rates[like] for like in likes if like in self.rates), None)  # of the most alike
        return median_high(known) * int(number) if known else None

    def _add(self, likes: list[str], rate: float) -> None:
        for like in likes:
            self.rates.setdefault(like, []).append(rate)

    def _networks(self, facts: KeyFacts) -> dict[str, Any]:
        """The networks of the last training that samples with these facts were drawn from."""
        for last in list(facts.get("trainings", {}).values())[-1:]:
            with suppress(Damaged):
                return _of(self.store.entry("trainings", last).depends(), ("network",))
        return {}


def _training(facts: KeyFacts) -> list[str]:
    """From the most to the least alike: the same but for seed and rates, the same method and network, the method."""
    same, networks, size = _of(facts, GROUPS), _of(facts, ("network",)), facts["train"]["options"].get("batch_size")
    stage, method = facts["stage"], facts["method"]
    likes = ([method, same, size], [method["class"], networks, size], [method["class"]])
    return [canonical(["training", stage, *like]) for like in likes]


def _of(facts: KeyFacts, groups: Sequence[str]) -> dict[str, Any]:
    """The facts of some groups, by slot."""
    return {name: value for name, value in facts.items() if group_of(name) in groups}


def _sampling(facts: KeyFacts, networks: Any) -> list[str]:
    method = facts["method"]["class"]
    sampling = {name: value for name, value in facts["sampling"].items() if name != "sampling_seed"}
    return [canonical(["sampling", method, *like]) for like in ([sampling, networks], [networks], [])]


def _newest(level: Path) -> Iterator[tuple[KeyFacts, KeyFacts]]:
    """The facts of what entries depend on, and of what came out, of the newest ones."""
    done = [path for path in level.glob("*/DONE") if not path.parent.name.startswith(".")]
    with suppress(OSError):  # what is discarded meanwhile is no help
        done.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in done[:NEWEST]:
        with suppress(Damaged):
            entry = Entry(path.parent)
            yield entry.depends(), entry.facts()


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
