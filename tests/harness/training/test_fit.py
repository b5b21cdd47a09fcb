"""The training loop, with a method that is nothing but its losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from harness.distributed.group import ProcessGroup
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
    return TrainingJob("model", 5, seconds, 0, batch, ProcessGroup(torch.device("cpu")))


class Silences(Turns):
    """Some steps have no loss at all."""

    def update(self, batch):
        losses = super().update(batch)
        return losses if self.steps.weight.item() in (2, 5) else {}


def test_an_interrupted_training_with_gaps_ends_with_the_bits_of_one_that_ran_through(tmp_path):
    for method, names in ((Turns, {"critic", "generator"}), (Silences, {"critic", "generator"})):
        left = []
        for stop in (3, 9):
            facts = {"stage": f"{method.__name__} {stop}"}
            entry = Store(tmp_path).entry("trainings", key("trainings", facts))
            entry.begin(facts)
            torch.manual_seed(0)
            if stop < 5:
                with pytest.raises(KeyboardInterrupt):
                    fit(method(), job(0.0, stop), entry, Silent())
                torch.manual_seed(0)
            fit(method(), job(0.0, 9), entry, Silent())
            left.append((entry.read("weights.safetensors"), read_npz(entry, "curve.npz")))
        assert left[0][0] == left[1][0]
        assert {name.removeprefix("curve.") for name in left[0][1]} == names
        for name, values in left[1][1].items():
            np.testing.assert_array_equal(left[0][1][name], values)
            assert np.isnan(values).any() == (name == "curve.generator" or method is Silences) and len(values) == 5


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
