"""Tasks that compute nothing: generation, and pairs that the data set brings along."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from datasets.base import Item
from datasets.tasks.basic import Task, shape_of
from errors import UserError
from registry import register


@register("task", "generate")
class Generate(Task):
    """Nothing is given: the method draws samples, of pictures or of points."""

    kind = "generation"
    defaults = {"metrics": ["kernel"]}
    name = "generate"

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """There is no degraded picture to compute: TypeError, a mistake of the caller."""
        raise TypeError("task=generate has no degraded input")

    def pair(self, item: Item, rng: np.random.Generator) -> Item:
        """The item without a degraded picture, even where the data set brought one."""
        return replace(item, degraded=None)

    def check(self, shape: tuple[int, ...]) -> None:
        """Every shape will do."""


class _Brought(Task):
    """The degraded picture is the data set's own."""

    remedy: ClassVar[str]

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The degradation is not known as a formula: TypeError, a mistake of the caller."""
        raise TypeError(f"task={self.name} reads its degraded pictures")

    def pair(self, item: Item, rng: np.random.Generator) -> Item:
        """The item as it came; `UserError` where it came without a second picture."""
        self.check(shape_of(item.clean))
        if item.degraded is None:
            raise UserError(f"task={self.name}: this data set has no pairs; {self.remedy}")
        return item


@register("task", "paired")
class Paired(_Brought):
    """The degraded pictures are the data set's own (`dataset=folder` with ``dataset.degraded``)."""

    name = "paired"
    remedy = "use dataset=folder dataset.degraded=FOLDER"


@register("task", "translate")
class Translate(_Brought):
    """From one domain to another: ``degraded`` is the k-th picture of the first, ``clean`` the k-th of the second.

    The two show different things (RDDM's image translation, dog to cat): ``clean`` is an example of the target
    domain and no truth of this picture, so metrics that compare with a truth do not apply.
    """

    paired = False
    name = "translate"
    remedy = "use dataset=domains dataset.source=FOLDER dataset.target=FOLDER"
