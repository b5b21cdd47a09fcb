"""The photographs that `python -m datasets prepare photos` gathered."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import numpy as np

from datasets.base import digest, round_robin
from datasets.io.listing import by_stem, walk
from datasets.io.reading import Cache, read_rgb, upright_size
from datasets.sources.windows import ByArea
from errors import UserError
from registry import register


@register("dataset", "photographs")
class Photographs(ByArea):
    """Crops of high-resolution photographs out of Debian packages, each under a free licence of its own.

    ``python -m datasets prepare photos`` puts them into ``root``/train and ``root``/test, always the same ones: the
    split is by photograph and fixed, the seed moves only the grid of the test crops. Test items are disjoint windows
    of a grid, taken from the photographs in turn and not selected by content; a training item is a window of a
    photograph drawn with probability proportional to its area, mirrored half of the time. Photographs with a side
    shorter than ``size`` are not used.
    """

    label = "photographs"
    remedy = "lower dataset.size"
    free = ("root",)  # the manifest tells what lies there, wherever it is

    def __init__(
        self,
        seed: int,
        root: str = "data/photographs",
        size: Annotated[int, "[16, 1024]"] = 64,
    ) -> None:
        self.shape = (3, size, size)
        folder = Path(root).expanduser()
        self.paths: dict[str, Path] = {}
        areas, tests = {}, []
        for part in ("train", "test"):
            for name, path in _listed(folder / part, root).items():
                height, width = upright_size(path)
                if min(height, width) >= size:
                    self.paths[f"{part}/{name}"] = path
                    areas[f"{part}/{name}"] = height * width
                    if part == "test":
                        tests.append(self.corners(f"{part}/{name}", (height, width), seed))
        self.training = [name for name in self.paths if name.startswith("train/")]
        self.tests = round_robin(tests)
        if not self.training or not self.tests:
            raise UserError(
                f"dataset.size={size}: no photograph in dataset.root={root} is so large; lower dataset.size"
            )
        self.weigh([areas[name] for name in self.training])
        self._cache = Cache(lambda name: read_rgb(self.paths[name]))

    def manifest(self) -> str:
        """Over the names and bytes of every file used, the split, the test corners, the size, the version."""
        files = [part for name, path in self.paths.items() for part in (*name.split("/"), digest(path.read_bytes()))]
        tests = [(name.rpartition("/")[2], top, left) for name, top, left in self.tests]
        return digest("photographs", self.version, self.shape, tests, *files)

    def pictures(self, name: str) -> list[np.ndarray]:
        """A photograph of a part, "train/hill"."""
        return [self._cache.get(name)]


def _listed(folder: Path, root: str) -> dict[str, Path]:
    """The PNG files of a folder by name, sorted."""
    names = sorted(walk(folder, (".png",))) if folder.is_dir() else []
    if not names:
        command = f"python -m datasets prepare photos --to {shlex.quote(root)}"
        raise UserError(f"dataset=photographs: none in dataset.root={root}; run: {command}")
    return by_stem(folder / name for name in names)
