from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from datasets.base import Item
from datasets.tasks.basic import Deblur, Denoise, Lowlight
from datasets.tasks.jpeg import Jpeg
from datasets.tasks.mixed import PARTS, Mixed
from errors import UserError

CLEAN = np.random.default_rng(0).random((24, 31, 3)).astype(np.float32)
N = 900


def rng(seed=0):
    return np.random.default_rng(seed)


def near(share, p):
    return abs(share - p) < 4 * np.sqrt(p * (1 - p) / N)


def test_all_applies_every_part_in_order_and_clamps_between():
    task = Mixed("noise+blur+jpeg", "all")
    source = rng(5)
    noise, blur, jpeg = task.draw(source)
    assert isinstance(noise, Denoise) and isinstance(blur, Deblur) and isinstance(jpeg, Jpeg)
    expected = jpeg.degrade(blur.degrade(np.clip(noise.degrade(CLEAN, source), 0, 1), source), source)
    np.testing.assert_array_equal(task.degrade(CLEAN, rng(5)), expected)


def test_one_and_some_choose_with_the_stated_probabilities():
    source = rng(1)
    one = [Mixed("blur+noise+jpeg", "one").draw(source) for _ in range(N)]
    assert all(len(parts) == 1 for parts in one)
    kinds = Counter(type(parts[0]) for parts in one)
    assert all(near(kinds[kind] / N, 1 / 3) for kind in (Deblur, Denoise, Jpeg))
    sizes = Counter(len(Mixed("blur+noise+jpeg", "some").draw(source)) for _ in range(N))
    for size, p in {1: 4 / 8, 2: 3 / 8, 3: 1 / 8}.items():  # none at all becomes one
        assert near(sizes[size] / N, p)


def test_strengths_cover_their_ranges():
    source = rng(2)
    drawn = {name: [PARTS[name](source) for _ in range(N)] for name in PARTS}
    ranges = {
        "blur": ([task.sigma for task in drawn["blur"]], 0.5, 3.0),
        "noise": ([task.sigma for task in drawn["noise"]], 5.0, 50.0),
        "jpeg": ([task.quality for task in drawn["jpeg"]], 10, 80),
        "rain": ([task.density for task in drawn["rain"]], 50, 500),
        "lowlight": ([np.log(task.exposure) for task in drawn["lowlight"]], np.log(0.05), np.log(0.5)),
    }
    for name, (values, low, high) in ranges.items():
        assert low <= min(values) and max(values) <= high, name
        assert abs(np.mean(values) - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * N), name
    assert isinstance(drawn["lowlight"][0], Lowlight)


@pytest.mark.parametrize("parts", [*PARTS, "+".join(PARTS)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_part_degrades_and_repeats(parts, channels):
    item = Item("a", (CLEAN[..., :channels] * 255).astype(np.uint8))
    first, again, other = (Mixed(parts).pair(item, rng(seed)).degraded for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != item.clean).any() and (first != other).any() and first.shape == item.clean.shape


def test_an_unknown_part_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"^task\.parts=blur\+nois: there is no part 'nois'; did you mean noise\?$"):
        Mixed("blur+nois")
    with pytest.raises(UserError, match="there is no part ''"):
        Mixed("")
