"""Slots: what a stage reads enters its key and those downstream, and a method is handed what its stages read."""

from __future__ import annotations

import pytest
import torch

from errors import UserError
from harness.config.commandline import read
from harness.planning.plan import Plan, plan
from harness.store.entries import Store
from harness.training.build import built, method_of
from harness.training.train import train_in
from reports.records.columns import varying
from reports.records.points import PlannedRun
from reports.records.scan import scan
from sweeps import engine
from tests.catalog_for_tests import extend, point_of

CPU = torch.device("cpu")
RELAY = ("method=relay", "task=denoise", "scale=smoke", "dataset.size=16", "images=2", "metrics=[psnr]")
ALL = {"codec", "restorer", "prior", "control"}
MINE = """
import torch
from torch import nn

from methods.base import Method, MethodContext
from methods.parts import Parts
from methods.training import Learner
from registry import register


@register("method", "owner")
class Owner(Method):
    slots = {"first.network": "unet", "second.network": "unet", "second.train": None, "second.schedule": "linear"}
    defaults = {"first.network.dim_mults": [1], "second.network.dim_mults": [1], "second.schedule.T": 7}
    samples_read = ()
    stages = {
        "first": {"reads": ["dataset", "first.network"]},
        "second": {"reads": ["dataset", "second.network", "second.train", "second.schedule"], "after": ["first"]},
    }

    def __init__(self, context: MethodContext):
        super().__init__()
        self.context = context
        self.nets = nn.ModuleDict({name: context.networks[f"{name}.network"](3, 3) for name in ("first", "second")})

    def begin(self, stage):
        own = {"first": lambda: self.context.optimizer, "second": lambda: self.context.optimizers["second.train"]}
        self.stage, self.learner = stage, Learner(self.nets[stage].parameters(), own[stage]())

    def parts(self, stage):
        return Parts({"net": self.nets[stage]}, {"net": self.learner} if hasattr(self, "learner") else {})

    def update(self, batch):
        loss = (self.nets[self.stage](batch.clean, torch.zeros(len(batch.clean))) - batch.clean).square().mean()
        self.learner.step(loss)
        return {"loss": float(loss.detach())}

    def sample(self, observation, sampler, noise): ...


@register("method", "guest")
class Guest(Owner):
    slots = {"second.network": "unet", "second.train": None, "second.schedule": "linear"}
    stages = {"first": {"of": "owner"}, "second": {"reads": ["dataset", "second.network", "second.train",
              "second.schedule"], "after": ["first"]}}


@register("method", "alone")
class Alone(Owner):
    slots = {}
    defaults = {}
    stages = {"first": {"of": "owner"}}
"""


@pytest.fixture(autouse=True)
def _extended(monkeypatch):
    extend(monkeypatch, MINE)


def keys(made: Plan) -> dict[str, str]:
    return {stage.name: stage.key for stage in made.stages}


def planned(*words: str) -> Plan:
    return plan(read([*RELAY, *words]).points[0])


@pytest.mark.parametrize(
    ("words", "moved"),
    [
        (["restorer.train.steps=9"], {"restorer", "control"}),
        (["restorer.train.checkpoint_seconds=9"], set()),
        (["restorer.network=mlp"], {"restorer", "control"}),
        (["restorer.network.dim=16"], {"restorer", "control"}),
        (["control.schedule=cosine"], {"control"}),
        (["control.schedule.T=10"], {"control"}),
        (["network.dim=16"], set()),
        (["schedule=cosine"], set()),
        (["train.steps=9"], ALL),
        (["method.width=5"], {"codec", "restorer", "control"}),
        (["task.sigma=9"], {"codec", "restorer", "control"}),
    ],
)
def test_an_option_moves_the_stages_that_read_its_slot_and_those_after_them(words, moved):
    before, after = keys(planned()), keys(planned(*words))
    assert {name for name in before if before[name] != after[name]} == moved


