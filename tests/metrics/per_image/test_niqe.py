"""NIQE: its parts against scipy and Pillow, against its own definition, and what it refuses."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy.ndimage import correlate
from scipy.special import gamma

from errors import UserError
from metrics.per_image import niqe
from metrics.per_image.niqe import Niqe
from metrics.per_image.scene_statistics import contrast_normalized, fit, scales

needs_parameters = pytest.mark.skipif(
    importlib.util.find_spec("mmagic") is None, reason="mmagic brings the parameters: pip install --no-deps mmagic"
)


def photo(rows: int = 192, columns: int = 288) -> np.ndarray:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:rows, 100 : 100 + columns])


def test_contrast_normalisation_is_scipys_correlation():
    x = photo()[..., 0].astype(float)
    taps = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    for border, mode, floor in (("edge", "nearest", 1.0), ("constant", "constant", 1 / 255)):
        mean = correlate(x, window, mode=mode)
        deviation = np.sqrt(np.abs(correlate(x * x, window, mode=mode) - mean**2))
        expected = (x - mean) / (deviation + floor)
        found = contrast_normalized(x, floor, border)
        textured = deviation > 1e-3
        np.testing.assert_allclose(found[textured], expected[textured], rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("sides", [(1.0, 1.0), (0.5, 2.0)])
def test_the_fit_finds_the_distribution_that_was_drawn(shape, sides):
    """|z|^a is Gamma(1/a) distributed; sides are drawn in proportion to their scales."""
    rng = np.random.default_rng(0)
    left, right = sides
    size = 400_000
    magnitude = rng.gamma(1 / shape, 1.0, size) ** (1 / shape)
    below = rng.uniform(size=size) < left / (left + right)
    x = np.where(below, -left * magnitude, right * magnitude)
    found = fit(x, "neither")
    assert found.shape == pytest.approx(shape, rel=0.03)
    width, mean = scales(found.shape)
    assert width * found.left == pytest.approx(left, rel=0.03) and width * found.right == pytest.approx(right, rel=0.03)
    assert (width * found.right - width * found.left) * mean == pytest.approx(x.mean(), abs=0.03)


def test_the_scales_are_their_closed_forms():
    width, mean = scales(2.0)  # a Gaussian: scale sqrt(2) deviations
    assert width == pytest.approx(np.sqrt(2), abs=1e-12) and mean == pytest.approx(1 / np.sqrt(np.pi), abs=1e-12)
    assert scales(1.0)[0] == pytest.approx(np.sqrt(gamma(1) / gamma(3)), abs=1e-12)


def test_flat_areas_count_on_neither_side():
    x = np.random.default_rng(0).normal(size=1000)
    diluted = np.concatenate([x, np.zeros(500)])
    noise = np.concatenate([x, np.random.default_rng(1).normal(0, 1e-14, 500)])
    assert fit(diluted, "neither") == fit(noise, "neither") and fit(diluted, "neither").left == fit(x, "neither").left
    counted = fit(diluted, "right")
    assert counted.left == fit(x, "right").left and counted == fit(noise, "right")
    assert counted.right**2 == pytest.approx((x[x > 0] ** 2).sum() / ((x > 0).sum() + 500))
    assert np.isnan(fit(np.ones(9), "neither")).all()


def test_halving_is_pillows_bicubic():
    """Pillow's BICUBIC is the same kernel (a = -1/2, stretched); only its borders differ."""
    from PIL import Image

    x = photo()[..., 1].astype(np.float32)
    theirs = np.asarray(Image.fromarray(x).resize((x.shape[1] // 2, x.shape[0] // 2), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(niqe._halved(x.astype(float))[2:-2, 2:-2], theirs[2:-2, 2:-2], rtol=0, atol=1e-3)
    np.testing.assert_allclose(niqe._halved(np.full((8, 10), 7.0)), np.full((4, 5), 7.0), rtol=0, atol=1e-12)


def test_mirrors_exchange_the_features_of_directions():
    block = contrast_normalized(photo(96, 96)[..., 0].astype(float), 1.0, "edge")
    plain, mirrored, transposed = (np.array(niqe._block_features(x)) for x in (block, block[:, ::-1], block.T))
    np.testing.assert_allclose(mirrored, plain[np.r_[0:10, 14:18, 10:14]], rtol=0, atol=1e-10)
    np.testing.assert_allclose(transposed, plain[np.r_[0:2, 6:10, 2:6, 10:18]], rtol=0, atol=1e-10)
    assert np.abs(plain[2:6] - plain[6:10]).max() > 0.02 < np.abs(plain[10:14] - plain[14:18]).max()


def test_the_features_of_a_product_are_its_fit():
    block = contrast_normalized(photo(96, 96)[..., 0].astype(float), 1.0, "edge")
    product = block * np.roll(block, 1, axis=1)
    shape, left, right = fit(product, "neither")
    width = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    mean = width * (right - left) * gamma(2 / shape) / gamma(1 / shape)
    np.testing.assert_allclose(niqe._block_features(block)[2:6], [shape, mean, width * left, width * right], atol=1e-12)


@needs_parameters
def test_the_distance_is_its_equation():
    rng = np.random.default_rng(0)
    mean, covariance = niqe._pristine()
    assert mean.shape == (36,) and np.linalg.eigvalsh(covariance).min() > 0
    blocks = mean + rng.normal(0, 0.1, (50, 36))
    difference = blocks.mean(0) - mean
    solved = np.linalg.solve((covariance + np.cov(blocks.T)) / 2, difference)
    assert niqe._distance(blocks) == pytest.approx(np.sqrt(difference @ solved), abs=1e-9)
    assert niqe._distance(np.stack([mean, mean])) == 0


@needs_parameters
def test_it_reads_the_saved_picture_alone_and_whole_blocks_of_it():
    clean = photo(200, 300)
    other = np.zeros_like(clean)
    figure = Niqe()(clean[None], other[None])[0]
    assert figure == Niqe()(clean[None], clean[None])[0] == Niqe()(clean[None, :192, :288], other[None, :192, :288])[0]
    assert Niqe(channel="grey")(clean[None], other[None])[0] != figure
    assert Niqe(crop=4)(clean[None], other[None])[0] == Niqe()(clean[None, 4:-4, 4:-4], other[None, 4:-4, 4:-4])[0]


@needs_parameters
def test_trap_niqe_the_protocol_tells_its_relatives_apart():
    """Trap "NIQE != MATLAB builtin": the release, its parameters, channel and crop are all in the stamp."""
    stamps = {Niqe().protocol, Niqe(channel="grey").protocol, Niqe(crop=4).protocol}
    assert len(stamps) == 3 and all("release=live2012;parameters=" in stamp for stamp in stamps)


@needs_parameters
def test_a_photograph_is_natural_and_its_noise_is_not():
    clean = photo()
    figures = [Niqe()(picture[None], clean[None])[0] for picture in (clean, 255 * (clean > 99).astype(np.uint8))]
    assert 3 < figures[0] < 8 < figures[1]


@needs_parameters
def test_a_flat_picture_has_no_figure_and_one_block_is_refused():
    flat = np.full((1, 192, 192, 3), 77, np.uint8)
    assert np.isnan(Niqe()(flat, flat)).all()
    with pytest.raises(UserError, match=r"needs at least two blocks of 96x96 pixels, got 191x191"):
        Niqe()(flat[:, :191, :191], flat[:, :191, :191])


def test_without_the_package_one_line_says_what_brings_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install --no-deps mmagic==1\.2\.0$"):
        Niqe().protocol  # noqa: B018
