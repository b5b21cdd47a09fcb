"""A stage in training may use what it and the stages upstream read, and nothing that only other stages read."""

from __future__ import annotations

import pytest
import torch

from errors import UserError
from harness.distributed.group import ProcessGroup
from harness.planning.plan import plan
from harness.store.entries import Store
from harness.training.batches import Data
from harness.training.build import built
from harness.training.train import train_in
from tests.catalog_for_tests import extend, point_of

CPU = torch.device("cpu")
WORDS = ("task=denoise", "schedule=linear")
TWO = """
import copy

from torch import nn

from methods.base import Method, MethodContext
from methods.parts import Parts
from methods.training import Learner
from registry import register


@register("method", "mine")
class Mine(Method):
    stages = {{
        "first": {{"reads": ["dataset"]}},
        "second": {{"reads": ["dataset", "network", "schedule"]}},
        "third": {{"reads": ["dataset"], "after": ["second"]}},
    }}

    def __init__(self, context: MethodContext):
        super().__init__()
        self.context, self.net = context, context.network(3, 3)
        self.average, self.T = copy.deepcopy(self.net), context.schedule.T
        self.own = nn.Conv2d(3, 3, 1)

    def used(self, stage):
        return self.net if stage == "second" else {trained}

    def begin(self, stage):
        self.stage, net = stage, self.used(stage)
        self.learner = Learner(net.parameters(), self.context.optimizer)
        {begin}

    def parts(self, stage):
        return Parts({{"net": self.used(stage)}}, {{"net": self.learner}} if hasattr(self, "learner") else {{}})

    def update(self, batch):
        x, i = batch.clean, batch.indices(1, self.T)
        loss = (self.used(self.stage)(x, *([i] if self.used(self.stage) is self.net else [])) - x).square().mean()
        {update}
        self.learner.step(loss)
        return {{"loss": float(loss.detach())}}

    def sample(self, observation, sampler, noise): ...
"""
TOUCHED = [
    ({"trained": "self.net"}, "network"),
    ({"begin": "self.context.network(3, 3)"}, "network"),
    ({"update": "self.net(x, i)"}, "network"),
    ({"update": "self.average(x, i)"}, "network"),
    ({"update": "next(part for part in self.net.modules() if isinstance(part, nn.Conv2d))(x)"}, "network"),
    ({"begin": "self.context.schedule.T"}, "schedule"),
    ({"update": "self.context.schedule.points(i, x)"}, "schedule"),
    ({"update": "copy.deepcopy(self).context.schedule.T"}, "schedule"),
]


def source(**written: str) -> str:
    return TWO.format(**({"trained": "self.own", "begin": "pass", "update": "pass"} | written))


@pytest.mark.parametrize(("written", "part"), TOUCHED)
def test_what_only_another_stage_reads_refuses_to_be_used_in_training(written, part, monkeypatch, tmp_path):
    extend(monkeypatch, source(**written))
    made, store = plan(point_of("mine", *WORDS)), Store(tmp_path)
    entry = store.entry("trainings", made.stages[0].key)
    with pytest.raises(UserError, match=f"^method=mine: the training of stage first uses {part}, which"):
        train_in(ProcessGroup(CPU), made, made.stages[0], store, entry)
    assert entry.status != "done"


@pytest.mark.parametrize("stage", ["second", "third"])
@pytest.mark.parametrize("written", [written for written, _ in TOUCHED])
def test_what_a_stage_or_one_upstream_reads_may_be_used(stage, written, monkeypatch):
    extend(monkeypatch, source(**written))
    made = plan(point_of("mine", *WORDS))
    method = built(made.config, "mine", {}, (3, 16, 16), CPU, stage)
    method.begin(stage)
    assert method.update(Data(made).batch(0, 2, CPU))["loss"] > 0


def test_a_stage_is_trained_alike_whatever_only_another_stage_reads(monkeypatch):
    extend(monkeypatch, source())
    keys, left = set(), []
    for words in (("network.dim=8", *WORDS), ("network.dim=16", "task=denoise", "schedule=rddm")):
        made = plan(point_of("mine", *words))
        method = built(made.config, "mine", {}, (3, 16, 16), CPU, "first")
        method.begin("first")
        method.update(Data(made).batch(0, 2, CPU))
        keys.add(made.stages[0].key)
        left.append(method.parts("first").weights())
    assert len(keys) == 1
    torch.testing.assert_close(*left, rtol=0, atol=0)
