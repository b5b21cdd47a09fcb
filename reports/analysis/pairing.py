"""Which figures meet which: rows of figures by condition and training seed, paired seed by seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports.analysis.layout import Layout
from reports.statistics.spread import FEWEST

Rows = tuple[int, ...]  # a mean of figures each, one for every training seed


@dataclass(frozen=True)
class Pair:
    """What of two conditions meets: rows by training seed, the same seeds of both where they are "paired", all seeds
    where they have too few in common ("apart"), and none where these are too few to be compared ("refused").
    ``left_out`` trainings of either have no partner and are not used; ``trainings``
    are those of the side that has more: folds and data seeds have trainings of their own under one seed."""

    kind: Literal["paired", "apart", "refused"]
    left: Rows
    right: Rows
    left_out: int = 0
    trainings: int = 0

    @property
    def why(self) -> str:
        """Why there is no comparison; empty where there is one."""
        if self.kind != "refused":
            return ""
        counts = f"{len(self.left)} and {len(self.right)}"
        return f"no training seed in common, without which both need {FEWEST} trainings or more and have {counts}"


class Seeds:
    """By condition: its figures' rows by training seed and sampling seed; and the means of rows that are wanted.

    A row holds the figures of one (condition, seed, sampling seed), over all data seeds. A condition without a
    training has no training seeds: its rows stand against those of every seed.
    """

    def __init__(self, layout: Layout) -> None:
        self.trained = [group.trained for group in layout.groups]
        self.of: list[dict[int, dict[int, int]]] = []
        self.row = np.zeros(len(layout.heads), np.int64)  # by run
        self.count = 0
        self.recipes: dict[tuple[int, ...], int] = {}  # which rows are averaged, with the place of their mean
        self._trainings: list[set[tuple[int, str]]] = []  # by condition, with their seeds
        self._pairs: dict[tuple[int, int], Pair] = {}
        seeds, draws = (layout.heads[name].fillna(0).astype(int).tolist() for name in ("seed", "sampling_seed"))
        keys = layout.heads["training"].fillna("").tolist()
        for group in layout.groups:
            cells: dict[int, dict[int, int]] = {}
            for run in group.runs:
                self.row[run] = cells.setdefault(seeds[run], {}).setdefault(draws[run], self.count)
                self.count = max(self.count, int(self.row[run]) + 1)
            self.of.append(dict(sorted(cells.items())))
            self._trainings.append({(seeds[run], keys[run]) for run in group.runs if keys[run]})

    def mean(self, rows: Iterable[int]) -> int:
        """The place of the mean of rows."""
        return self.recipes.setdefault(tuple(rows), len(self.recipes))

    def own(self, condition: int) -> Rows:
        """A condition's means over its sampling seeds, by training seed."""
        return tuple(self.mean(cells.values()) for cells in self.of[condition].values())

    def pair(self, first: int, second: int) -> Pair:
        """`_pair`, worked out once for all metrics."""
        if (first, second) not in self._pairs:
            self._pairs[first, second] = self._pair(first, second)
        return self._pairs[first, second]

    def _pair(self, first: int, second: int) -> Pair:
        """Both conditions' means over the sampling seeds that both have, by the training seeds that both have.

        With fewer than three common training seeds all means of both stand side by side, where both have three or more
        trainings: the spread of trainings can then be told.
        """
        ours, theirs = self._shared(first, second), self._shared(second, first)
        seeds = [seed for seed in ours if seed in theirs]
        if not seeds and not self.trained[first]:  # nor the second: it would have the seeds of the first
            return Pair("paired", (self.mean(self._all(first)),), (self.mean(self._all(second)),))
        sides = self.own(first), self.own(second)
        if len(seeds) < FEWEST <= min(map(len, sides)):
            return Pair("apart", *sides)
        if not seeds:
            return Pair("refused", *sides)
        rows = [_matched(ours[seed], theirs[seed]) for seed in seeds]
        left, right = (tuple(self.mean(both[side]) for both in rows) for side in (0, 1))
        trained = [len(side) for one, side in zip((first, second), sides, strict=True) if self.trained[one]]
        trainings = [{key for seed, key in self._trainings[one] if seed in seeds} for one in (first, second)]
        return Pair("paired", left, right, sum(trained) - len(trained) * len(seeds), max(map(len, trainings)))

    def common(self, sets: Sequence[Sequence[int]]) -> list[int] | None:
        """The training seeds that all conditions of all sets have; None where no training is involved."""
        seeds = [set(self.of[one]) for conditions in sets for one in conditions if self.trained[one]]
        return sorted(set.intersection(*seeds)) if seeds else None

    def blends(self, sets: Sequence[Sequence[int]]) -> list[Rows]:
        """For each set of conditions its mean, by the `common` training seeds; over all where there is none."""
        shared: Sequence[int | None] = self.common(sets) or [None]
        return [
            tuple(self.mean([row for one in conditions for row in self._at(one, seed)]) for seed in shared)
            for conditions in sets
        ]

    def _all(self, condition: int) -> list[int]:
        return [row for cells in self.of[condition].values() for row in cells.values()]

    def _at(self, condition: int, seed: int | None) -> list[int]:
        """Rows at a training seed; all of them for None, and of a condition without a training."""
        if seed is None or not self.trained[condition]:
            return self._all(condition)
        return list(self.of[condition][seed].values())

    def _shared(self, one: int, other: int) -> Mapping[int, Mapping[int, int]]:
        """A condition's rows; without a training, they stand at every seed of one that has one."""
        if self.trained[one] or not self.trained[other]:
            return self.of[one]
        rows = self._all(one)
        every = {-1 - place: row for place, row in enumerate(rows)}  # no sampling seed of another condition
        return {seed: self.of[one].get(seed, every) if len(rows) > 1 else every for seed in self.of[other]}


def _matched(ours: Mapping[int, int], theirs: Mapping[int, int]) -> tuple[list[int], list[int]]:
    """Rows at the sampling seeds that both have, or all where there are none."""
    common = sorted(set(ours) & set(theirs))
    if not common:
        return list(ours.values()), list(theirs.values())
    return [ours[draw] for draw in common], [theirs[draw] for draw in common]
