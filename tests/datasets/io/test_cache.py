from __future__ import annotations

import numpy as np
import pytest

from datasets.io import reading
from datasets.io.reading import Cache


@pytest.fixture
def counted():
    calls = []

    def load(key):
        calls.append(key)
        return np.full(100, key, np.uint8)

    return load, calls


def test_everything_that_fits_is_loaded_once(counted):
    load, calls = counted
    kept = Cache(load)
    for key in (3, 5, 3, 3, 5):
        np.testing.assert_array_equal(kept.get(key), np.full(100, key))
    assert calls == [3, 5]


def test_memory_is_bounded_and_the_rest_is_loaded_again(counted, monkeypatch):
    load, calls = counted
    monkeypatch.setattr(reading, "CACHE_BYTES", 250)
    kept = Cache(load)
    for _ in range(2):
        for key in range(4):
            assert (kept.get(key) == key).all()
    assert sum(array.nbytes for array in kept.arrays.values()) == 200
    assert calls == [0, 1, 2, 3, 2, 3]


def test_nobody_can_write_into_what_is_shared(counted):
    with pytest.raises(ValueError, match="read-only"):
        Cache(counted[0]).get(1)[0] = 7
