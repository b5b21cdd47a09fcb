"""Which pictures are shown, and that they are what was saved."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harness.store.entries import Store, read_npz, write_npz
from reports.pictures.choice import chosen, counterparts, picked, ranked
from reports.pictures.pictures import gain_of, galleries, png, residual
from tests.reports.report_fixture import INPUTS, report, results, samples_of

ROOM = 9_000_000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def gallery(root):
    return galleries(report(root), ROOM)[0]


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_worst_median_and_best_are_by_the_paired_difference():
    """By its own figures d would be the best; by its difference to the baseline it is the worst."""
    figures = pd.DataFrame({"base": [1.0, 2.0, 3.0, 9.0, 3.0], "k": [3.0, 3.0, 3.5, 5.0, 3.25]}, index=list("abcde"))
    assert ranked(figures, "k", "base", True) == {"worst": ("d", -4.0), "median": ("c", 0.5), "best": ("a", 2.0)}
    assert ranked(figures, "k", "base", False) == {"worst": ("a", 2.0), "median": ("c", 0.5), "best": ("d", -4.0)}
    assert ranked(figures, "base", "base", True)["best"] == ("d", 9.0)


def test_a_condition_goes_by_the_baseline_it_is_compared_with(root):
    block = report(root).blocks[0]
    other = block.conditions[4]
    compared = dataclasses.replace(other.scores["psnr"].comparison, baseline="k2")
    turned = dataclasses.replace(other, scores={"psnr": dataclasses.replace(other.scores["psnr"], comparison=compared)})
    block = dataclasses.replace(block, conditions=(*block.conditions[:4], turned))
    assert counterparts(block) == {"k0": "k1", "k1": "k1", "k2": "k2", "k3": "k1", "k4": "k2"}
    gain = block.images["psnr"]["k4"] - block.images["psnr"]["k2"]
    reasons = picked(block, list(block.images["psnr"].index))[1]
    assert f"worst of {turned.label} ({gain.min():+.3g} dB)".replace("-", "−", 1) in reasons[gain.idxmin()]


def test_missing_figures_are_left_out():
    figures = pd.DataFrame({"base": [1.0, np.nan], "k": [np.nan, 1.0]}, index=list("ab"))
    assert ranked(figures, "k", "base", True) == {}
    assert ranked(figures[["k"]], "k", "gone", True)["worst"] == ("b", 1.0)


def test_shown_are_the_baseline_and_each_method_and_never_the_best(root):
    block = report(root, count=40).blocks[0]
    keys = [one.key for one in chosen(block)]
    assert keys[0] == block.baseline == "k1"
    assert keys == ["k1", "k0", "k3", "k7", "k8", "k11"]
    turned = dataclasses.replace(
        block, conditions=tuple(dataclasses.replace(one, scores={}) for one in block.conditions)
    )
    assert [one.key for one in chosen(turned)] == keys


def test_reasons_name_condition_and_difference(root):
    block = report(root).blocks[0]
    metric, reasons = picked(block, [str(image) for image in block.images["psnr"].index])
    assert metric == "psnr"
    gain = block.images["psnr"]["k3"] - block.images["psnr"]["k1"]
    assert (
        f"worst of rddm sampler.eta=0.0 sampler.steps=5 ({gain.min():+.3g} dB)".replace("-", "−")
        in reasons[gain.idxmin()]
    )
    assert f"best of rddm sampler.eta=0.0 sampler.steps=5 ({gain.max():+.3g} dB)" in reasons[gain.idxmax()]


def test_without_figures_per_image_the_first_are_shown(root):
    block = dataclasses.replace(report(root).blocks[0], images={})
    assert picked(block, ["a", "b", "c", "d"]) == ("", dict.fromkeys("abc", "one of the first"))


def test_tiles_are_the_saved_pixels(root, gallery):
    clean = read_npz(Store(root).entry("inputs", INPUTS), "inputs.npz")["clean"]
    made = read_npz(Store(root).entry("samples", samples_of(3)), "samples.npz")["images"]
    place = gallery.sources.index("rddm sampler.eta=0.0 sampler.steps=5")
    assert gallery.sources[0] == "degraded" and gallery.sources[-1] == "clean" and len(gallery.sources) == 8
    for row in gallery.rows:
        number = int(row.image[-2:])
        assert (pixels(row.tiles[-1].picture) == clean[number]).all() and row.tiles[-1].residual == b""
        assert (pixels(row.tiles[place].picture) == made[number]).all()
        left = np.abs(made[number].astype(int) - clean[number].astype(int)).sum(-1) * gallery.gain / 3
        assert np.abs(pixels(row.tiles[place].residual) - np.minimum(255, left)).max() <= 0.5


def test_figures_stand_at_their_own_picture(root, gallery):
    table = report(root).blocks[0].images["psnr"]
    place = gallery.sources.index("identity")
    for row in gallery.rows:
        assert row.tiles[place].figure == table.loc[row.image, "k0"]
        assert np.isnan(row.tiles[-1].figure)


def test_the_gain_keeps_the_typical_residual_below_white():
    dark = np.zeros((8, 8, 3), np.uint8)
    assert gain_of([(dark + 15, dark)]) == 16
    assert gain_of([(dark + 16, dark)]) == 8
    assert gain_of([(dark + 15, dark), (dark + 15, dark), (dark + 255, dark)]) == 16
    assert gain_of([]) == 16


def test_a_residual_has_no_sign_and_averages_the_channels():
    grey = np.full((2, 2, 3), 100, np.uint8)
    other = grey + np.array([30, 0, 0], np.uint8)
    assert (pixels(residual(other, grey, 4, 64)) == 40).all()
    assert residual(other, grey, 4, 64) == residual(grey, other, 4, 64)
    assert (pixels(residual(grey, grey * 0, 16, 64)) == 255).all()
    assert residual(grey, np.zeros((4, 4, 3), np.uint8), 1, 64) == b""


def test_large_pictures_are_averaged_down_and_grey_ones_stay_grey():
    board = np.zeros((64, 32, 1), np.uint8)
    board[::2] = 200
    small = pixels(png(board, 16))
    assert small.shape == (16, 8) and (small == 100).all()
    assert pixels(png(board, 64)).shape == (64, 32)


def test_the_budget_holds_and_what_is_left_out_is_told(root, gallery):
    room = gallery.size // 2
    small = galleries(report(root), room)[0]
    assert 0 < len(small.rows) < len(gallery.rows) and small.size <= room
    assert f"{len(small.rows)} of {len(gallery.rows)} chosen pictures are shown" in " ".join(small.notes)
    assert galleries(report(root), 10)[0].rows == ()
    two = galleries(report(root, blocks=2), room)
    assert sum(one.size for one in two) <= room


def test_conditions_left_out_and_samples_that_are_gone_are_told(tmp_path):
    made = report(results(tmp_path))
    assert any(note.startswith("6 of 8 conditions are shown: the baseline,") for note in galleries(made, ROOM)[0].notes)
    Store(tmp_path).entry("samples", samples_of(3)).discard()
    found = galleries(made, ROOM)[0]
    assert "No samples are left of rddm sampler.eta=0.0 sampler.steps=5." in found.notes and len(found.sources) == 7
    Store(tmp_path).entry("inputs", INPUTS).discard()
    assert galleries(made, ROOM) == [None]


def test_no_records_at_all_is_no_gallery(tmp_path):
    assert galleries(report(tmp_path), ROOM) == [None]


def test_points_are_one_picture(tmp_path):
    results(tmp_path)
    draws = np.random.default_rng(0)
    for level, key, file, names in (
        ("inputs", INPUTS, "inputs.npz", ["clean"]),
        *(("samples", samples_of(k), "samples.npz", ["images"]) for k in range(8)),
    ):
        entry = Store(tmp_path).entry(level, key)
        facts = entry.depends()
        entry.discard()
        entry = Store(tmp_path).entry(level, key)
        entry.begin(facts)
        arrays = {name: draws.normal(size=(50, 2)).astype(np.float32) for name in names}
        extra = {"ids": np.array([f"{k}" for k in range(50)])} if level == "inputs" else {}
        write_npz(entry, file, **arrays, **extra)
        entry.finish({})
    found = galleries(report(tmp_path), ROOM)[0]
    assert found.rows == () and pixels(found.points).ndim == 3 and found.sources[-1] == "clean"
