"""Everything registered keeps its group's contract, by virtue of being registered.

Nothing here knows a method, a schedule, a network or a sampler by name; what concerns one is in tests/methods.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from errors import UserError
from harness.config.commandline import read
from harness.evaluation.sample import to_pictures
from harness.planning.plan import plan
from harness.training.batches import Data
from harness.training.build import method_of
from registry import catalog, create, find, stages
from tests.contract_for_tests import CPU, TASKS, TINY, check_method, drawn, made, trained
from tests.datasets.layouts_for_tests import COPIES, TEST_ONLY, build

METHODS = [name for name in catalog()["method"] if stages(name)]
UNTRAINED = next(name for name in catalog()["method"] if not stages(name))
OWN_PAIRS = ("paired", "translate")  # the data set brings what is degraded
RESTORING = [name for name in catalog()["task"] if name not in ("generate", *OWN_PAIRS)]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of clean pictures and one of degraded ones, for the data sets that need a user's files."""
    from PIL import Image

    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for folder in ("clean", "degraded", "prepared/train", "prepared/test"):
        (root / folder).mkdir(parents=True)
        for number in range(6):
            Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(root / folder / f"{number}.png")
    return root


def kinds_of(method: str) -> tuple[str, ...]:
    return find("method", method).facts.kinds


def words_for(dataset: str, pictures) -> list[str]:
    """What a data set needs to be told to be small enough for a test, and where a copy of it lies."""
    needs = {"folder": [f"dataset.clean={pictures}/clean", f"dataset.degraded={pictures}/degraded", "dataset.test=0.4"]}
    needs["photographs"] = [f"dataset.root={pictures}/prepared"]
    if dataset in COPIES:
        return ["scale=smoke", "train.steps=2", "images=2", *build(dataset, pictures / dataset)]
    size = ["dataset.size=16"] if "size" in catalog()["dataset"][dataset].options else []
    return ["scale=smoke", "train.steps=2", "images=2", f"dataset={dataset}", *size, *needs.get(dataset, [])]


@pytest.mark.parametrize(("method", "kind"), [(name, kind) for name in METHODS for kind in kinds_of(name)])
def test_every_method_trains_samples_and_repeats(method, kind):
    check_method(made(*TINY, f"method={method}", f"task={TASKS[kind]}"))


@pytest.mark.parametrize("method", catalog()["method"])
def test_every_method_has_a_kind_of_task_and_is_refused_for_the_other(method):
    assert kinds_of(method)
    for kind in set(TASKS) - set(kinds_of(method)):
        with pytest.raises(UserError, match=f"^task={TASKS[kind]}: method={method} is for"):
            read([f"method={method}", f"task={TASKS[kind]}"])


@pytest.mark.parametrize("method", [name for name in METHODS if "restoration" in kinds_of(name)])
def test_every_method_trains_and_samples_in_half_precision(method):
    point_plan = made(*TINY, "task=deblur", "precision=bf16", f"method={method}")
    trained_method, data, losses = trained(point_plan)
    images = drawn(point_plan, trained_method, data.tests(), np.arange(2))
    assert all(np.isfinite(value) for loss in losses for value in loss.values())
    assert images.dtype == torch.float32 and bool(images.isfinite().all())


DATA = {(3, 16, 16): (*TINY, "task=denoise"), (2,): ("scale=smoke", "dataset=toy2d", "images=4")}


def takes(network: str, shape: tuple[int, ...]) -> bool:
    """Whether a network is one of items of that shape: pictures or points."""
    try:
        created = create("network", network, {}, shape[0], shape[0])
        return created(torch.zeros(2, *shape), torch.zeros(2)).shape == (2, *shape)
    except (RuntimeError, UserError):
        return False


@pytest.mark.parametrize("network", catalog()["network"])
def test_every_network_carries_a_method(network):
    shapes = [shape for shape in DATA if takes(network, shape)]
    assert shapes
    for shape in shapes:
        check_method(made(*DATA[shape], f"network={network}"))


@pytest.mark.parametrize("schedule", catalog()["schedule"])
def test_every_schedule_carries_a_method(schedule):
    """At its defaults it fits one of them; the others refuse it in one line."""
    taken = 0
    for name in METHODS:
        point_plan = made(*TINY, f"task={TASKS[kinds_of(name)[0]]}", f"method={name}", f"schedule={schedule}")
        try:
            method, data, losses = trained(point_plan)
        except UserError as refusal:
            assert "\n" not in str(refusal)
            continue
        taken += 1
        assert all(np.isfinite(value) for loss in losses for value in loss.values())
        assert bool(drawn(point_plan, method, data.tests(), np.arange(2)).isfinite().all())
    assert taken, "none of the methods takes it"


