from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.ndimage import rotate
from scipy.special import j1
from scipy.stats import multivariate_normal

from datasets.tasks.filters import SHAPES, SIZES, Bell, Sinc, draw_gaussian, draw_mixed, draw_sinc

N = 3000


def rng(seed=0):
    return np.random.default_rng(seed)


def near(share, p, n):
    return abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("size", [7, 21, 41])
def test_gaussian_is_scipys_density_with_the_rotated_covariance(size):
    sx, sy, angle = 2.0, 1.2, 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x, y = np.meshgrid(np.arange(size) - size // 2, np.arange(size) - size // 2)
    density = multivariate_normal([0, 0], turn @ np.diag([sx**2, sy**2]) @ turn.T).pdf(np.dstack([x, y]))
    got = Bell("gaussian", size, (sx, sy), angle).kernel()
    np.testing.assert_allclose(got, density / density.sum(), rtol=0, atol=1e-15)


def test_generalized_with_beta_1_is_gaussian_and_plateau_is_its_formula():
    gaussian = Bell("gaussian", 15, (2.0, 3.0), 0.4).kernel()
    np.testing.assert_allclose(Bell("generalized", 15, (2.0, 3.0), 0.4, 1.0).kernel(), gaussian, rtol=0, atol=1e-16)
    x, y = np.meshgrid(np.arange(15) - 7, np.arange(15) - 7)
    plateau = 1 / (1 + ((x**2 + y**2) / 2.5**2) ** 1.7)
    got = Bell("plateau", 15, (2.5, 2.5), 0.0, 1.7).kernel()
    np.testing.assert_allclose(got, plateau / plateau.sum(), rtol=0, atol=1e-15)


def test_a_quarter_turn_turns_the_kernel():
    first = Bell("plateau", 21, (1.0, 3.0), 0.3, 1.5).kernel()
    second = Bell("plateau", 21, (1.0, 3.0), 0.3 + np.pi / 2, 1.5).kernel()
    np.testing.assert_allclose(second, rotate(first, -90, order=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("cutoff", [np.pi / 5, 1.3, np.pi])
def test_sinc_is_the_bessel_formula(cutoff):
    got = Sinc(13, cutoff).kernel()
    expected = np.empty((13, 13))
    for i in range(13):
        for k in range(13):
            r = np.sqrt((i - 6) ** 2 + (k - 6) ** 2)
            expected[i, k] = cutoff * j1(cutoff * r) / (2 * np.pi * r) if r else cutoff**2 / (4 * np.pi)
    np.testing.assert_allclose(got, expected / expected.sum(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(got, got.T, rtol=0, atol=1e-16)


def test_kernels_are_odd_centred_and_sum_to_1_even_for_tiny_sigma():
    drawn = [draw_mixed(rng(i), (0.2, 3.0)) for i in range(200)] + [
        draw_gaussian(rng(i), 41, (0.1, 12)) for i in range(50)
    ]
    for shape in [*drawn, Bell("gaussian", 7, (0.01, 0.01)), draw_sinc(rng())]:
        kernel = shape.kernel()
        assert kernel.shape == (shape.size, shape.size) and abs(kernel.sum() - 1) < 1e-12
        np.testing.assert_allclose(kernel, kernel[::-1, ::-1], rtol=0, atol=1e-14)
        assert kernel.argmax() == kernel.size // 2


def test_mixed_kernels_have_the_stated_ranges_and_proportions():
    source = rng(1)
    drawn = [draw_mixed(source, (0.2, 3.0)) for _ in range(N)]
    sincs = [shape for shape in drawn if isinstance(shape, Sinc)]
    bells = [shape for shape in drawn if isinstance(shape, Bell)]
    assert near(len(sincs) / N, 0.1, N)
    for sinc in sincs:
        assert np.pi / (3 if sinc.size < 13 else 5) <= sinc.cutoff <= np.pi
    assert min(sinc.cutoff for sinc in sincs) < np.pi / 3
    kinds = Counter((bell.profile, bell.sigma[0] == bell.sigma[1]) for bell in bells)
    published = (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)  # of the same order as SHAPES
    for kind, p in zip(SHAPES, published, strict=True):
        assert near(kinds[kind] / len(bells), p, len(bells)), kind
    sizes = Counter(shape.size for shape in drawn)
    assert set(sizes) == set(SIZES) == {7, 9, 11, 13, 15, 17, 19, 21}
    assert all(near(count / N, 1 / 8, N) for count in sizes.values())


def test_sigmas_angles_and_betas_have_the_stated_ranges():
    source = rng(2)
    bells = [shape for shape in (draw_mixed(source, (0.2, 3.0)) for _ in range(N)) if isinstance(shape, Bell)]
    sigmas = np.array([bell.sigma for bell in bells])
    assert 0.2 <= sigmas.min() < 0.25 and 2.95 < sigmas.max() <= 3.0
    assert abs(sigmas[:, 0].mean() - 1.6) < 4 * 2.8 / np.sqrt(12 * len(bells))
    angles = [bell.angle for bell in bells if bell.sigma[0] != bell.sigma[1]]
    assert -np.pi <= min(angles) < -3 and 3 < max(angles) <= np.pi
    betas = {name: np.array([b.beta for b in bells if b.profile == name]) for name in ("generalized", "plateau")}
    assert 0.5 <= betas["generalized"].min() < 0.52 and 3.9 < betas["generalized"].max() <= 4
    assert near((betas["generalized"] < 1).mean(), 0.5, len(betas["generalized"]))
    assert betas["plateau"].min() == 1.0 and 1.95 < betas["plateau"].max() <= 2
    assert near((betas["plateau"] == 1).mean(), 0.5, len(betas["plateau"]))


def test_gaussian_and_last_sinc_draws():
    source = rng(3)
    drawn = [draw_gaussian(source, 41, (0.1, 12.0)) for _ in range(N)]
    assert near(np.mean([bell.sigma[0] == bell.sigma[1] for bell in drawn]), 0.5, N)
    assert {bell.profile for bell in drawn} == {"gaussian"} and {bell.size for bell in drawn} == {41}
    cutoffs = [draw_sinc(source).cutoff for _ in range(N)]
    assert np.pi / 3 <= min(cutoffs) < 1.1 and 3.1 < max(cutoffs) <= np.pi
