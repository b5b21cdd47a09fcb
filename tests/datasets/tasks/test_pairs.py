from __future__ import annotations

import numpy as np
import pytest

from datasets.base import Item
from datasets.tasks.pairs import Generate, Paired, Translate
from errors import UserError

IMAGE = np.zeros((8, 8, 3), np.uint8)
RNG = np.random.default_rng(0)


def test_generate_gives_nothing_for_pictures_and_points():
    point = np.zeros(2, np.float32)
    assert Generate().pair(Item("a", IMAGE, IMAGE), RNG).degraded is None
    assert Generate().pair(Item("a", point), RNG).clean is point
    Generate().check((2,))
    with pytest.raises(TypeError):
        Generate().degrade(IMAGE, RNG)


def test_paired_passes_the_pair_through_and_needs_one():
    item = Item("a", IMAGE, IMAGE + 1)
    assert Paired().pair(item, RNG) is item
    with pytest.raises(UserError, match=r"^task=paired: .*dataset\.degraded=FOLDER$"):
        Paired().pair(Item("a", IMAGE), RNG)
    with pytest.raises(UserError, match="^task=paired degrades pictures"):
        Paired().check((2,))
    with pytest.raises(TypeError):
        Paired().degrade(IMAGE, RNG)


def test_translation_passes_both_domains_through_and_says_that_they_are_no_pair():
    item = Item("a", IMAGE, IMAGE + 1)
    assert Translate().pair(item, RNG) is item
    assert Translate.paired is False and Paired.paired is True
    with pytest.raises(
        UserError, match=r"^task=translate: this data set has no pairs; use dataset=domains dataset.source="
    ):
        Translate().pair(Item("a", IMAGE), RNG)
    with pytest.raises(TypeError):
        Translate().degrade(IMAGE, RNG)
