"""What the data sets of the papers have in common: their options, protocol, manifest and items."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from datasets.base import Item, Listed, digest, shuffled
from datasets.io import crops
from datasets.io.crops import Preprocessing
from datasets.io.reading import Cache, read_mask, read_rgb
from datasets.papers.layouts import ItemFiles, LocalCopy
from errors import UserError

HASHED_WHOLE = 2**29  # bytes; of a larger copy, names and sizes and the content of a sample are hashed
SAMPLE = 64
Split = tuple[Sequence[ItemFiles], Sequence[ItemFiles]]  # to train on, to test on


class Copied(Listed):
    """Whole pictures from a local copy, with the authors' split, brought to one size by a protocol.

    A training item is a picture drawn uniformly and mirrored with probability 1/2, its pair and mask alike. The test
    items are the authors' in an order of their own (by the hash of each id), so that the first n are a fair sample of
    folders that are sorted by class or by scene; all of them are all of them.

    A leaf class sets ``name`` (as in ``dataset=NAME``) and ``published`` (authors, venue, the archive's name) and finds
    its items in `split`; other defaults of ``size``, ``crop`` and ``resize`` stand in its ``@register``.
    """

    name: str
    published: str
    free = ("root", "copy")  # the manifest tells what lies there, wherever it is

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box", "halving"] = "bicubic",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is the authors'
        self.open(root, copy, Preprocessing(size, crop, resize))

    @abstractmethod
    def split(self, copy: LocalCopy) -> Split:
        """The items to train on and those to test on. Raises `UserError` in one line for what is missing."""

    def open(self, root: str, extent: str, preprocessing: Preprocessing) -> None:
        """Take the items of the copy at ``root``; `UserError` where two have one id."""
        self.label = self.name
        self.copy = copy = LocalCopy(self.name, root, extent, self.published)
        self.preprocessing = preprocessing
        self.shape = (3, preprocessing.size, preprocessing.size)
        self.training, tests = self.split(copy)
        by_id: dict[str, ItemFiles] = {}
        for item in (*self.training, *tests):
            if item.id in by_id:
                raise UserError(
                    f"{copy.root / item.files()[-1]}: has the same name as {by_id[item.id].files()[-1]}; "
                    "remove one of them"
                )
            by_id[item.id] = item
        self.tests = [by_id[name] for name in shuffled((item.id for item in tests), 0, "test")]
        self._cache = Cache(self._preprocessed)

    def read(self, path: Path) -> np.ndarray:
        """One picture of the copy as uint8 (H, W, 3)."""
        return read_rgb(path)

    def manifest(self) -> str:
        """Over the version, the protocol, the split, and each file's name, size and content.

        Of a copy that is larger than `HASHED_WHOLE` bytes, the content of `SAMPLE` files only, evenly spread over it:
        hashing terabytes at each start would cost more than it tells. Where the copy lies does not enter.
        """
        items = {"train": self.training, "test": self.tests}
        names = [name for group in items.values() for item in group for name in item.files()]
        sizes = [os.stat(os.path.join(self.copy.root, name)).st_size for name in names]
        step = max(1, len(names) // SAMPLE) if sum(sizes) > HASHED_WHOLE else 1
        content = [digest((self.copy.root / name).read_bytes()) for name in names[::step]]
        split = [(part, [item.id for item in group]) for part, group in items.items()]
        return digest(self.copy.name, self.version, self.preprocessing.protocol, split, sizes, content)

    def choose(self, rng: np.random.Generator) -> ItemFiles:
        """Uniformly; `UserError` where all of it is there to test on."""
        if not self.training:
            raise UserError(
                f"dataset={self.name} has no training split: it is there to test on; "
                "to train, and for a set metric's real pictures, use another data set"
            )
        return super().choose(rng)

    def item(self, entry: ItemFiles, rng: np.random.Generator | None) -> Item:
        """The item, its window random with ``rng`` and central without."""
        top, left = self.preprocessing.corner(self._cache.get((entry.clean, "picture")), rng)
        kinds = {"clean": "picture", "degraded": "picture", "mask": "mask"}
        layers = {
            layer: crops.window(self._cache.get((name, kind)), top, left, self.preprocessing.size)
            for layer, kind in kinds.items()
            if (name := getattr(entry, layer))
        }
        return Item(entry.id, **layers, source=entry.source)

    def _preprocessed(self, key: tuple[str, str]) -> np.ndarray:
        name, kind = key
        read: Callable[[Path], np.ndarray] = {"picture": self.read, "mask": read_mask}[kind]
        path = self.copy.root / name
        return self.preprocessing.fit(read(path), str(path))


class WithoutTruth(Copied):
    """Degraded pictures in the root, of which nobody knows the clean ones: all of them are there to test on."""

    truth = False
    defaults = {"task": "paired", "metrics": ["niqe", "brisque"]}

    def split(self, copy: LocalCopy) -> Split:
        """As many of the root's pictures as ``counts`` says of the paper's scale; ``clean`` is the degraded one."""
        pictures = copy.singles("test", ".", self.counts["images"]["paper"])
        return (), [replace(item, degraded=item.clean) for item in pictures]
