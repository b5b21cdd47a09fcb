from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import find_objects, label

from datasets.base import Item
from datasets.tasks.basic import shape_of
from datasets.tasks.masking import Colorize, Inpaint
from errors import UserError

CLEAN = np.random.default_rng(0).uniform(0.6, 1.0, (64, 48, 3)).astype(np.float32)  # mid-grey nowhere


def masked(mask, seed=0, share=0.5):
    y = Inpaint(mask, share).degrade(CLEAN, np.random.default_rng(seed))
    m = np.all(y == 0.5, axis=2)
    np.testing.assert_array_equal(y, CLEAN * ~m[..., None] + np.float32(0.5) * m[..., None])
    assert y.dtype == np.float32
    return m


def test_centre_is_the_middle_half_of_each_axis_and_not_random():
    expected = np.zeros((64, 48), bool)
    expected[16:48, 12:36] = True
    np.testing.assert_array_equal(masked("center", 0), expected)
    np.testing.assert_array_equal(masked("center", 1), expected)


def test_box_is_one_rectangle_of_allowed_size_and_moves():
    seen = set()
    for seed in range(60):
        m = masked("box", seed)
        regions, n = label(m)
        rows, columns = find_objects(regions)[0]
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        assert n == 1 and m.sum() == tall * wide and 16 <= tall <= 32 and 12 <= wide <= 24
        seen.add((rows.start, columns.start, tall, wide))
    assert len(seen) > 50


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_pixels_have_the_share_within_the_binomial_error(share):
    got = np.mean([masked("pixels", seed, share).mean() for seed in range(10)])
    assert abs(got - share) < 4 * np.sqrt(share * (1 - share) / (10 * 64 * 48))


def test_inpainting_grey_pictures_and_8_bit():
    item = Item("a", np.full((8, 8, 1), 200, np.uint8))
    y = Inpaint().pair(item, np.random.default_rng(0)).degraded
    assert y.shape == (8, 8, 1) and set(np.unique(y)) == {128, 200} and (y == 128).sum() == 16


@pytest.mark.parametrize("mask", ["center", "box", "pixels"])
def test_the_mask_is_handed_over_with_the_picture(mask):
    item = Inpaint(mask).pair(Item("a", np.full((9, 7, 3), 200, np.uint8)), np.random.default_rng(0))
    assert item.mask.dtype == np.uint8 and item.mask.shape == (9, 7) and set(np.unique(item.mask)) == {0, 255}
    np.testing.assert_array_equal(item.mask == 255, (item.degraded != item.clean).all(axis=2))


def test_luma_agrees_with_pillow_and_is_grey():
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    y = Colorize().pair(Item("a", pixels), np.random.default_rng(0)).degraded
    np.testing.assert_array_equal(y[..., 0], y[..., 1])
    np.testing.assert_array_equal(y[..., 0], y[..., 2])
    pillow = np.asarray(Image.fromarray(pixels).convert("L")).astype(int)  # its own fixed-point arithmetic
    assert np.abs(y[..., 0] - pillow).max() <= 1
    exact = pixels[..., 0] * 0.299 + pixels[..., 1] * 0.587 + pixels[..., 2] * 0.114
    assert np.abs(y[..., 0] - exact).max() <= 0.5 + 1e-4


def test_colorize_leaves_grey_alone_and_refuses_one_channel():
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    np.testing.assert_array_equal(Colorize().pair(Item("a", grey), np.random.default_rng(0)).degraded, grey)
    with pytest.raises(UserError, match="^task=colorize needs colour pictures.*grey"):
        Colorize().pair(Item("a", grey[..., :1]), np.random.default_rng(0))


@pytest.mark.parametrize("task", [Inpaint(), Colorize()])
def test_points_are_refused(task):
    point = Item("a", np.zeros(2, np.float32))
    assert shape_of(point.clean) == (2,)
    with pytest.raises(UserError, match=f"^task={task.name} degrades pictures.*task=generate$"):
        task.pair(point, np.random.default_rng(0))
