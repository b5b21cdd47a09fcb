"""Keys hold all that a result depends on, and nothing else, for every method and option and for chains of trainings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from errors import UserError
from harness.distributed.group import ProcessGroup
from harness.evaluation.sample import noise_of, sampler_of
from harness.planning.dependencies import content, setting
from harness.planning.plan import Plan, plan
from harness.store.entries import Store
from harness.training.build import built, method_of
from harness.training.train import train_in
from registry import Option, catalog, find, stages
from tests.catalog_for_tests import extend, point_of

CPU = torch.device("cpu")
METHODS = [*catalog()["method"], "codec", "chain"]
TRAINED = [name for name in METHODS if name != "identity"]
DRAWING = [name for name in catalog()["method"] if name != "identity"]
MINE = """
from methods.base import MethodContext
from methods.ddpm import Ddpm
from registry import register


@register("method", "mine")
class Mine(Ddpm):
    stages = {"model": {"reads": ["network", "schedule", "dataset"]}}
    sampling = ("guide", "late_threads")
    files = ("start", "guide")
    free = ("threads", "late_threads")

    def __init__(
        self, context: MethodContext, *, start: str = "", threads: int = 1, guide: str = "", late_threads: int = 1
    ):
        super().__init__(context)
"""


@pytest.fixture(autouse=True)
def _extended(monkeypatch):
    extend(monkeypatch, MINE)


def other(option: Option):
    """Another value of an option than its default."""
    value = option.at("smoke")
    if option.choices:
        return next(word for word in option.choices if word != value)
    return {"int": lambda: value + 1, "float": lambda: value / 2, "bool": lambda: not value, "str": lambda: "x"}[
        option.type
    ]()


def keys(made: Plan) -> dict[str, str]:
    return {stage.name: stage.key for stage in made.stages} | {"samples": made.samples.key}


CASES = [(name, option) for name in catalog()["method"] for option in catalog()["method"][name].options]
CASES += [("codec", "width"), ("chain", "width"), ("chain", "strength")]
CASES += [("mine", name) for name in ("start", "threads", "guide", "late_threads")]


@pytest.mark.parametrize(("name", "option"), CASES)
def test_an_option_of_a_method_moves_the_keys_of_what_depends_on_it_and_no_others(name, option):
    known = find("method", name)
    before = keys(plan(point_of(name)))
    after = keys(plan(point_of(name, **{option: other(known.options[option])})))
    reading = {stage.name for stage in stages(name) if option in stage.options}
    depend = {stage.name for stage in stages(name) if reading & {stage.name, *stage.after}} | {"samples"}
    assert depend > {"samples"} or option in known.facts.sampling
    moved = {level for level in before if before[level] != after[level]}
    assert moved == (set() if option in known.facts.free else depend)


@pytest.mark.parametrize("word", ["sampling_seed", "precision"])
@pytest.mark.parametrize("name", DRAWING)
def test_samples_depend_on_the_sampling_seed_and_the_precision(name, word):
    """Audit, row 1: with ``samples_read`` empty two sampling seeds were one run."""
    value = {"sampling_seed": 1, "precision": "bf16"}[word]
    points = [point_of(name), point_of(name, f"{word}={value}")]
    assert plan(points[0]).samples.key != plan(points[1]).samples.key
    assert plan(points[0]).samples.facts["sampling"][word] != value


def test_identity_draws_nothing_and_depends_on_no_sampling_seed():
    one, two = (plan(point_of("identity", "task=denoise", f"sampling_seed={seed}")) for seed in (0, 1))
    assert one.samples.key == two.samples.key and one.samples.facts["sampling"] == {}


def test_what_a_methods_samples_do_not_name_refuses_to_be_used():
    point = point_of("identity", "task=denoise")
    noise, sampler = noise_of(point, ["a"]), sampler_of(point)
    with pytest.raises(UserError, match="^method=identity uses sampling_seed, which neither its samples_read nor"):
        noise.normal("init", 0, (1,))
    with pytest.raises(UserError, match="^method=identity uses sampler, which"):
        sampler.sample(None, None, None, noise)


def test_a_stage_that_does_not_read_the_task_is_not_shown_what_is_given(tmp_path):
    made = plan(point_of("mine", "task=denoise", "schedule=linear"))
    entry = Store(tmp_path).entry("trainings", made.stages[0].key)
    with pytest.raises(UserError, match="^method=mine uses task, which neither its samples_read nor the reads"):
        train_in(ProcessGroup(CPU), made, made.stages[0], Store(tmp_path), entry)


@pytest.mark.parametrize("part", ["schedule", "network"])
def test_what_neither_stages_nor_samples_name_refuses_to_be_used(part):
    model = built(point_of("chain", "task=denoise"), "chain", {}, (3, 16, 16), CPU)
    with pytest.raises(UserError, match=f"^method=chain uses {part}, which neither"):
        getattr(model.context, part)(3, 3)
    assert model.context.optimizer.steps == 2, "stages train by the recipe, which every key of theirs holds"


def test_a_stage_that_does_not_read_the_task_is_keyed_by_its_kind_and_masks():
    """Audit, row 3: the kind reaches schedule and setting, whatever the stage reads."""
    found = {
        words: plan(point_of("mine", *words, "schedule=rddm", "schedule.sum_scale=1")).stages[0].key
        for words in [("task=denoise",), ("task=denoise", "task.sigma=10"), ("task=generate",), ("task=inpaint",)]
    }
    noisy, cleaner, generated, masked = found.values()
    assert noisy == cleaner and len({noisy, generated, masked}) == 3
    assert setting(point_of("mine", "task=inpaint")) == {"kind": "restoration", "shape": [3, 16, 16], "masked": True}


def test_files_among_a_methods_options_count_by_what_lies_there(tmp_path):
    """Audit, row 4: a checkpoint that was overwritten gave the cached result."""
    for name, written in (("a", b"1"), ("moved", b"1"), ("b", b"2")):
        (tmp_path / name).write_bytes(written)
    for option in ("start", "guide"):
        one, moved, changed = (
            keys(plan(point_of("mine", **{option: str(tmp_path / name)}))) for name in ("a", "moved", "b")
        )
        assert one == moved and one["samples"] != changed["samples"]
        assert (one["model"] != changed["model"]) is (option == "start")


def test_a_file_that_may_be_left_out_is_nothing_where_it_is():
    assert content(None) is None and content("") == ""


def test_a_stage_is_built_with_the_options_of_the_stages_upstream():
    """Audit, row 5: they took the class' defaults, and the upstream weights did not fit."""
    point = point_of("chain", "task=denoise", width=6, strength=0.5)
    made = plan(point)
    codec, prior, control = made.stages
    assert [stage.options for stage in made.stages] == [{"width": 6}, {}, {"width": 6, "strength": 0.5}]
    weights = built(point, codec.method, codec.options, (3, 16, 16), CPU).parts("codec").weights()
    downstream = built(point, control.method, control.options, (3, 16, 16), CPU)
    downstream.parts("codec").load(weights)
    assert torch.equal(downstream.nets["codec"][0].weight, weights["codec.0.weight"])
    assert [stage.after for stage in made.stages] == [(), (), ("codec", "prior")]


