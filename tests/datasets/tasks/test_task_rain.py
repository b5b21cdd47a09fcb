from __future__ import annotations

import numpy as np
import pytest

from datasets.io.crops import shrink
from datasets.io.pixels import from_uint8
from datasets.tasks.rain import Rain, Streaks, draw_streaks, render

CLEAN = from_uint8(np.random.default_rng(0).integers(20, 236, (45, 64, 3), dtype=np.uint8))


def rng(seed=0):
    return np.random.default_rng(seed)


def one(x=0.5, y=0.5, distance=1.25, slant=0.0, strength=1.0):
    return Streaks(*(np.array([value], float) for value in (x, y, distance, slant, strength)))


def uniform(values, low, high):
    assert low <= values.min() and values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * len(values))


def test_drops_of_rain_are_drawn_as_stated():
    drawn = [draw_streaks(rng(seed), 40.0, 20.0) for seed in range(300)]
    counts = np.array([len(s.x) for s in drawn])
    assert abs(counts.mean() - 40) < 4 * np.sqrt(40 / 300) and abs(counts.var() / 40 - 1) < 4 * np.sqrt(2 / 300)
    x, y, distance, strength = (
        np.concatenate([getattr(s, name) for s in drawn]) for name in ("x", "y", "distance", "strength")
    )
    uniform(x, -0.1, 1.1)
    uniform(y, -0.1, 1.1)
    uniform(strength, 0.5, 1.0)
    uniform((distance**3 - 1) / 63, 0.0, 1.0)
    winds = np.array([np.rad2deg(s.slant.mean()) for s in drawn])
    assert np.abs(winds).max() < 22 and abs(winds.mean()) < 4 * 20 / np.sqrt(3 * 300)
    gusts = np.concatenate([np.rad2deg(s.slant - s.slant.mean()) for s in drawn])
    assert abs(gusts.std() / (3 * np.sqrt(39 / 40)) - 1) < 4 / np.sqrt(2 * len(gusts))


@pytest.mark.parametrize("slant", [0.0, 0.3, -1.2])
@pytest.mark.parametrize("size", [(64, 64), (200, 300)])
def test_a_streak_has_the_light_of_its_length_and_cross_section(slant, size):
    light = render(one(slant=slant), *size, 0.2, 0.01)
    side = min(size)
    sigma = 0.01 * side / 1.5  # the middle of its shell of distances
    assert abs(light.sum() / (0.2 * side / 1.25 * np.sqrt(2 * np.pi) * sigma) - 1) < 1e-3
    rows, columns = np.indices(size)
    middle = [(light * axis).sum() / light.sum() + 0.5 for axis in (rows, columns)]
    np.testing.assert_allclose(middle, np.array(size) / 2, rtol=0, atol=1e-3)
    y, x = rows + 0.5 - size[0] / 2, columns + 0.5 - size[1] / 2
    variance = [
        (light * axis**2).sum() / light.sum()
        for axis in (y * np.cos(slant) + x * np.sin(slant), x * np.cos(slant) - y * np.sin(slant))
    ]
    assert abs(variance[0] - (0.2 * side / 1.25) ** 2 / 12 - sigma**2) < 0.5
    assert abs(variance[1] - sigma**2) < 0.35


def test_a_wide_streak_is_as_bright_as_its_strength():
    light = render(one(strength=0.7), 300, 300, 0.5, 0.02)
    assert abs(light.max() - 0.7) < 0.01 and light[0].max() == 0


def test_a_smaller_picture_shows_the_larger_one_shrunk():
    streaks = draw_streaks(rng(1), 100, 20)
    small, large = (render(streaks, n, n, 0.25, 0.01) for n in (64, 256))
    shrunk = shrink(large[:, :, None], 4)[:, :, 0]
    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.95
    assert abs(small.sum() / shrunk.sum() - 1) < 0.02


def test_rain_blends_as_stated_and_is_monotone():
    black, white = np.zeros((40, 40, 3), np.float32), np.ones((40, 40, 3), np.float32)
    screen, add = Rain(intensity=1.0), Rain(intensity=1.0, blend="add")
    light = add.degrade(black, rng())
    np.testing.assert_array_equal(light, light[:, :, :1].repeat(3, axis=2))
    np.testing.assert_allclose(screen.degrade(black, rng()), np.minimum(light, 1), rtol=0, atol=1e-6)
    np.testing.assert_allclose(screen.degrade(white, rng()), 1.0, rtol=0, atol=0)
    np.testing.assert_allclose(add.degrade(CLEAN[:40, :40], rng()) - light, CLEAN[:40, :40], rtol=0, atol=1e-6)
    steps = [Rain(intensity=i).degrade(CLEAN, rng()) for i in (0.0, 0.3, 0.6, 1.0)]
    np.testing.assert_allclose(steps[0], CLEAN, rtol=0, atol=1e-6)
    assert all((b >= a - 1e-6).all() and b.mean() > a.mean() for a, b in zip(steps, steps[1:], strict=False))
    assert steps[-1].max() <= 1
    np.testing.assert_allclose(Rain(density=0.0).degrade(CLEAN, rng()), CLEAN, rtol=0, atol=1e-6)
