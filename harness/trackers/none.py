"""No tracker, the default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.trackers.base import Status, Tracker, Value
from registry import register


@register("tracker", "none")
class Nothing(Tracker):
    """Tracks nothing; tables and reports need no tracker."""

    idle = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1)

    def open(self, run: str, name: str, config: Mapping[str, Value]) -> None:
        """Nothing."""

    def curve(self, step: int, values: Mapping[str, float]) -> None:
        """Nothing."""

    def figures(self, values: Mapping[str, float]) -> None:
        """Nothing."""

    def pictures(self, tag: str, images: np.ndarray) -> None:
        """Nothing."""

    def close(self, status: Status) -> None:
        """Nothing."""
