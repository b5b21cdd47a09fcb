"""The training loop, with a method that is nothing but its losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from harness.distributed.group import Alone
from harness.store.entries import Store, read_npz
from harness.store.keys import key
from harness.training.fit import Silent, TrainingJob, fit
from methods.base import Method
from methods.parts import Parts


class Turns(Method):
    """A critic in every step, a generator in every second one."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.Linear(1, 1)
        nn.init.zeros_(self.steps.weight)

    def parts(self, stage):
        return Parts({"steps": self.steps})

    def update(self, batch):
        if batch == "stop":
            raise KeyboardInterrupt
        with torch.no_grad():
            self.steps.weight += 1
        done = self.steps.weight.item()
        return {"critic": done} | ({"generator": -done} if done % 2 == 0 else {})

    def sample(self, observation, sampler, noise):
        return self.steps.weight.expand(observation.count, 1)


def job(seconds: float, stop: int) -> TrainingJob:
    batch = lambda step: "stop" if step == stop else None  # noqa: E731
    return TrainingJob("model", 5, seconds, 0, batch, Alone(torch.device("cpu")))


def test_steps_may_have_different_losses_also_across_a_resume(tmp_path):
    told, facts = [], {"stage": "model"}
    entry = Store(tmp_path).entry("trainings", key("trainings", facts))
    entry.begin(facts)
    with pytest.raises(KeyboardInterrupt):
        fit(Turns(), job(0.0, 3), entry, Silent())
    fit(Turns(), job(60.0, 9), entry, Silent(), lambda step, losses: told.append((step, losses)))
    assert told[:3] == [(1, {"critic": 1.0}), (2, {"critic": 2.0, "generator": -2.0}), (3, {"critic": 3.0})]
    assert entry.facts()["threads"] == torch.get_num_threads()
    curve = read_npz(entry, "curve.npz")
    np.testing.assert_array_equal(curve["curve.critic"], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(curve["curve.generator"], [np.nan, -2, np.nan, -4, np.nan])
