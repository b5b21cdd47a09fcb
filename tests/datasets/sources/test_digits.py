from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from datasets.sources.digits import Digits
from errors import UserError


def index(item):
    return int(item.id.removeprefix("digit-"))


def test_pixels_are_the_sixteenths_in_8_bit():
    raw = load_digits().images
    for item in Digits(0).test(50):
        np.testing.assert_array_equal(item.clean[..., 0], np.rint(raw[index(item)] * 255 / 16))
        assert item.clean.dtype == np.uint8 and item.clean.shape == (8, 8, 1)


def test_training_and_test_digits_are_apart():
    data, rng = Digits(0), np.random.default_rng(0)
    held_out = {index(item) for item in data.test(360)}
    drawn = {index(data.draw(rng)) for _ in range(3000)}
    assert len(held_out) == 360 and not drawn & held_out and len(drawn) > 1000
    assert len(held_out) + len(data.training) == 1797


def test_deterministic_and_prefix_stable():
    data = Digits(3)
    ids = [item.id for item in data.test(10)]
    data.draw(np.random.default_rng(0))
    assert [item.id for item in Digits(3).test(4)] == ids[:4] == [item.id for item in data.test(4)]
    assert data.draw(np.random.default_rng(1)).id == Digits(3).draw(np.random.default_rng(1)).id
    assert [item.id for item in Digits(4).test(10)] != ids


def test_manifest_follows_split_pixels_and_version(monkeypatch):
    data = Digits(0)
    before = data.manifest()
    assert Digits(0).manifest() == before != Digits(1).manifest()
    data.images = data.images.copy()
    data.images[5, 0, 0] ^= 1
    assert data.manifest() != before
    monkeypatch.setattr(Digits, "version", 99)
    assert Digits(0).manifest() != before


def test_asking_for_too_many():
    with pytest.raises(UserError, match=r"^dataset=digits has 360 test items, 361 were asked for"):
        Digits(0).test(361)
