"""The photographs that `python -m datasets prepare photos` gathered."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import numpy as np

from datasets.base import Dataset, Item, check_count, digest, round_robin, stream
from datasets.io import crops
from datasets.io.cache import Cache
from datasets.io.listing import by_stem, walk
from datasets.io.reading import read_rgb, upright_size
from errors import UserError
from registry import register


@register("dataset", "photographs")
class Photographs(Dataset):
    """Crops of high-resolution photographs out of Debian packages, each under a free licence of its own.

    ``python -m datasets prepare photos`` puts them into ``root``/train and ``root``/test, always the same ones: the
    split is by photograph and fixed, the seed moves only the grid of the test crops. Test items are disjoint windows
    of a grid, taken from the photographs in turn and not selected by content; a training item is a window of a
    photograph drawn with probability proportional to its area, mirrored half of the time. Photographs with a side
    shorter than ``size`` are not used.
    """

    version = 1
    free = ("root",)  # the manifest tells what lies there, wherever it is

    def __init__(
        self,
        seed: int,
        root: str = "data/photographs",
        size: Annotated[int, "[16, 1024]"] = 64,
    ) -> None:
        self.shape = (3, size, size)
        folder = Path(root).expanduser()
        self.paths, areas, tests = {}, {}, []
        for part in ("train", "test"):
            for name, path in _found(folder / part, root).items():
                height, width = upright_size(path)
                if min(height, width) >= size:
                    self.paths[part, name] = path
                    areas[part, name] = height * width
                    corners = crops.grid(height, width, size, stream(seed, "crop", name))
                    tests.append([(name, top, left) for top, left in corners] if part == "test" else [])
        self.training = [key for key in self.paths if key[0] == "train"]
        self._tests = round_robin(tests)
        if not self.training or not self._tests:
            raise UserError(
                f"dataset.size={size}: no photograph in dataset.root={root} is so large; lower dataset.size"
            )
        weights = np.array([areas[key] for key in self.training], dtype=np.float64)
        self._edges = np.cumsum(weights) / weights.sum()
        self._cache: Cache[tuple[str, str]] = Cache(lambda key: read_rgb(self.paths[key]))

    def manifest(self) -> str:
        """Over the names and bytes of every file used, the split, the test corners, the size, the version."""
        files = [part for key, path in self.paths.items() for part in (*key, digest(path.read_bytes()))]
        return digest("photographs", self.version, self.shape, self._tests, *files)

    def draw(self, rng: np.random.Generator) -> Item:
        """A random window of a training photograph, mirrored with probability 1/2."""
        key = self.training[int(np.searchsorted(self._edges, rng.random(), side="right"))]
        top, left = crops.random_corner(self._cache.get(key), self.shape[1], rng)
        item = self._item(key, top, left)
        return Item(f"{item.id}-mirrored", crops.mirrored(item.clean)) if rng.random() < 0.5 else item

    def test(self, count: int) -> list[Item]:
        """The first ``count`` windows of the held-out photographs."""
        check_count("photographs", count, len(self._tests), "lower dataset.size")
        return [self._item(("test", name), top, left) for name, top, left in self._tests[:count]]

    def _item(self, key: tuple[str, str], top: int, left: int) -> Item:
        size = self.shape[1]
        cut = crops.window(self._cache.get(key), top, left, size)
        return Item(f"{key[1]}-y{top}-x{left}-{size}", cut, source=key[1])


def _found(folder: Path, root: str) -> dict[str, Path]:
    """The PNG files of a folder by name, sorted."""
    names = sorted(walk(folder, (".png",))) if folder.is_dir() else []
    if not names:
        command = f"python -m datasets prepare photos --to {shlex.quote(root)}"
        raise UserError(f"dataset=photographs: none in dataset.root={root}; run: {command}")
    return by_stem(folder / name for name in names)