def test_stages_with_equal_keys_are_built_from_equal_things():
    """Over random points: what a stage's training can see is a function of its key."""
    rng = np.random.default_rng(0)
    axes = [("task=denoise", "task=inpaint", "task=denoise task.sigma=9"), ("network.dim=8", "network.dim=16")]
    axes += [("schedule=rddm", "schedule=linear"), ("seed=0", "seed=1")]
    words = [tuple(" ".join(line).split()) for line in itertools.product(*axes)]
    seen: dict[str, object] = {}
    met = 0
    for _ in range(150):
        name = str(rng.choice([*TRAINED, "mine"]))
        known = find("method", name).options
        chosen = {
            key: other(option)
            for key, option in known.items()
            if rng.random() < 0.4 and key not in ("sees", "networks")
        }
        point = point_of(name, *words[rng.integers(len(words))], **chosen)
        for stage in plan(point).stages:
            free = find("method", stage.method).facts.free
            options = {key: value for key, value in stage.options.items() if key not in free}
            groups = [
                point.values[group] for group in ("network", "task", "dataset", "schedule") if group in stage.facts
            ]
            built_from = (stage.method, options, setting(point), groups, point.values["seed"], point.values["train"])
            met += stage.key in seen
            assert seen.setdefault(stage.key, built_from) == built_from
    assert met > 20 and len(seen) > 50


def test_a_networks_size_moves_no_other_weights():
    """A stage that does not read the network is the same whatever network another stage has."""
    drawn = []
    for dim in (8, 16):
        model = method_of(point_of("rddm", f"network.dim={dim}", networks=2), (3, 16, 16), CPU)
        drawn.append(torch.rand(1))  # what a part that is built next begins with
    assert torch.equal(*drawn)
    one, two = model.network.backbones()
    assert not torch.equal(one.init_conv.weight, two.init_conv.weight)


def test_a_method_with_stages_and_without_parts_is_refused_before_anything_is_trained(monkeypatch):
    """Audit, row 6: it passed the contract and reported an untrained network."""
    from methods.base import Method
    from methods.diffusion import Diffusion

    monkeypatch.setattr(Diffusion, "parts", Method.parts)
    with pytest.raises(UserError, match="^method=ddim: stage model trains nothing: name its networks in Ddim.parts$"):
        method_of(point_of("ddim", "schedule=linear"), (3, 16, 16), CPU)
