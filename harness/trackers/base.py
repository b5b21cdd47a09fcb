"""What a tracker is: a place outside the store where curves, configurations, figures and pictures are looked at."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from errors import UserError
from registry import find, register
from registry.facts import TrackerFacts

Value = str | int | float | bool
Status = Literal["finished", "failed"]


class Tracker(TrackerFacts):
    """One run at a time: `open`, then any of the others, then `close`. What a tracker has no place for it leaves out.

    A tracker raises what its library raises; `harness.trackers.track.follow` keeps that from whoever trains. Its module
    imports its library inside methods only. ``packages`` names what must be installed: the import name, and the
    option that, when it is set, makes the package unneeded (empty: always needed).
    """

    def __init__(self, folder: Path, every: int) -> None:
        """``folder`` is there when a run is opened; ``every`` how many steps lie between two points of a curve."""
        self.folder, self.every = folder, every

    def open(self, run: str, name: str, config: Mapping[str, Value]) -> None:
        """Begin the run of a key, shown as ``name`` ("trainings/rddm-model-1a2b3c4d"), which is the same whenever
        the key is: what an earlier attempt left under it is continued or superseded, never doubled."""

    def curve(self, step: int, values: Mapping[str, float]) -> None:
        """Points of curves after ``step`` steps; steps come in ascending order, after a resume from the first on."""

    def figures(self, values: Mapping[str, float]) -> None:
        """The run's final figures by name, all at once."""

    def pictures(self, tag: str, images: np.ndarray) -> None:
        """Pictures, uint8 (N, H, W, C) with C in {1, 3}."""

    def close(self, status: Status) -> None:
        """End the run; everything is on its way to the disk or the server when this returns."""


@register("tracker", "none")
class NoTracker(Tracker):
    """Tracks nothing, the default; tables and reports need no tracker."""

    idle = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1)


def check_installed(name: str, options: Mapping[str, Any]) -> None:
    """Raise `UserError` unless the packages that a tracker needs with these options are installed; imports none."""
    packages = find("tracker", name).facts.packages
    absent = [package for package, spare in packages.items() if not options.get(spare) and not _installed(package)]
    if absent:
        raise UserError(f"tracker={name}: not installed: {', '.join(absent)}; pip install -e '.[trackers]'")


def _installed(package: str) -> bool:
    """A folder of that name, such as the one that wandb itself leaves where it ran, is no package."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None


def side_by_side(images: np.ndarray) -> np.ndarray:
    """Pictures uint8 (N, H, W, C), C in {1, 3}, as one RGB picture (H, N W, 3), the first on the left."""
    count, height, width, _ = images.shape
    colours = np.broadcast_to(images, (count, height, width, 3))
    return np.ascontiguousarray(colours.transpose(1, 0, 2, 3)).reshape(height, count * width, 3)
