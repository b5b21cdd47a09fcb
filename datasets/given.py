"""Tasks that compute nothing: generation, and pairs that the data set brings along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datasets.base import Item
from datasets.tasks import Task, shape_of
from errors import UserError
from registry import register


@register("task", "generate")
class Generate(Task):
    """Nothing is given: the method draws samples, of pictures or of points."""

    version = 1
    kind = "generation"
    name = "generate"

    def __init__(self) -> None:
        pass

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """There is no degraded picture to compute: TypeError, a mistake of the caller."""
        raise TypeError("task=generate has no degraded input")

    def pair(self, item: Item, rng: np.random.Generator) -> Item:
        """The item without a degraded picture, even where the data set brought one."""
        return replace(item, degraded=None)

    def check(self, shape: tuple[int, ...]) -> None:
        """Every shape will do."""


@register("task", "paired")
class Paired(Task):
    """The degraded pictures are the data set's own (`dataset=folder` with ``dataset.degraded``)."""

    version = 1
    kind = "restoration"
    name = "paired"

    def __init__(self) -> None:
        pass

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The degradation is not known as a formula: TypeError, a mistake of the caller."""
        raise TypeError("task=paired reads its degraded pictures")

    def pair(self, item: Item, rng: np.random.Generator) -> Item:
        """The item as it came; `UserError` where it came without a pair."""
        self.check(shape_of(item.clean))
        if item.degraded is None:
            raise UserError("task=paired: this data set has no pairs; use dataset=folder dataset.degraded=FOLDER")
        return item
