"""Shadows and drops on the pane: what is drawn, where it lies, and what it does to the picture."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.base import Item
from datasets.io.pixels import from_uint8, to_uint8
from datasets.tasks import raindrop, shadow
from datasets.tasks.rain import Rain
from datasets.tasks.raindrop import Drop, Raindrop, draw_drops
from datasets.tasks.shadow import Shadow, draw_outline, soft_mask
from errors import UserError

PIXELS = np.random.default_rng(0).integers(20, 236, (45, 64, 3), dtype=np.uint8)
CLEAN = from_uint8(PIXELS)
MASKED = [Shadow(), Raindrop(), Shadow(penumbra=0.0), Raindrop(drops=3.0)]


def rng(seed=0):
    return np.random.default_rng(seed)


def uniform(values, low, high):
    assert low <= values.min() and values.max() <= high
    assert abs(values.mean() - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * len(values))


@pytest.mark.parametrize("task", MASKED)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_mask_is_exactly_where_the_picture_may_change(task, channels):
    changed = 0
    for seed in range(15):
        item = task.pair(Item("a", PIXELS[..., :channels]), rng(seed))
        assert item.mask.dtype == np.uint8 and item.mask.shape == PIXELS.shape[:2]
        np.testing.assert_array_equal(item.degraded[item.mask == 0], item.clean[item.mask == 0])
        inside = (item.degraded != item.clean).any(axis=2)[item.mask > 200]
        changed += inside.mean() > 0.6 if len(inside) else 1
    assert changed == 15


@pytest.mark.parametrize("task", MASKED)
def test_the_mask_that_the_formula_uses_is_the_8_bit_one(task):
    _, mask = task.degrade_with_mask(CLEAN, rng())
    np.testing.assert_array_equal(from_uint8(to_uint8(mask)), mask)
    assert mask.dtype == np.float32 and mask.max() == 1


@pytest.mark.parametrize("task", [Rain(), Shadow(), Raindrop()])
@pytest.mark.parametrize("shape", [(45, 64, 3), (8, 8, 1), (33, 17, 3), (1, 5, 1)])
def test_any_shape_and_the_rng_alone(task, shape):
    item = Item("a", np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8))
    for seed in range(5):
        first, again = task.pair(item, rng(seed)), task.pair(item, rng(seed))
        np.testing.assert_array_equal(first.degraded, again.degraded)
        assert first.degraded.shape == shape
        if task.masks:
            np.testing.assert_array_equal(first.mask, again.mask)
    if shape == (45, 64, 3):
        assert (task.pair(item, rng(0)).degraded != task.pair(item, rng(1)).degraded).any()


@pytest.mark.parametrize("task", [Rain(), Shadow(), Raindrop()])
def test_points_have_no_weather(task):
    with pytest.raises(UserError, match=f"^task={task.name} degrades pictures"):
        task.pair(Item("a", np.zeros(2, np.float32)), rng())


def test_the_shadow_is_its_formula_with_the_saved_mask():
    item = Shadow(strength=0.5).pair(Item("a", PIXELS[..., :1]), rng(2))
    mask = from_uint8(item.mask)[:, :, None]
    np.testing.assert_array_equal(item.degraded, to_uint8(CLEAN[..., :1] * (1 - np.float32(0.5) * mask)))


def test_a_shadow_darkens_more_the_stronger_it_is_and_red_most():
    steps = [Shadow(strength=s).degrade(CLEAN, rng(3)) for s in (0.0, 0.3, 0.6, 1.0)]
    np.testing.assert_array_equal(steps[0], CLEAN)
    assert all((b <= a).all() and b.mean() < a.mean() for a, b in zip(steps, steps[1:], strict=False))
    assert steps[-1].min() >= 0
    light = Shadow().degrade(np.ones((64, 64, 3), np.float32), rng(3))
    assert (light[..., 0] <= light[..., 1]).all() and (light[..., 1] <= light[..., 2]).all()


def test_outlines_cover_the_stated_area_and_come_in_both_shapes():
    outlines = [draw_outline(rng(seed), 0.1) for seed in range(300)]
    for outline in outlines:
        x, y = outline.corners.T
        assert abs(0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) - 0.1) < 1e-9
    cornered = [len(outline.corners) < 10 for outline in outlines]
    assert abs(np.mean(cornered) - 0.5) < 4 * np.sqrt(0.25 / 300)
    assert {len(o.corners) for o in outlines} == {3, 4, 5, 6, 7, 96}
    uniform(np.array([o.sky for o in outlines]), 0.0, 1.0)
    spreads = [np.linalg.svd(o.corners - o.corners.mean(axis=0))[1] for o in outlines if len(o.corners) == 96]
    elongation = np.array([long / short for long, short in spreads])
    assert (elongation < 1.2).mean() > 0.1 and (elongation > 1.6).mean() > 0.1 and elongation.max() < 4
    inside = [o for o in outlines if o.corners.min() > 0.05 and o.corners.max() < 0.95]
    shares = np.array([soft_mask(o, 200, 200, 0.01).mean() for o in inside])
    assert len(inside) > 20 and np.abs(shares - 0.1).max() < 0.01


def test_a_wider_penumbra_is_softer_and_none_is_hard():
    outline = draw_outline(rng(1), 0.2)
    masks = [soft_mask(outline, 128, 128, p) for p in (0.0, 0.01, 0.05)]
    soft = [((mask > 0) & (mask < 1)).mean() for mask in masks]
    assert soft[0] == 0 and soft[0] < soft[1] < soft[2]
    slopes = [np.abs(np.diff(mask, axis=1)).max() for mask in masks]
    assert slopes[0] == 1 > slopes[1] > slopes[2]
    assert shadow.Shadow.masks and raindrop.Raindrop.masks


def test_raindrops_are_drawn_as_stated():
    drawn = [draw_drops(rng(seed), 12.0, 0.1) for seed in range(300)]
    counts = np.array([len(drops) for drops in drawn])
    assert abs(counts.mean() - 12) < 4 * np.sqrt(12 / 300)
    drops = [drop for group in drawn for drop in group]
    for name, low, high in (("x", 0, 1), ("y", 0, 1), ("radius", 0.03, 0.1), ("tall", 1.0, 1.4)):
        uniform(np.array([getattr(drop, name) for drop in drops]), low, high)


def test_a_drop_shows_the_view_upside_down(monkeypatch):
    drop = Drop(x=0.5, y=0.5, radius=0.3, tall=1.0, waves=((0.0, 0.0),))
    monkeypatch.setattr(raindrop, "draw_drops", lambda rng, count, radius: [drop])
    clean = np.zeros((100, 100, 3), np.float32)
    clean[:50, :, 2] = 1  # a blue sky
    clean[:, :50, 0] = 1  # red to the left
    y, mask = Raindrop(blur=0.001).degrade_with_mask(clean, rng())
    assert y[40, 50, 2] < 0.01 and y[60, 50, 2] > 0.9 and y[50, 40, 0] < 0.01 and y[50, 60, 0] > 0.9
    assert mask[50, 50] == 1 and mask[50, 19] == 0 and mask[50, 21] > 0
    rho = np.hypot(*(np.indices((100, 100)) + 0.5 - 50)) / 30
    np.testing.assert_allclose(mask, np.clip((1 - rho) / 0.25, 0, 1), rtol=0, atol=0.5 / 255 + 1e-6)


def test_more_and_larger_drops_cover_more():
    def covered(**options):
        return np.mean([Raindrop(**options).degrade_with_mask(CLEAN, rng(seed))[1].mean() for seed in range(10)])

    assert covered(drops=0.0) == 0 < covered(drops=5.0) < covered(drops=40.0)
    assert covered(radius=0.03) < covered(radius=0.08) < covered(radius=0.2)
