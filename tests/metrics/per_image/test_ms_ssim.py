"""MS-SSIM against its equation written out with scipy and skimage, and against torchmetrics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d
from skimage.measure import block_reduce

from errors import UserError
from metrics.per_image.ssim import SCALES, MsSsim


def pair(size: tuple[int, int] = (180, 192), level: float = 25) -> tuple[np.ndarray, np.ndarray]:
    from skimage.data import astronaut

    clean = astronaut()[: size[0], 100 : 100 + size[1]]
    noise = np.random.default_rng(0).normal(0, level, clean.shape)
    return np.rint(np.clip(clean + noise, 0, 255)).astype(np.uint8), clean


def written_out(x: np.ndarray, y: np.ndarray) -> float:
    """Eq. 7 for one channel, by 2-D convolutions."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    c1, c2, product = (0.01 * 255) ** 2, (0.03 * 255) ** 2, 1.0
    for scale, weight in enumerate(SCALES):
        mx, my, xx, yy, xy = (convolve2d(v, window, mode="valid") for v in (x, y, x * x, y * y, x * y))
        luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
        structure = (2 * (xy - mx * my) + c2) / (xx - mx**2 + yy - my**2 + c2)
        product *= ((luminance * structure) if scale == 4 else structure).mean() ** weight
        x, y = (block_reduce(v[: len(v) // 2 * 2, : v.shape[1] // 2 * 2], (2, 2), np.mean) for v in (x, y))
    return product


@pytest.mark.parametrize("size", [(180, 192), (177, 201)])
def test_it_is_its_equation(size):
    image, clean = pair(size)
    x, y = image.astype(float), clean.astype(float)
    theirs = np.mean([written_out(x[..., c], y[..., c]) for c in range(3)])
    assert MsSsim()(image[None], clean[None])[0] == pytest.approx(theirs, abs=1e-12)


def test_it_is_torchmetrics_but_for_the_borders():
    import torch
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as theirs

    image, clean = pair()
    x, y = (torch.from_numpy(v.transpose(2, 0, 1).copy()).double()[None] for v in (image, clean))
    found = float(theirs(x, y, data_range=255.0, kernel_size=11, sigma=1.5))
    assert MsSsim()(image[None], clean[None])[0] == pytest.approx(found, abs=0.02)


def test_the_published_weights_sum_to_one():
    assert sum(SCALES) == pytest.approx(1, abs=1e-4)


def test_a_negative_average_counts_as_0():
    _, clean = pair()
    assert MsSsim()((255 - clean)[None], clean[None])[0] == 0


def test_175_pixels_are_too_few():
    image, clean = pair((176, 176))
    assert 0 < MsSsim()(image[None], clean[None])[0] < 1
    with pytest.raises(UserError, match=r"metrics=ms_ssim needs images of at least 176x176 pixels, got 176x175"):
        MsSsim()(image[None, :, :175], clean[None, :, :175])
    with pytest.raises(UserError, match="176x176"):
        MsSsim(crop=1)(image[None], clean[None])
