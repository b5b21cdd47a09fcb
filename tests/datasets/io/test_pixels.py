from __future__ import annotations

import numpy as np
import pytest

from datasets.io.pixels import from_uint8, to_uint8


def test_every_byte_survives_the_round_trip():
    bytes_ = np.arange(256, dtype=np.uint8)
    real = from_uint8(bytes_)
    assert real.dtype == np.float32 and real.min() == 0.0 and real.max() == 1.0
    np.testing.assert_array_equal(to_uint8(real), bytes_)


def test_out_of_range_is_clamped_and_does_not_wrap():
    np.testing.assert_array_equal(to_uint8([1.01, 300.0, np.inf, -0.01, -5.0, -np.inf]), [255, 255, 255, 0, 0, 0])


def test_rounds_to_nearest_and_halves_to_even():
    levels = np.array([0.4, 0.5, 0.6, 1.5, 2.5, 127.5, 254.4999]) / 255.0
    np.testing.assert_array_equal(to_uint8(levels), [0, 0, 1, 2, 2, 128, 254])


def test_the_nearest_byte_is_never_further_than_half_a_level():
    x = np.random.default_rng(0).random(10_000)
    assert np.abs(to_uint8(x) / 255.0 - x).max() <= 0.5 / 255 + 1e-12


def test_refuses_what_has_no_pixel_value():
    with pytest.raises(ValueError, match="NaN"):
        to_uint8([0.5, np.nan])
    with pytest.raises(TypeError, match="float32"):
        from_uint8(np.zeros(3, np.float32))
