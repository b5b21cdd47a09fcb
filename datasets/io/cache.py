"""What was decoded once is kept, until the memory that it may take is full."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

BYTES = 2**30  # per data set; what does not fit is decoded again at each use
_Key = TypeVar("_Key", bound=Hashable)


class Cache(Generic[_Key]):
    """Arrays by their key, from ``load``. Nothing is ever thrown out: items are drawn uniformly, any is as good."""

    def __init__(self, load: Callable[[_Key], np.ndarray]) -> None:
        self.load = load
        self.arrays: dict[_Key, np.ndarray] = {}
        self.left = BYTES

    def get(self, key: _Key) -> np.ndarray:
        """The array of a key, read-only; the same whether it was kept or not."""
        if key in self.arrays:
            return self.arrays[key]
        array = self.load(key)
        array.setflags(write=False)
        if array.nbytes <= self.left:
            self.left -= array.nbytes
            self.arrays[key] = array
        return array
