from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import block_reduce

from datasets.io import crops


@pytest.mark.parametrize(("height", "width", "size"), [(150, 225, 64), (64, 64, 64), (100, 129, 16)])
def test_grid_windows_are_disjoint_inside_and_as_many_as_fit(height, width, size):
    covered = np.zeros((height, width), int)
    corners = crops.grid(height, width, size, np.random.default_rng(0))
    for top, left in corners:
        assert crops.window(covered, top, left, size).shape == (size, size)
        covered[top : top + size, left : left + size] += 1
    assert len(corners) == (height // size) * (width // size)
    assert covered.max() == 1 and covered.sum() == len(corners) * size**2


def test_grid_offset_and_order_are_seeded():
    grids = {tuple(crops.grid(150, 225, 64, np.random.default_rng(seed))) for seed in range(10)}
    assert len(grids) == 10
    assert crops.grid(150, 225, 64, np.random.default_rng(3)) in [list(corners) for corners in grids]


def test_grid_order_is_random_even_where_the_offset_has_no_slack():
    orders = {tuple(crops.grid(64, 64, 16, np.random.default_rng(seed))) for seed in range(10)}
    assert len(orders) == 10 and len({tuple(sorted(order)) for order in orders}) == 1


def test_random_corners_reach_every_place_and_no_further():
    rng = np.random.default_rng(0)
    image = np.zeros((10, 9, 3))
    seen = {crops.random_corner(image, 8, rng) for _ in range(200)}
    assert seen == {(top, left) for top in range(3) for left in range(2)}


def test_a_window_is_its_own_memory():
    image = np.zeros((8, 8, 1), np.uint8)
    cut = crops.window(image, 0, 0, 4)
    cut[:] = 9
    assert image.max() == 0 and cut.flags.c_contiguous


def test_mirroring_twice_changes_nothing_and_once_flips_columns():
    image = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(crops.mirrored(crops.mirrored(image)), image)
    np.testing.assert_array_equal(crops.mirrored(image)[2, 0], image[2, -1])


def test_shrink_is_the_block_mean_and_cuts_the_remainder():
    image = np.random.default_rng(0).random((13, 17, 3)).astype(np.float32)
    small = crops.shrink(image, 4)
    assert small.dtype == np.float32 and small.shape == (3, 4, 3)
    np.testing.assert_allclose(small, block_reduce(image[:12, :16], (4, 4, 1), np.mean), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(crops.shrink(image, 1), image)
