"""Windows of pictures that are larger than an item: what data sets of photographs share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from datasets.base import Dataset, Item, check_count, stream
from datasets.io import crops
from datasets.io.listing import safe

Corner = tuple[str, int, int]  # of a window: the picture's name, top, left


class Windows(Dataset):
    """Square windows at the pictures' own resolution, split by picture and never by window.

    Test items are disjoint windows of a grid with a seeded offset, from the pictures in turn and not selected by
    content; a training item is any window of a picture drawn from ``training``, mirrored with probability 1/2.

    ``label``    the data set, as in ``dataset=LABEL``, and ``remedy`` what to do where it has too few test items.
    ``tests``    the corners of the test items, ``training`` the names of the other pictures.
    """

    label: str
    remedy: str
    training: Sequence[str]
    tests: Sequence[Corner]

    @abstractmethod
    def pictures(self, name: str) -> list[np.ndarray]:
        """A picture uint8 (H, W, C) by its name, and its degraded version behind it where there is one."""

    @abstractmethod
    def choose(self, rng: np.random.Generator) -> str:
        """The name of the picture of a training item."""

    def corners(self, name: str, size: tuple[int, ...], seed: int) -> list[Corner]:
        """The windows of the grid of a picture whose size is (height, width)."""
        height, width = size
        grid = crops.grid(height, width, self.shape[1], stream(seed, "crop", name.rpartition("/")[2]))
        return [(name, top, left) for top, left in grid]

    def draw(self, rng: np.random.Generator) -> Item:
        """A random window of a training picture, mirrored with probability 1/2, its pair alike."""
        name = self.choose(rng)
        item = self._item(name, *crops.random_corner(self.pictures(name)[0], self.shape[1], rng))
        return item.mirrored() if rng.random() < 0.5 else item

    def test(self, count: int) -> list[Item]:
        """The first ``count`` windows of the held-out pictures."""
        check_count(self.label, count, len(self.tests), self.remedy)
        return [self._item(*corner) for corner in self.tests[:count]]

    def _item(self, name: str, top: int, left: int) -> Item:
        size, source = self.shape[1], safe(name.rpartition("/")[2])
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
