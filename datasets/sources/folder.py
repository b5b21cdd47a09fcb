"""Your own pictures: a folder of clean ones, or two folders of aligned pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np

from datasets.base import digest, round_robin, shuffled
from datasets.io.listing import by_stem, list_images, natural_key
from datasets.io.reading import Cache, read_rgb, upright_size
from datasets.sources.windows import Windows
from errors import UserError
from registry import register


@register("dataset", "folder")
class Folder(Windows):
    """Pictures in ``clean``, and with ``degraded`` their degraded versions, matched by file name without suffix.

    PNG, JPEG, WebP, BMP and TIFF directly inside the folders, as 8-bit RGB (`datasets.io.reading.read_rgb`).
    ``test`` is the share of files held out, at least one, chosen by the seed and each file's name; the test
    items are disjoint windows of them on a seeded grid, taken from the files in turn. A pair is cropped and
    mirrored alike. Training items are uniform over the files. Every file's header is checked at once, its
    content when it is first used.
    """

    label = "folder"
    remedy = "raise dataset.test"
    free = ("clean", "degraded")  # the manifest tells what lies there, wherever it is

    def __init__(
        self,
        seed: int,
        clean: str = "",
        degraded: str = "",
        size: Annotated[int, "[8, 2048]"] = 64,
        test: Annotated[float, "(0, 1)"] = 0.1,
    ) -> None:
        if not clean:
            raise UserError("dataset=folder: dataset.clean=FOLDER is needed, the folder with the clean pictures")
        self.shape = (3, size, size)
        self.clean = by_stem(list_images(clean, "dataset.clean"))
        self.degraded = by_stem(list_images(degraded, "dataset.degraded")) if degraded else {}
        sizes = {stem: upright_size(path) for stem, path in self.clean.items()}
        for stem, (height, width) in sizes.items():
            if min(height, width) < size:
                raise UserError(
                    f"{self.clean[stem]}: {width}x{height} is smaller than dataset.size={size}; "
                    "lower it or remove the file"
                )
        if degraded:
            _check_pairs(self.clean, self.degraded, sizes)
        order = shuffled(self.clean, seed, "split")
        held_out = max(1, round(test * len(order)))
        if held_out >= len(order):
            raise UserError(f"dataset.clean={clean}: {len(order)} pictures leave none to train on; add some")
        self.held_out, self.training = tuple(order[:held_out]), tuple(sorted(order[held_out:]))
        self.options = (size, test)
        self.tests = round_robin([self.corners(stem, sizes[stem], seed) for stem in self.held_out])
        self._cache = Cache(read_rgb)

    def manifest(self) -> str:
        """Over the names and bytes of every file, the split, the test corners, the options, the version."""
        files = [
            part
            for group in (self.clean, self.degraded)
            for stem, path in sorted(group.items())
            for part in (stem, digest(path.read_bytes()))
        ]
        return digest("folder", self.version, self.options, self.held_out, self.tests, len(self.degraded), *files)

    def pictures(self, name: str) -> list[np.ndarray]:
        """The clean picture, and the degraded one where there are pairs."""
        return [self._cache.get(group[name]) for group in (self.clean, self.degraded) if group]


def _check_pairs(clean: dict[str, Path], degraded: dict[str, Path], sizes: dict[str, tuple[int, int]]) -> None:
    """`UserError` at the first file without its pair, or with a pair of another size."""
    lonely = [(clean | degraded)[stem] for stem in clean.keys() ^ degraded.keys()]
    if lonely:
        first = min(lonely, key=lambda path: natural_key(path.name))
        raise UserError(f"{first}: has no pair of the same name in the other folder; add it or remove this file")
    for stem, path in degraded.items():
        size = upright_size(path)
        if size != sizes[stem]:
            raise UserError(
                f"{path}: {size[1]}x{size[0]}, but its pair {clean[stem].name} is {sizes[stem][1]}x{sizes[stem][0]}; "
                "make them the same size"
            )
