from __future__ import annotations

import numpy as np
import pytest

from datasets.sources.toy2d import Toy2d

NAMES = ("gaussians8", "gaussians25", "checkerboard")
N = 20_000


@pytest.fixture(scope="module")
def points():
    def sample(name):
        rng, data = np.random.default_rng(0), Toy2d(0, name)
        return np.stack([data.draw(rng).clean for _ in range(N)])

    return {name: sample(name) for name in NAMES}


def centres(name):
    if name == "gaussians8":
        angles = np.arange(8) * np.pi / 4
        return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), axis=-1).reshape(-1, 2).astype(float)


@pytest.mark.parametrize(("name", "variance"), [("gaussians8", 1 / 200), ("gaussians25", 1 / 4000)])
def test_mixtures_have_their_means_weights_and_variance(points, name, variance):
    x, c = points[name].astype(np.float64), centres(name)
    nearest = np.linalg.norm(x[:, None] - c[None], axis=2).argmin(axis=1)
    offset = x - c[nearest]
    # A chi-square variance estimate from 2N values has relative standard error sqrt(2 / 2N).
    assert abs(offset.var() / variance - 1) < 4 / np.sqrt(N)
    assert np.abs(offset.mean(axis=0)).max() < 4 * np.sqrt(variance / N)
    assert abs((offset[:, 0] * offset[:, 1]).mean()) < 4 * variance / np.sqrt(N)
    p = 1 / len(c)
    share = np.bincount(nearest, minlength=len(c)) / N
    assert np.abs(share - p).max() < 4.5 * np.sqrt(p * (1 - p) / N)


def test_checkerboard_fills_the_cells_of_even_parity_uniformly(points):
    x = points["checkerboard"].astype(np.float64)
    cell = np.floor(x).astype(int)
    assert np.abs(x).max() <= 2 and np.all(cell.sum(axis=1) % 2 == 0)
    # The paper's code keeps points where sin(pi x) and sin(pi y) have the same sign.
    assert np.all(np.sin(np.pi * x[:, 0]) * np.sin(np.pi * x[:, 1]) >= -1e-6)
    _, counts = np.unique(cell, axis=0, return_counts=True)
    p = 1 / 8
    assert len(counts) == 8 and np.abs(counts / N - p).max() < 4.5 * np.sqrt(p * (1 - p) / N)
    inside = x - cell
    assert abs(inside.mean() - 0.5) < 4 * np.sqrt(1 / 12 / (2 * N))
    assert abs(inside.var() - 1 / 12) < 0.002


@pytest.mark.parametrize("name", NAMES)
def test_test_points_are_fixed_prefix_stable_and_not_the_training_ones(name):
    data = Toy2d(5, name)
    test = data.test(6)
    data.draw(np.random.default_rng(0))
    for a, b in zip(Toy2d(5, name).test(3), test, strict=False):
        assert a.id == b.id
        np.testing.assert_array_equal(a.clean, b.clean)
    assert test[0].clean.dtype == np.float32 and test[0].clean.shape == data.shape == (2,)
    assert len({tuple(item.clean) for item in test} | {tuple(Toy2d(6, name).test(1)[0].clean)}) == 7
    assert len({item.id for item in test}) == 6


def test_manifest_follows_name_seed_and_version(monkeypatch):
    hashes = {Toy2d(0, name).manifest() for name in NAMES} | {Toy2d(1).manifest()}
    assert len(hashes) == 4 and Toy2d(0).manifest() in hashes
    monkeypatch.setattr(Toy2d, "version", 99)
    assert Toy2d(0).manifest() not in hashes
