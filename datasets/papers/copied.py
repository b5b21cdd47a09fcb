"""What the data sets of the papers have in common once their files are found: protocol, manifest, items."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from datasets.base import Dataset, Item, check_count, digest, shuffled
from datasets.io import crops
from datasets.io.cache import Cache
from datasets.io.frames import Frame
from datasets.io.reading import read_mask, read_rgb
from datasets.papers.layouts import Place, Shot
from errors import UserError

HASHED_WHOLE = 2**29  # bytes; of a larger copy, names and sizes and the content of a sample are hashed
SAMPLE = 64


class Copied(Dataset):
    """Whole pictures from a local copy, with the authors' split, framed by a protocol.

    A training item is a picture drawn uniformly and mirrored with probability 1/2, its pair and mask alike. The test
    items are the authors' in an order of their own (by the hash of each id), so that the first n are a fair sample of
    folders that are sorted by class or by scene; all of them are all of them.
    """

    free = ("root", "copy")  # the manifest tells what lies there, wherever it is

    def __init__(self, place: Place, frame: Frame, training: Sequence[Shot], tests: Sequence[Shot]) -> None:
        self.place, self.frame, self.training = place, frame, training
        self.shape = (3, frame.size, frame.size)
        by_id: dict[str, Shot] = {}
        for shot in (*training, *tests):
            if shot.id in by_id:
                raise UserError(
                    f"{place.root / shot.files()[-1]}: has the same name as {by_id[shot.id].files()[-1]}; "
                    "remove one of them"
                )
            by_id[shot.id] = shot
        self._tests = [by_id[name] for name in shuffled((shot.id for shot in tests), 0, "test")]
        self._cache: Cache[tuple[str, str]] = Cache(self._fitted)

    def read(self, path: Path) -> np.ndarray:
        """One picture of the copy as uint8 (H, W, 3)."""
        return read_rgb(path)

    def manifest(self) -> str:
        """Over the version, the protocol, the split, and each file's name, size and content.

        Of a copy that is larger than `HASHED_WHOLE` bytes, the content of `SAMPLE` files only, evenly spread over it:
        hashing terabytes at each start would cost more than it tells. Where the copy lies does not enter.
        """
        return self._manifest

    @functools.cached_property
    def _manifest(self) -> str:
        shots = {"train": self.training, "test": self._tests}
        names = [name for group in shots.values() for shot in group for name in shot.files()]
        sizes = [os.stat(os.path.join(self.place.root, name)).st_size for name in names]
        step = max(1, len(names) // SAMPLE) if sum(sizes) > HASHED_WHOLE else 1
        content = [digest((self.place.root / name).read_bytes()) for name in names[::step]]
        split = [(group, [shot.id for shot in found]) for group, found in shots.items()]
        return digest(self.place.name, self.version, self.frame.protocol, split, sizes, content)

    def draw(self, rng: np.random.Generator) -> Item:
        """One training picture, or a random window of it, mirrored with probability 1/2."""
        if not self.training:
            raise UserError(
                f"dataset={self.place.name} has no training split: it is there to test on; "
                "to train, and for a set metric's real pictures, use another data set"
            )
        shot = self.training[int(rng.integers(len(self.training)))]
        corner = self.frame.corner(self._cache.get((shot.clean, "picture")), rng)
        return self._item(shot, corner, rng.random() < 0.5)

    def test(self, count: int) -> list[Item]:
        """The first ``count`` of the authors' test items."""
        check_count(self.place.name, count, len(self._tests))
        corner = self.frame.corner
        return [
            self._item(shot, corner(self._cache.get((shot.clean, "picture")), None), False)
            for shot in self._tests[:count]
        ]

    def _item(self, shot: Shot, corner: tuple[int, int], mirror: bool) -> Item:
        layers = {"clean": (shot.clean, "picture"), "degraded": (shot.degraded, "picture"), "mask": (shot.mask, "mask")}
        size = self.frame.size
        cut = {layer: crops.window(self._cache.get(key), *corner, size) for layer, key in layers.items() if key[0]}
        if mirror:
            cut = {layer: crops.mirrored(image) for layer, image in cut.items()}
        name = f"{shot.id}-mirrored" if mirror else shot.id
        return Item(name, cut["clean"], cut.get("degraded"), cut.get("mask"), shot.source)

    def _fitted(self, key: tuple[str, str]) -> np.ndarray:
        name, kind = key
        read: Callable[[Path], np.ndarray] = {"picture": self.read, "mask": read_mask}[kind]
        path = self.place.root / name
        return self.frame.fit(read(path), str(path))
