from __future__ import annotations

import pytest

from harness.planning.dependencies import by_text

# Many are equal to Python; to a key no two are.
ALIKE = [1, 1.0, True, 0, 0.0, -0.0, False, "1", None, "None", [1], [1.0], [True], ["1"], {"a": 1}, {"a": 1.0}]


def test_values_that_a_key_tells_apart_are_told_apart():
    asked = []
    remembered = by_text(lambda value: asked.append(value) or repr(value))
    for _ in range(2):
        assert [remembered(value) for value in ALIKE] == [repr(value) for value in ALIKE]
    assert list(map(repr, asked)) == list(map(repr, ALIKE))


def test_arguments_do_not_run_into_each_other():
    remembered = by_text(lambda *words: words)
    for words in (("a", "b"), ("a', 'b",), ("ab",), (("a", "b"),)):
        assert remembered(*words) == words


def test_a_refusal_is_not_remembered():
    refusals = [ValueError("first")]

    def once(value: int) -> int:
        if refusals:
            raise refusals.pop()
        return value

    remembered = by_text(once)
    with pytest.raises(ValueError, match="first"):
        remembered(3)
    assert remembered(3) == 3