def test_a_recipe_that_is_not_set_follows_train_option_by_option():
    together = planned("train.steps=9", "train.lr=0.01").config.values
    assert together["restorer.train"] == {**together["train"], "warmup": 5}, "warmup is what the method brings"
    apart = planned("restorer.train.steps=9", "train.lr=0.01").config.values
    assert apart["restorer.train"] == {**apart["train"], "steps": 9, "warmup": 5} != apart["train"]
    first, last = planned("train.steps=5", "restorer.train.steps=8"), planned("restorer.train.steps=8", "train.steps=5")
    assert keys(first) == keys(last) and first.config.values["restorer.train"]["steps"] == 8
    restorer = keys(planned("restorer.train.steps=8"))
    assert restorer["restorer"] != keys(first)["restorer"], "the codec below it was trained for five steps"


def test_a_sweep_over_a_slot_trains_what_reads_it_again_and_nothing_else(tmp_path):
    points = read(["-m", *RELAY, "restorer.train.steps=3,4", "train.steps=2", f"results_dir={tmp_path}"]).points
    store, found = Store(tmp_path), []
    for point in points:
        assert engine.run([plan(point)], store) == []
        found.append({path.parent.name for path in tmp_path.glob("trainings/*/DONE")})
    one, two = map(keys, map(plan, points))
    assert found[0] == set(one.values()) and found[1] - found[0] == {two["restorer"], two["control"]}
    steps = [store.entry("trainings", made[name]).facts()["steps"] for made in (one, two) for name in sorted(ALL)]
    assert steps == [2, 2, 2, 3, 2, 2, 2, 4]
    heads = scan(tmp_path).heads
    assert varying(heads) == ["restorer.train.steps"] and set(heads["restorer.train.steps"]) == {3, 4}
    assert set(heads["restorer.network.name"]) == {"unet"} and set(heads["control.schedule.name"]) == {"linear"}


def test_a_record_has_the_columns_of_the_slots_that_its_method_depends_on():
    relay = {name for name in planned().columns if name.count(".") == 2}
    assert {"restorer.train.steps", "restorer.network.dim", "restorer.network.name", "control.schedule.T"} <= relay
    assert "restorer.train.checkpoint_seconds" not in relay and "network.name" not in planned().columns
    assert not [name for name in plan(point_of("chain", "task=denoise")).columns if name.count(".") == 2]


def test_a_stage_for_generation_is_the_same_for_every_task_and_built_for_its_own():
    restored, inpainted, generated = (planned(f"task={task}") for task in ("denoise", "inpaint", "generate"))
    assert {made.stages[2].key for made in (restored, inpainted, generated)} == {restored.stages[2].key}
    assert restored.stages[2].facts["setting"] == {"kind": "generation", "shape": [3, 16, 16], "masked": False}
    assert len({made.stages[0].key for made in (restored, inpainted, generated)}) == 3
    kinds = [built(inpainted.config, "relay", {}, (3, 16, 16), CPU, name).context for name in ("prior", "restorer")]
    assert [(one.kind, one.masked) for one in kinds] == [("generation", False), ("restoration", True)]


def test_networks_of_different_slots_begin_independently():
    left = []
    for words in ([], ["first.network.dim=16"], ["second.network.dim=16"]):
        model = method_of(point_of("owner", *words), (3, 16, 16), CPU)
        left.append([model.nets[name].init_conv.weight for name in ("first", "second")])
    assert not torch.equal(*left[0])
    assert torch.equal(left[0][1], left[1][1]) and torch.equal(left[0][0], left[2][0])


@pytest.mark.parametrize(
    ("use", "slot"),
    [
        (lambda model: model.context.networks["second.network"](3, 3), "second.network"),
        (lambda model: model.nets["second"](torch.zeros(1, 3, 16, 16), torch.zeros(1)), "second.network"),
        (lambda model: model.context.schedules["second.schedule"].T, "second.schedule"),
        (lambda model: model.context.optimizers["second.train"].lr, "second.train"),
    ],
)
def test_a_slot_that_only_another_stage_reads_refuses_to_be_used_in_training(use, slot):
    point = point_of("owner")
    with pytest.raises(UserError, match=f"^method=owner: the training of stage first uses {slot}, which its reads"):
        use(built(point, "owner", {}, (3, 16, 16), CPU, "first"))
    use(built(point, "owner", {}, (3, 16, 16), CPU, "second"))
    use(method_of(point, (3, 16, 16), CPU))


