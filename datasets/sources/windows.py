"""Windows of pictures that are larger than an item: what data sets of photographs share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from datasets.base import Item, Listed, stream
from datasets.io import crops
from datasets.io.listing import safe

Corner = tuple[str, int, int]  # of a window: the picture's name, top, left


class Windows(Listed):
    """Square windows at the pictures' own resolution, split by picture and never by window.

    Test items are disjoint windows of a grid with a seeded offset, from the pictures in turn and not selected by
    content; a training item is any window of a picture drawn from ``training``, mirrored with probability 1/2.

    ``tests`` are the corners of the test items, ``training`` the names of the other pictures.
    """

    training: Sequence[str]
    tests: Sequence[Corner]

    @abstractmethod
    def pictures(self, name: str) -> list[np.ndarray]:
        """A picture uint8 (H, W, C) by its name, and its degraded version behind it where there is one."""

    def corners(self, name: str, size: tuple[int, ...], seed: int) -> list[Corner]:
        """The windows of the grid of a picture whose size is (height, width)."""
        height, width = size
        grid = crops.grid(height, width, self.shape[1], stream(seed, "crop", name.rpartition("/")[2]))
        return [(name, top, left) for top, left in grid]

    def item(self, entry: str | Corner, rng: np.random.Generator | None) -> Item:
        """A random window of the picture of that name, or the window at a corner, its pair alike."""
        size = self.shape[1]
        if isinstance(entry, str):
            assert rng is not None  # a name is an entry of ``training``
            entry = (entry, *crops.random_corner(self.pictures(entry)[0], size, rng))
        name, top, left = entry
        source = safe(name.rpartition("/")[2])
        clean, *pair = (crops.window(image, top, left, size) for image in self.pictures(name))
        return Item(f"{source}-y{top}-x{left}-{size}", clean, next(iter(pair), None), source=source)


class ByArea(Windows):
    """The picture of a training item is drawn with probability proportional to its area."""

    def weigh(self, areas: Sequence[int]) -> None:
        """Take the areas of the pictures in ``training``, in pixels."""
        self._edges = np.cumsum(areas) / np.sum(areas)

    def choose(self, rng: np.random.Generator) -> str:
        """By area."""
        return self.training[int(np.searchsorted(self._edges, rng.random(), side="right"))]
