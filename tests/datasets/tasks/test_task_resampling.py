from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve as direct

from datasets.tasks.filters import Bell, convolve, divided, resize, sharpen

X = np.random.default_rng(0).random((37, 52, 3))


@pytest.mark.parametrize("mode", ["area", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(9, 13), (37, 52), (50, 31), (74, 104), (1, 1)])
def test_resizing_is_pytorchs(mode, size):
    aligned = {} if mode == "area" else {"align_corners": False}
    x = torch.from_numpy(X).permute(2, 0, 1)[None]
    expected = torch.nn.functional.interpolate(x, size=size, mode=mode, **aligned)[0].permute(1, 2, 0).numpy()
    got = resize(X.astype(np.float32), *size, mode)
    assert got.dtype == np.float32 and got.shape == (*size, 3)
    np.testing.assert_allclose(got, expected, rtol=0, atol=3e-6)


@pytest.mark.parametrize("mode", ["area", "bilinear", "bicubic"])
def test_resizing_keeps_constants_and_the_same_size(mode):
    constant = np.full((11, 7, 1), 0.3, np.float32)
    np.testing.assert_allclose(resize(constant, 30, 3, mode), 0.3, rtol=0, atol=1e-6)
    np.testing.assert_allclose(resize(X.astype(np.float32), 37, 52, mode), X, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [3, 7, 41])
def test_filtering_through_fourier_is_the_direct_sum(size):
    kernel = np.random.default_rng(size).random((size, size))
    kernel /= kernel.sum()
    expected = np.stack([direct(X[..., c], kernel, mode="mirror") for c in range(3)], axis=-1)
    np.testing.assert_allclose(convolve(X, kernel), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(convolve(X.astype(np.float32), kernel), expected, rtol=0, atol=2e-6)


def test_filtering_pictures_smaller_than_the_kernel_keeps_the_range():
    y = convolve(X[:5, :4].astype(np.float32), Bell("gaussian", 41, (6.0, 6.0)).kernel())
    assert y.shape == (5, 4, 3) and y.min() > X.min() - 1e-6 and y.max() < X.max() + 1e-6


def test_sharpening_leaves_faint_texture_alone_and_overshoots_at_edges():
    faint = (0.5 + 0.01 * X).astype(np.float32)
    np.testing.assert_allclose(sharpen(faint), faint, rtol=0, atol=1e-6)
    edge = np.full((64, 64, 1), 0.25, np.float32)
    edge[:, 32:] = 0.75
    y = sharpen(edge)
    assert y[32, 31, 0] < 0.2 and y[32, 32, 0] > 0.8 and y.min() >= 0 and y.max() <= 1
    np.testing.assert_allclose(y + y[:, ::-1], 1.0, rtol=0, atol=1e-5)


def test_dividing_rounds_down_to_at_least_one():
    assert divided((64, 65), 12) == (5, 5) and divided((8, 8), 12) == (1, 1) and divided((10, 20), 0.8) == (12, 25)