WORDS = [
    (name, option, word)
    for name, component in catalog()["sampler"].items()
    for option, value in component.options.items()
    for word in value.choices
]


@pytest.mark.parametrize(("sampler", "option", "word"), WORDS)
def test_every_sampler_walks_at_every_word_of_its_options(sampler, option, word):
    point_plan = made(*TINY, "task=denoise", f"sampler={sampler}", f"sampler.{option}={word}")
    method, data, _ = trained(point_plan)
    assert bool(drawn(point_plan, method, data.tests(), np.arange(2)).isfinite().all())


@pytest.mark.parametrize("task", RESTORING)
def test_every_task_degrades_the_same_for_everyone(task):
    point_plan = made(*TINY, f"task={task}")
    inputs = Data(point_plan).tests()
    others = (
        f"method={METHODS[-1]}",
        f"sampler={[*catalog()['sampler']][-1]}",
        "seed=5",
        "sampling_seed=5",
        "images=2",
    )
    again = Data(made(*TINY, f"task={task}", *others)).tests()
    for name in ("ids", "clean", "degraded"):
        np.testing.assert_array_equal(again[name], inputs[name][:2])
    assert inputs["degraded"].dtype == np.uint8 and inputs["degraded"].shape == inputs["clean"].shape
    assert (inputs["degraded"] != inputs["clean"]).any()
    other = made(*TINY, f"task={task}", "data_seed=1")
    assert plan(other.config).inputs.key != point_plan.inputs.key


@pytest.mark.parametrize("dataset", [name for name in catalog()["dataset"] if name not in TEST_ONLY])
def test_every_data_set_carries_a_method(dataset, pictures):
    words = words_for(dataset, pictures)
    point_plan = made(*words)
    method, data, losses = trained(point_plan)
    inputs = data.tests()
    assert len(set(inputs["ids"])) == 2
    assert np.isfinite(losses[-1]["loss"])
    assert drawn(point_plan, method, inputs, np.arange(2)).shape == (2, *data.source.shape)
    assert len(hashlib.sha256().hexdigest()) == len(data.source.manifest())
    if "degraded" in inputs:
        assert inputs["degraded"].shape == inputs["clean"].shape


@pytest.mark.parametrize("dataset", TEST_ONLY)
def test_a_data_set_without_a_training_split_tests_and_says_so(dataset, pictures):
    point_plan = made(*words_for(dataset, pictures), f"method={UNTRAINED}", "metrics=[psnr,kernel]")
    data = Data(point_plan)
    inputs = data.tests()
    method = method_of(point_plan.config, data.source.shape, CPU)
    images = to_pictures(drawn(point_plan, method, inputs, np.arange(2)))
    np.testing.assert_array_equal(images, inputs["degraded"])
    truth = catalog()["dataset"][dataset].facts.truth
    assert set(point_plan.scores) == ({"psnr", "kernel"} if truth else set()), "nothing that needs a truth"
    with pytest.raises(UserError, match="no training split"):
        data.batch(0, 1, CPU)


def test_paired_data_reaches_the_method_as_it_is(pictures):
    point_plan = made(*words_for("folder", pictures), "task=paired")
    method, data, _ = trained(point_plan)
    inputs = data.tests()
    assert (inputs["degraded"] != inputs["clean"]).any()
    assert drawn(point_plan, method, inputs, np.arange(2)).shape == (2, 3, 16, 16)


@pytest.mark.parametrize("metric", catalog()["metrics"])
def test_every_metric_has_a_stamp_or_says_in_one_line_what_it_lacks(metric):
    """What it measures is held to its properties in tests/metrics, for every registered one."""
    facts = catalog()["metrics"][metric].facts
    try:
        measure = create("metrics", metric, {})
        stamp = measure.protocol
    except UserError as lack:
        assert "\n" not in str(lack) and any(word in str(lack) for word in ("needs", "pip install")), lack
        return
    assert f"v{measure.version}" in stamp and isinstance(measure.higher_is_better, bool)
    assert (measure.unit, measure.kind) == (facts.unit, facts.kind)
