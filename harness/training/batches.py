"""Training batches and test inputs: the same pictures, crops and degradations for every method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datasets.base import Item
from datasets.tasks.basic import Measurement
from errors import UserError
from harness.config.run_config import RunConfig
from harness.planning.dependencies import source_of
from harness.planning.plan import Plan
from harness.seeding import derive, numpy_rng
from methods.observation import Batch, Observation
from registry import create


def to_tensor(items: np.ndarray, device: torch.device) -> Tensor:
    """uint8 pictures (N, H, W, C) as float32 (N, C, H, W), x = 2 v / 255 - 1 in [-1, 1]; points (N, D) unchanged."""
    values = torch.from_numpy(np.ascontiguousarray(items)).to(device)
    return values.permute(0, 3, 1, 2).float() / 127.5 - 1 if items.dtype == np.uint8 else values.float()


class Data:
    """A data set and a task put together: what is trained on and what is tested on."""

    def __init__(self, plan: Plan) -> None:
        config = plan.config
        self.name = config.name("dataset")
        self.seed, self.data_seed = config.values["seed"], config.values["data_seed"]
        self.count = config.values["images"]
        self.source = source_of(config)
        self.task: Any = create("task", config.name("task"), config.options("task"))

    def batch(self, step: int, size: int, device: torch.device, rank: int = 0, ranks: int = 1) -> Batch:
        """The batch of a training step, a function of (seed, step) alone: a resumed training sees what it would have.

        Crops depend on (seed, data set, "crop", step, slot), degradations on (..., "degrade", ...), so that two tasks
        or two methods train on the same crops. Of the ``size`` slots a rank draws the rank-th of ``ranks`` equal parts.
        """
        share = size // ranks
        first, items = rank * share, []
        for slot in range(first, first + share):
            item = self.source.draw(numpy_rng(self.seed, self.name, "crop", step, slot))
            items.append(self.task.pair(item, numpy_rng(self.seed, self.name, "degrade", step, slot)))
        generator = torch.Generator().manual_seed(derive(self.seed, "train", step))
        arrays = _stacked(items)
        visible = observation(arrays, slice(None), device, self.task.measurement())
        return Batch(to_tensor(arrays["clean"], device), visible, generator, size, first)

    def tests(self) -> dict[str, np.ndarray]:
        """The test pictures: ``ids`` (N,), ``sources`` (N,), the photographs they were cut from, ``clean`` and, for
        restoration, ``degraded``, as uint8 (N, H, W, C), and ``mask``, uint8 (N, H, W), where a region is marked.

        The degradation of a picture depends on (data seed, data set, picture, "degrade") and on nothing else.
        """
        items = [
            self.task.pair(item, numpy_rng(self.data_seed, self.name, item.id, "degrade"))
            for item in self.source.test(self.count)
        ]
        names = {"ids": [item.id for item in items], "sources": [item.source or item.id for item in items]}
        return {name: np.array(values) for name, values in names.items()} | _stacked(items)

    def draws(self, count: int) -> np.ndarray:
        """Real training items, (count, ...): draw k depends on (data seed, data set, "real", k)."""
        return np.stack([self.source.draw(numpy_rng(self.data_seed, self.name, "real", k)).clean for k in range(count)])

    def spare(self, count: int) -> np.ndarray:
        """The clean ones of the ``count`` test items after a run's first ``count``; none where there are no more."""
        try:
            return np.stack([item.clean for item in self.source.test(2 * count)[count:]])
        except UserError:
            return self.source.test(1)[0].clean[None][:0]


def measurement_of(config: RunConfig) -> Measurement | None:
    """How the task of a point measures, where it is linear."""
    measurement: Measurement | None = create("task", config.name("task"), config.options("task")).measurement()
    return measurement


def observation(
    arrays: Mapping[str, np.ndarray],
    rows: slice | np.ndarray,
    device: torch.device,
    measurement: Measurement | None = None,
) -> Observation:
    """What a method may look at of some rows of the inputs, with the operator that ``measurement`` names."""
    degraded = to_tensor(arrays["degraded"][rows], device) if "degraded" in arrays else None
    mask = torch.from_numpy(arrays["mask"][rows]).to(device).float()[:, None] / 255 if "mask" in arrays else None
    plain = Observation(len(arrays["clean"][rows]), degraded, mask)
    if measurement is None:
        return plain
    items = [getattr(plain, part) for part in measurement.per_item]
    operator = create("operator", measurement.operator, {}, *measurement.arguments, *items)
    return replace(plain, operator=operator, noise_std=measurement.noise_std)


def _stacked(items: list[Item]) -> dict[str, np.ndarray]:
    """The parts that the items have, each as one array."""
    parts = {name: [getattr(item, name) for item in items] for name in ("clean", "degraded", "mask")}
    return {name: np.stack(arrays) for name, arrays in parts.items() if arrays[0] is not None}
