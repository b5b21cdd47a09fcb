from __future__ import annotations

import collections
import enum
import itertools
import json
import math

import numpy as np
import pytest

from harness.store import keys

DISTINCT = [0, 0.0, False, None, "", "0", [], {}, 1, 1.0, True, "1", [1], [[1]], {"a": 1}, {"a": [1]}, "é", "e"]


def test_reads_back_what_it_was() -> None:
    value = {"b": [1, 2.5, None, True], "a": {"y": "ü\n\ud800", "x": -1e-300}}
    assert json.loads(keys.canonical(value)) == value


def test_order_of_names_and_kind_of_sequence_do_not_matter() -> None:
    assert keys.canonical({"b": (1, (2,)), "a": 0.1}) == keys.canonical({"a": 0.1, "b": [1, [2]]})
    assert keys.canonical({"b": (1, (2,)), "a": 0.1}) == '{"a":0.1,"b":[1,[2]]}'


def test_different_values_have_different_texts() -> None:
    texts = [keys.canonical(value) for value in DISTINCT]
    assert len(set(texts)) == len(texts)


def test_neighbouring_floats_differ() -> None:
    assert keys.canonical(0.1) != keys.canonical(math.nextafter(0.1, 1))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_refuses_what_is_not_a_number(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        keys.canonical({"a": [bad]})


class Word(str, enum.Enum):
    A = "a"


@pytest.mark.parametrize(
    "bad", [np.float64(1), np.int64(1), np.zeros(1), {1}, b"a", Word.A, collections.OrderedDict(), object()]
)
def test_refuses_other_types(bad: object) -> None:
    with pytest.raises(TypeError):
        keys.canonical({"a": [bad]})


def test_refuses_names_that_json_would_turn_into_text() -> None:
    with pytest.raises(TypeError, match="no str"):
        keys.canonical({1: "a"})


def test_key_separates_kinds_and_facts() -> None:
    made = [keys.key(kind, {"x": value}) for kind, value in itertools.product(["fit", "sample"], DISTINCT)]
    assert len(set(made)) == len(made)
    assert all(len(k) == 20 and set(k) <= set("0123456789abcdef") for k in made)


def test_key_does_not_change_silently() -> None:
    assert keys.key("samples", {"sampler": {"eta": 0.0}, "images": (1, 2)}) == "e08a2cde04db9f5a1689"
