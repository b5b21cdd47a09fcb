"""Everything registered keeps its group's contract, by virtue of being registered."""

from __future__ import annotations

import copy
import hashlib

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from errors import UserError
from harness.config.commandline import read
from harness.config.run_config import RunConfig
from harness.evaluation.sample import noise_of, sampler_of, to_pictures
from harness.planning.plan import Plan, plan
from harness.training.batches import Data, given
from harness.training.build import method_of
from registry import catalog, create, stages
from tests.datasets.layouts_for_tests import COPIES, TEST_ONLY, build

CPU = torch.device("cpu")
TINY = ("scale=smoke", "dataset.size=16", "train.steps=2", "images=4")
METHODS = [name for name in catalog()["method"] if stages(name)]
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


def words_for(dataset: str, pictures) -> list[str]:
    """What a data set needs to be told to be small enough for a test, and where a copy of it lies."""
    needs = {"folder": [f"dataset.clean={pictures}/clean", f"dataset.degraded={pictures}/degraded", "dataset.test=0.4"]}
    needs["photographs"] = [f"dataset.root={pictures}/prepared"]
    if dataset in COPIES:
        return ["scale=smoke", "train.steps=2", "images=2", *build(dataset, pictures / dataset)]
    size = ["dataset.size=16"] if "size" in catalog()["dataset"][dataset].options else []
    return ["scale=smoke", "train.steps=2", "images=2", f"dataset={dataset}", *size, *needs.get(dataset, [])]


def made(*words: str) -> Plan:
    return plan(read(words).points[0])


def trained(point_plan: Plan, steps: int = 2):
    """The method after some steps of each of its stages, its data and the losses."""
    data, losses = Data(point_plan), []
    method = method_of(point_plan.config, data.source.shape, CPU)
    for stage in point_plan.stages:
        method.begin(stage.name)
        method.train()
        losses += [method.update(data.batch(step, 2, CPU)) for step in range(steps)]
    return method.eval(), data, losses


def drawn(point_plan: Plan, method, inputs, rows, seed: int = 0) -> torch.Tensor:
    """Samples for some rows of the inputs, in that order, as one batch, in the type of the method's weights."""
    seen = given(inputs, rows, CPU).to(CPU, next(method.parameters(), torch.zeros(())).dtype)
    point = RunConfig({**point_plan.config.values, "sampling_seed": seed})
    noise = noise_of(point, [str(name) for name in inputs["ids"][rows]])
    with torch.inference_mode():
        return method.sample(seen, sampler_of(point), noise)


def check_batch_invariance(point_plan: Plan, method, inputs, rows) -> None:
    """One by one, in reverse, and together: the same images.

    float64 shows that nothing else of a batch reaches an image. In float32 the networks' own rounding depends on the
    batch and on the processor, and methods enlarge it (noise prediction divides it by 1 - a, 1/157 at the end of DDPM's
    linear schedule): the batch may change an image by a few times what float32 itself does.
    """
    images = {}
    for kind in (torch.float64, torch.float32):
        precise = copy.deepcopy(method).to(kind).eval()
        together = drawn(point_plan, precise, inputs, rows)
        images[kind] = together.double()
        rounding = float((images[kind] - images[torch.float64]).abs().max())
        alone = torch.cat([drawn(point_plan, precise, inputs, rows[k : k + 1]) for k in rows[::-1]]).flip(0)
        allowed = min(1e-9 + 4 * rounding, 1e-3)
        assert_close(alone, together, rtol=0, atol=allowed, msg="the batch or its order changed an image")


