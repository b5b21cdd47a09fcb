"""CIFAR-10 from its binary version: bytes, no pickles."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from datasets.base import Item, Listed, digest
from datasets.papers.layouts import LocalCopy
from errors import UserError
from registry import register

_FOLDER = "cifar-10-batches-bin"
_TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = "test_batch.bin"
_RECORD = 1 + 3 * 32 * 32  # a label, then the red, the green and the blue plane
_IN_FILE = 10_000


@register("dataset", "cifar10")
class Cifar10(Listed):
    """CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 colour pictures of 32 x 32 pixels, the labels left aside.

    ::

        root/cifar-10-batches-bin/data_batch_1.bin ... data_batch_5.bin   or directly in root
        root/cifar-10-batches-bin/test_batch.bin

    This is the archive cifar-10-binary.tar.gz. The python version holds pickles, which can run code when they are
    read, and is refused. Training items are mirrored half of the time (DDPM, appendix B); nothing is resized.
    """

    defaults = {"task": "generate"}
    counts = {"images": {"paper": 10_000}}
    free = ("root", "copy")
    label = "cifar10"

    def __init__(self, seed: int, root: str = "", copy: Literal["whole", "part"] = "whole") -> None:
        del seed  # the split is the authors'
        self.shape = (3, 32, 32)
        local = LocalCopy(self.label, root, copy, "CIFAR-10, binary version (Krizhevsky 2009, cifar-10-binary.tar.gz)")
        _refuse_pickles(local.root)
        files = [local.root / local.file(f"{_FOLDER}/{name}", name) for name in (*_TRAINING, _TEST)]
        records = [read_batch(path) for path in files]
        for path, planes in zip(files, records, strict=True):
            local.check_count(len(planes), _IN_FILE, str(path))
        self.planes = {"train": np.concatenate(records[:-1]), "test": records[-1]}
        self.training, self.tests = (range(len(planes)) for planes in self.planes.values())

    def manifest(self) -> str:
        """Over the pixels of both parts and the version."""
        return digest(self.label, self.version, *self.planes.values())

    def item(self, entry: int, rng: np.random.Generator | None) -> Item:
        """The picture of that number; test pictures are in the authors' order, which is random."""
        part = "test" if rng is None else "train"
        planes = self.planes[part][entry].reshape(3, 32, 32)
        return Item(f"{part}-{entry:05d}", np.ascontiguousarray(planes.transpose(1, 2, 0)))


def read_batch(path: Path) -> np.ndarray:
    """The planes of a batch file, uint8 (N, 3072); `UserError` naming a file that is not whole records."""
    data = np.frombuffer(path.read_bytes(), np.uint8)
    if data.size == 0 or data.size % _RECORD:
        raise UserError(f"{path}: {data.size} bytes are not whole records of {_RECORD}; unpack it again")
    records = data.reshape(-1, _RECORD)
    if records[:, 0].max() > 9:
        raise UserError(f"{path}: a label of {records[:, 0].max()}, but CIFAR-10 has 0 to 9; unpack it again")
    return records[:, 1:]


def _refuse_pickles(root: Path) -> None:
    python = [place for place in (root / "cifar-10-batches-py", root / "data_batch_1") if place.exists()]
    if python and not (root / _FOLDER).is_dir() and not (root / _TRAINING[0]).is_file():
        raise UserError(
            f"{python[0]}: this is CIFAR-10's python version, made of pickles, which are not read here; "
            "unpack cifar-10-binary.tar.gz in its place"
        )
