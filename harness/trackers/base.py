"""What a tracker is: a place outside the store where curves, configurations, figures and pictures are looked at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from registry.facts import TrackerFacts

Value = str | int | float | bool
Status = Literal["finished", "failed"]


class Tracker(TrackerFacts, ABC):
    """One run at a time: `open`, then any of the others, then `close`.

    A tracker raises what its library raises; `harness.trackers.session` keeps that from whoever trains. Its module
    imports its library inside methods only. ``packages`` names what must be installed: the import name, and the
    option that, when it is set, makes the package unneeded (empty: always needed).
    """

    def __init__(self, folder: Path, every: int) -> None:
        """``folder`` is there when a run is opened; ``every`` how many steps lie between two points of a curve."""
        self.folder, self.every = folder, every

    @abstractmethod
    def open(self, run: str, name: str, config: Mapping[str, Value]) -> None:
        """Begin the run of a key, shown as ``name`` ("trainings/rddm-model-1a2b3c4d"), which is the same whenever
        the key is: what an earlier attempt left under it is continued or superseded, never doubled."""

    @abstractmethod
    def curve(self, step: int, values: Mapping[str, float]) -> None:
        """Points of curves after ``step`` steps; steps come in ascending order, after a resume from the first on."""

    @abstractmethod
    def figures(self, values: Mapping[str, float]) -> None:
        """The run's final figures by name, all at once."""

    @abstractmethod
    def pictures(self, tag: str, images: np.ndarray) -> None:
        """Pictures, uint8 (N, H, W, C) with C in {1, 3}."""

    @abstractmethod
    def close(self, status: Status) -> None:
        """End the run; everything is on its way to the disk or the server when this returns."""


def side_by_side(images: np.ndarray) -> np.ndarray:
    """Pictures uint8 (N, H, W, C), C in {1, 3}, as one RGB picture (H, N W, 3), the first on the left."""
    count, height, width, _ = images.shape
    colours = np.broadcast_to(images, (count, height, width, 3))
    return np.ascontiguousarray(colours.transpose(1, 0, 2, 3)).reshape(height, count * width, 3)