def check_method(point_plan: Plan) -> None:
    method, data, losses = trained(point_plan)
    assert all(np.isfinite(value) for loss in losses for value in loss.values())
    inputs = data.tests()
    rows = np.arange(len(inputs["ids"]))
    images = drawn(point_plan, method, inputs, rows)
    assert images.shape == (len(rows), *data.source.shape)
    assert bool(images.isfinite().all())
    assert_close(drawn(point_plan, method, inputs, rows), images, rtol=0, atol=0, msg="same seed, other bits")
    check_batch_invariance(point_plan, method, inputs, rows)
    again, _, repeated = trained(point_plan)
    assert repeated == losses
    assert_close(drawn(point_plan, again, inputs, rows), images, rtol=0, atol=0, msg="same training, other bits")
    other = made(*point_plan.config.overrides, "seed=1")
    assert trained(other)[2] != losses, "another seed, the same losses"
    assert (drawn(point_plan, method, inputs, rows, seed=1) - images).abs().max() > 1e-6, (
        "another seed, the same images"
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", ["denoise", "generate"])
def test_every_method_trains_samples_and_repeats(method, task):
    check_method(made(*TINY, f"method={method}", f"task={task}", "sampler.eta=0.5"))


@pytest.mark.parametrize("predict", ["res", "noise", "res_noise"])
@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize("time", ["index", "level"])
def test_every_variant_of_rddm_keeps_the_contract(predict, networks, time):
    words = (*TINY, "task=deblur", f"method.predict={predict}", f"method.networks={networks}", f"method.time={time}")
    if predict != "res_noise" and networks == 2:
        with pytest.raises(UserError, match="one output"):
            trained(made(*words))
    else:
        check_method(made(*words, "sampler.order=residual_first"))


MASKED = [name for name, task in catalog()["task"].items() if task.facts.masks]


@pytest.mark.parametrize("method", ["rddm", "ddim"])
@pytest.mark.parametrize("task", MASKED)
def test_a_method_may_see_the_mask(method, task):
    words = (*TINY, f"task={task}", f"method={method}", "train.lr=0.01")
    for sees, moves in (("degraded_mask", True), ("degraded", False)):
        point_plan = made(*words, f"method.sees={sees}")
        method_made, data, _ = trained(point_plan)
        inputs, rows = data.tests(), np.arange(2)
        other = {**inputs, "mask": 255 - inputs["mask"]}
        same = torch.equal(*(drawn(point_plan, method_made, arrays, rows) for arrays in (inputs, other)))
        assert same is not moves, f"{sees}: another mask"


def test_a_mask_that_is_not_there_is_told_before_training():
    with pytest.raises(UserError, match="needs masks"):
        trained(made(*TINY, "task=denoise", "method.sees=degraded_mask"))


@pytest.mark.parametrize("predict", ["noise", "clean", "velocity"])
def test_every_parameterization_of_ddpm_keeps_the_contract(predict):
    check_method(made(*TINY, "method=ddpm", "task=denoise", f"method.predict={predict}", "schedule=cosine"))


def test_bf16_trains_and_samples_near_fp32():
    images = []
    for precision in ("fp32", "bf16"):
        point_plan = made(*TINY, "task=deblur", f"precision={precision}")
        method, data, losses = trained(point_plan)
        assert np.isfinite(losses[-1]["loss"])
        images.append(drawn(point_plan, method, data.tests(), np.arange(2)))
    assert images[1].dtype == torch.float32 and bool(images[1].isfinite().all())
    assert 0 < (images[0] - images[1]).abs().mean() < 0.05


@pytest.mark.parametrize("network", catalog()["network"])
def test_every_network_carries_a_method(network):
    words = {"mlp": ("scale=smoke", "dataset=toy2d", "images=4")}.get(network, (*TINY, "task=denoise"))
    check_method(made(*words, "method=ddim", f"network={network}"))


@pytest.mark.parametrize("schedule", catalog()["schedule"])
def test_every_schedule_carries_a_method(schedule):
    predict = {"jsd": "velocity"}.get(schedule, "noise")
    scale = {"rddm": ("schedule.sum_scale=1", "method.predict=clean")}.get(schedule, (f"method.predict={predict}",))
    words = made(*TINY, "task=denoise", "method=ddim", f"schedule={schedule}", *scale)
    method, data, losses = trained(words)
    assert np.isfinite(losses[-1]["loss"])
    assert bool(drawn(words, method, data.tests(), np.arange(2)).isfinite().all())


@pytest.mark.parametrize("sampler", catalog()["sampler"])
@pytest.mark.parametrize("order", ["together", "residual_first", "noise_first"])
@pytest.mark.parametrize("spacing", ["uniform", "leading", "quadratic"])
def test_every_sampler_walks_every_way(sampler, order, spacing):
    words = (*TINY, "task=denoise", f"sampler={sampler}", f"sampler.order={order}", f"sampler.spacing={spacing}")
    point_plan = made(*words, "sampler.steps=3")
    method, data, _ = trained(point_plan)
    assert bool(drawn(point_plan, method, data.tests(), np.arange(2)).isfinite().all())


@pytest.mark.parametrize("task", RESTORING)
def test_every_task_degrades_the_same_for_everyone(task):
    point_plan = made(*TINY, f"task={task}")
    inputs = Data(point_plan).tests()
    again = Data(made(*TINY, f"task={task}", "seed=5", "method=ddim", "sampler.eta=1", "images=2")).tests()
    for name in ("ids", "clean", "degraded"):
        np.testing.assert_array_equal(again[name], inputs[name][:2])
    assert inputs["degraded"].dtype == np.uint8 and inputs["degraded"].shape == inputs["clean"].shape
    assert (inputs["degraded"] != inputs["clean"]).any()
    other = made(*TINY, f"task={task}", "data_seed=1")
    assert plan(other.config).inputs.key != point_plan.inputs.key


@pytest.mark.parametrize("task", RESTORING)
def test_identity_returns_exactly_what_was_saved_as_degraded(task):
    point_plan = made(*TINY, f"task={task}", "method=identity")
    data = Data(point_plan)
    inputs = data.tests()
    method = method_of(point_plan.config, data.source.shape, CPU)
    images = to_pictures(drawn(point_plan, method, inputs, np.arange(4)))
    np.testing.assert_array_equal(images, inputs["degraded"])


@pytest.mark.parametrize("dataset", [name for name in catalog()["dataset"] if name not in TEST_ONLY])
def test_every_data_set_carries_a_method(dataset, pictures):
    words = words_for(dataset, pictures)
    point_plan = made(*words, "method=ddim", "network.dim=8" if dataset != "toy2d" else "network.width=8")
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
    point_plan = made(*words_for(dataset, pictures), "method=identity", "metrics=[psnr,kernel]")
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


def test_generation_needs_full_noise_at_its_start():
    with pytest.raises(UserError, match="sum_scale must be 1"):
        trained(made(*TINY, "task=generate", "schedule.sum_scale=0.5"))


def test_an_invalid_pair_of_schedule_and_prediction_is_refused():
    with pytest.raises(UserError, match="zero terminal SNR"):
        trained(made(*TINY, "task=denoise", "method=ddim", "schedule=jsd"))
