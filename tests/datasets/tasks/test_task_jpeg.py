from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from datasets.base import Item
from datasets.io.pixels import from_uint8
from datasets.tasks.jpeg import Jpeg, compress

RNG = np.random.default_rng(0)
SMOOTH = np.asarray(Image.fromarray(RNG.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((61, 47), 3))


def pillow(pixels, **options):
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "JPEG", **options)
    return np.asarray(Image.open(memory))


@pytest.mark.parametrize("quality", [1, 10, 50, 95, 100])
@pytest.mark.parametrize("chroma", ["4:2:0", "4:2:2", "4:4:4"])
def test_it_is_pillow_called_directly(quality, chroma):
    y = Jpeg(quality, chroma).pair(Item("a", SMOOTH), RNG).degraded
    np.testing.assert_array_equal(y, pillow(SMOOTH, quality=quality, subsampling=chroma))


def test_the_default_subsampling_is_pillows_own_and_each_is_another():
    y = {chroma: Jpeg(90, chroma).pair(Item("a", SMOOTH), RNG).degraded for chroma in ("4:2:0", "4:2:2", "4:4:4")}
    np.testing.assert_array_equal(y["4:2:0"], pillow(SMOOTH, quality=90))
    assert (y["4:2:0"] != y["4:2:2"]).any() and (y["4:2:2"] != y["4:4:4"]).any()


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (13, 27)])
def test_grey_pictures_of_any_size(shape):
    grey = RNG.integers(0, 256, shape, dtype=np.uint8)
    y = Jpeg(30).pair(Item("a", grey[:, :, None]), RNG).degraded
    np.testing.assert_array_equal(y[:, :, 0], pillow(grey, quality=30))


def test_lower_quality_is_worse_and_flat_pictures_survive():
    clean = from_uint8(SMOOTH)
    errors = [np.abs(compress(clean, quality) - clean).mean() for quality in (100, 80, 50, 20, 5)]
    assert errors == sorted(errors) and errors[0] < 0.02
    flat = np.full((20, 20, 3), 128 / 255, np.float32)
    np.testing.assert_allclose(compress(flat, 10), flat, rtol=0, atol=1.5 / 255)


def test_values_outside_the_range_are_clamped_not_wrapped():
    loud = np.full((16, 16, 1), 1.7, np.float32)
    np.testing.assert_array_equal(compress(loud, 95), np.ones_like(loud))
