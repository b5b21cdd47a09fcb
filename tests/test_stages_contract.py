"""Every stage of every method: a resumed training has the same bits, and what it leaves behind is all that counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.planning.plan import Plan, plan
from harness.training.batches import Data
from harness.training.build import method_of
from registry import find, stages
from registry.stages import stages as stages_of
from tests.catalog_for_tests import extend, extended, point_of
from tests.contract_for_tests import CPU, TASKS, batch, begun, copied, drawn, stage_of

CATALOG = extended()
METHODS = [name for name, method in CATALOG["method"].items() if method.facts.stages or method.facts.trains_as]
STAGES = [(name, stage.name) for name in METHODS for stage in stages_of(CATALOG["method"], name)]


@pytest.fixture(autouse=True)
def _extended(monkeypatch):
    extend(monkeypatch)


def planned(name: str, *words: str) -> Plan:
    """The plan of a method in the surroundings that it brings itself."""
    return plan(point_of(name, f"task={TASKS[find('method', name).facts.kinds[0]]}", *words))


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_a_resumed_stage_goes_on_with_the_same_bits(name, stage):
    made = planned(name)
    method = begun(made, stage, {})
    for step in range(2):
        method.update(batch(made, stage, step))
    state = copied(method.parts(stage).state())
    upstream = {one: method.parts(one).weights() for one in stage_of(made, stage).after}
    again = begun(planned(name, "seed=1"), stage, upstream)
    again.parts(stage).resume(state)
    assert same(copied(again.parts(stage).state()), state)
    losses = [one.update(batch(made, stage, 2)) for one in (method, again)]
    assert losses[0] == losses[1]
    assert same(copied(again.parts(stage).state()), copied(method.parts(stage).state()))
    assert same(copied(again.parts(stage).weights()), copied(method.parts(stage).weights()))


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_all_that_a_stage_changes_is_among_its_parts(name, stage):
    """Or a resumed training would lose it."""
    made = planned(name)
    method = begun(made, stage, {})
    parts = method.parts(stage)
    modules = [*parts.networks.values(), *(average.module for average in parts.averages.values())]
    named = {value.data_ptr() for module in modules for value in module.state_dict().values()}
    before = copied(method.state_dict())
    method.update(batch(made, stage, 0))
    changed = {key: value for key, value in method.state_dict().items() if not torch.equal(value, before[key])}
    assert changed and {value.data_ptr() for value in changed.values()} <= named
    assert parts.learners, "a stage that has begun has something that learns"


@pytest.mark.parametrize("name", METHODS)
def test_the_weights_of_all_stages_make_the_same_samples(name):
    made = planned(name)
    first, left = method_of(made.config, Data(made).source.shape, CPU), {}
    for stage in stages(name):
        trainer = begun(made, stage.name, left)
        for step in range(2):
            trainer.update(batch(made, stage.name, step))
        left[stage.name] = copied(trainer.parts(stage.name).weights())
        first.parts(stage.name).load(left[stage.name])
    other = method_of(planned(name, "seed=1").config, Data(made).source.shape, CPU)
    inputs, rows = Data(made).tests(), np.arange(2)
    untrained = drawn(made, other.eval(), inputs, rows)
    for stage, weights in left.items():
        other.parts(stage).load(weights)
        assert same(copied(other.parts(stage).weights()), weights)
    samples = drawn(made, other.eval(), inputs, rows)
    assert torch.equal(samples, drawn(made, first.eval(), inputs, rows)) and not torch.equal(samples, untrained)
    assert torch.equal(samples, drawn(made, trainer.eval(), inputs, rows)), "the last stage has them all"


@pytest.mark.parametrize("name", [name for name in METHODS if CATALOG["method"][name].facts.trains_as])
def test_a_method_that_trains_as_another_does_what_that_one_does(name):
    known = find("method", name)
    mine, theirs = known.load(), find("method", known.facts.trains_as).load()
    for word in ("begin", "update", "parts", "distribute"):
        assert getattr(mine, word) is getattr(theirs, word), word
