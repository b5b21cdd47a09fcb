"""What every data set is: a shape, a manifest, random training items and a fixed list of test items."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from datasets.io import crops
from errors import UserError
from registry.facts import DatasetFacts


@dataclass(frozen=True)
class Item:
    """One picture or point.

    ``id``        unique within its data set, stable between runs, fit for a file name.
    ``clean``     uint8 (H, W, C) with C in {1, 3}, or a float32 point (D,).
    ``degraded``  the same shape and type, where a data set or a task brought one.
    ``mask``      uint8 (H, W), where one marks a region: 255 inside, soft edges between.
    ``source``    the photograph or scene that it was cut out of: items of one source are alike; empty: it is alone.
    """

    id: str
    clean: np.ndarray
    degraded: np.ndarray | None = None
    mask: np.ndarray | None = None
    source: str = ""

    def mirrored(self) -> Item:
        """Left and right exchanged in all that it has; its id says so."""
        layers = {name: getattr(self, name) for name in ("clean", "degraded", "mask")}
        mirrored: dict[str, Any] = {name: crops.mirrored(layer) for name, layer in layers.items() if layer is not None}
        return replace(self, id=f"{self.id}-mirrored", **mirrored)


class Dataset(DatasetFacts, ABC):
    """A source of clean items, held-out ones apart. ``seed`` (context) moves only the split and test crops.

    ``shape`` is (C, H, W) of every item, or (D,) of every point; ``version`` enters the manifest.
    """

    shape: tuple[int, ...]

    @abstractmethod
    def manifest(self) -> str:
        """Sha256 (hex) over what is really used: the bytes, the split, the options, the version."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Item:
        """One random training item; ``rng`` is all it depends on. Never a held-out picture."""

    @abstractmethod
    def test(self, count: int) -> list[Item]:
        """The first ``count`` held-out items, always the same; `UserError` where there are fewer."""


class Listed(Dataset):
    """A data set whose items are listed: entries to train on, drawn uniformly, and entries to test on.

    ``label``    the data set, as in ``dataset=LABEL``, and ``remedy`` what to do where it has too few test items.
    ``mirrors``  whether training items are mirrored with probability 1/2, all that belongs to one alike.
    """

    label: str
    remedy: str = ""
    mirrors: bool = True
    training: Sequence[Any]
    tests: Sequence[Any]

    @abstractmethod
    def item(self, entry: Any, rng: np.random.Generator | None) -> Item:
        """The item of an entry of ``training``, which ``rng`` may cut a window out of, or, without, of ``tests``."""

    def choose(self, rng: np.random.Generator) -> Any:
        """The entry of a training item: uniformly."""
        return self.training[int(rng.integers(len(self.training)))]

    def draw(self, rng: np.random.Generator) -> Item:
        """A training item, of the entry that is chosen."""
        item = self.item(self.choose(rng), rng)
        return item.mirrored() if self.mirrors and rng.random() < 0.5 else item

    def test(self, count: int) -> list[Item]:
        """The first ``count`` test items; `UserError` where there are fewer."""
        if count > len(self.tests):
            end = f", or {self.remedy}" if self.remedy else ""
            raise UserError(
                f"dataset={self.label} has {len(self.tests)} test items, {count} were asked for: ask for fewer{end}"
            )
        return [self.item(entry, None) for entry in self.tests[:count]]


def stream(seed: int, *words: object) -> np.random.Generator:
    """The random stream that belongs to ``seed`` and these words, whatever was drawn elsewhere."""
    return np.random.default_rng(int.from_bytes(_hash([seed, *words])[:16], "little"))


def shuffled(names: Iterable[str], seed: int, purpose: str) -> list[str]:
    """The names in a random order that is each name's own: one name more leaves the others' order alone."""
    return sorted(names, key=lambda name: _hash([seed, purpose, name]))


def digest(*parts: object) -> str:
    """Sha256 (hex) of parts in their order: arrays by type, shape and content, bytes as they are, else ``repr``."""
    return _hash(parts).hex()


def _hash(parts: Iterable[object]) -> bytes:
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            encoded = [f"{part.dtype.str}{part.shape}".encode(), part.tobytes()]
        else:
            encoded = [part if isinstance(part, bytes) else repr(part).encode()]
        for data in encoded:
            total.update(len(data).to_bytes(8, "little"))  # so that ("ab", "c") is not ("a", "bc")
            total.update(data)
    return total.digest()


def round_robin(lists: Sequence[Sequence[tuple[str, int, int]]]) -> list[tuple[str, int, int]]:
    """The first of each list, then the second of each, ...: a short test set already shows every picture."""
    return [entry for row in zip_longest(*lists) for entry in row if entry is not None]