def test_a_plain_recipe_that_a_stage_with_its_own_does_not_read_refuses_to_be_used():
    source = MINE.replace('optimizers["second.train"]', "optimizer").replace('"after": ["first"]', '"after": []')
    with pytest.MonkeyPatch.context() as patched:
        extend(patched, source)
        model = built(point_of("owner"), "owner", {}, (3, 16, 16), CPU, "second")
        with pytest.raises(UserError, match="^method=owner: the training of stage second uses train, which its reads"):
            model.begin("second")


def test_what_is_no_slot_of_a_method_is_named():
    model = method_of(point_of("owner"), (3, 16, 16), CPU)
    for declared in (model.context.networks, model.context.schedules, model.context.components):
        with pytest.raises(UserError, match="^method=owner uses third.network, which is none of its slots"):
            declared["third.network"]


def test_a_stage_of_another_method_brings_the_slots_that_it_reads():
    shared = plan(point_of("guest", "first.network.dim=16"))
    assert shared.stages[0].key == plan(point_of("owner", "first.network.dim=16")).stages[0].key
    assert shared.stages[0].key != plan(point_of("guest")).stages[0].key
    assert shared.config.slots[-4:] == ["first.network", "second.network", "second.train", "second.schedule"]


@pytest.mark.parametrize("role", ["seed", "defaults", "hydra"])
def test_a_role_that_is_an_option_of_every_run_is_refused(role, monkeypatch):
    extend(monkeypatch, MINE.replace("first.network", f"{role}.network"))
    with pytest.raises(UserError, match=f"^a method's slot has the role {role}, which"):
        read(["seed=1"])


def test_a_component_of_a_group_of_its_own_is_handed_to_the_method(monkeypatch):
    source = MINE.replace('"second.schedule": "linear"}', '"second.schedule": "linear", "prior": "kld"}').replace(
        '"second.schedule"], "after"', '"second.schedule", "prior"], "after"'
    )
    kld = "from registry.facts import Facts\n\n\n@register('prior', 'kld')\nclass Kld(Facts):\n"
    kld += "    def __init__(self, *, weight: float = 1.0): self.weight = weight\n\n\n"
    extend(monkeypatch, source.replace('@register("method", "owner")', kld + '@register("method", "owner")'))
    (light, heavy) = (plan(point) for point in read(["-m", "method=owner", "scale=smoke", "prior.weight=1,2"]).points)
    assert light.columns["prior.weight"] == 1.0 and keys(light)["first"] == keys(heavy)["first"]
    assert keys(light)["second"] != keys(heavy)["second"]
    assert method_of(heavy.config, (3, 16, 16), CPU).context.components["prior"].weight == 2.0
    with pytest.raises(UserError, match="^prior=kdl: no such prior; did you mean kld?"):
        read(["method=owner", "prior=kdl"])


def test_doing_nothing_keeps_no_word_of_a_slot():
    words = ("task=denoise", "restorer.network=mlp", "restorer.train.steps=8", "images=3", "seed=1")
    command = PlannedRun("r", words, "run", "", True).identity
    assert command == "python run.py task=denoise images=3 method=identity"


def test_what_the_owner_of_a_stage_has_beside_it_is_as_the_owner_chooses(tmp_path):
    """The whole owner is constructed, also where the point's method has no slot for its other stages."""
    made = plan(point_of("alone", "train.steps=1"))
    assert "second.network" not in made.config.values
    entry = Store(tmp_path).entry("trainings", made.stages[0].key)
    from harness.distributed.group import ProcessGroup

    train_in(ProcessGroup(CPU), made, made.stages[0], Store(tmp_path), entry)
    assert entry.status == "done"
