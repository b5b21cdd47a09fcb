from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from harness import seeding

IDS = [f"img{i}" for i in range(24)]


def test_derive_does_not_change_silently() -> None:
    assert seeding.derive(0, "photos", "img0", "init", 0) == 2071394930538426217


def test_derive_tells_axes_apart() -> None:
    axes = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), (1,), ("1",), (-1,), ('a","bc',), (), ("",), ("", "")]
    seeds = {seeding.derive(base, *each) for base, each in itertools.product([0, 1, 2**70], axes)}
    assert len(seeds) == 3 * len(axes)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_derive_uses_all_of_its_63_bits() -> None:
    seeds = [seeding.derive(0, i) for i in range(400)]
    ones = [sum(seed >> bit & 1 for seed in seeds) for bit in range(63)]
    assert min(ones) > 200 - 5 * 10 and max(ones) < 200 + 5 * 10  # five standard deviations of a fair bit


@pytest.mark.parametrize("axis", [True, 1.0, None, np.int64(1), np.str_("a"), ("a",)])
def test_derive_refuses_other_types(axis: object) -> None:
    with pytest.raises(TypeError):
        seeding.derive(0, axis)  # type: ignore[arg-type]


def test_numpy_rng_repeats_and_is_its_own() -> None:
    first = seeding.numpy_rng(0, "photos", "img0", "crop", 0).integers(0, 2**32, 100)
    np.random.default_rng(1).random(10)
    np.testing.assert_array_equal(first, seeding.numpy_rng(0, "photos", "img0", "crop", 0).integers(0, 2**32, 100))
    assert not np.array_equal(first, seeding.numpy_rng(0, "photos", "img0", "crop", 1).integers(0, 2**32, 100))


@pytest.mark.parametrize("shape", [(), (2,), (3, 5, 7), (3, 16, 16)])
@pytest.mark.parametrize("batch", [1, 5, 24])
def test_rows_do_not_depend_on_batch_size_or_order(shape: tuple[int, ...], batch: int) -> None:
    whole = seeding.SeededNoise(3, "photos", IDS).normal("step", 2, shape)
    order = np.random.default_rng(0).permutation(len(IDS)).tolist()
    for start in range(0, len(IDS), batch):
        chosen = order[start : start + batch]
        torch.randn(7)  # what ran before does not matter either
        part = seeding.SeededNoise(3, "photos", [IDS[i] for i in chosen]).normal("step", 2, shape)
        assert part.shape == (len(chosen), *shape) and part.dtype == torch.float32
        assert torch.equal(part, whole[chosen])


def test_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    seeding.SeededNoise(0, "photos", IDS[:2]).normal("init", 0, (4,))
    assert torch.equal(before, torch.get_rng_state())


def test_each_axis_changes_every_row() -> None:
    draws = [
        seeding.SeededNoise(base, dataset, IDS[:4]).normal(purpose, draw, (8,))
        for base in (0, 1)
        for dataset in ("photos", "digits")
        for purpose in seeding.PURPOSES
        for draw in (0, 1)
    ]
    rows = torch.cat(draws)
    assert len(torch.unique(rows, dim=0)) == len(rows)


def test_unknown_purpose_is_refused() -> None:
    with pytest.raises(ValueError, match="no such purpose"):
        seeding.SeededNoise(0, "photos", IDS).normal("sampling", 0, (1,))


def test_no_images_no_rows() -> None:
    assert seeding.SeededNoise(0, "photos", []).normal("init", 0, (3, 2, 2)).shape == (0, 3, 2, 2)


def test_is_standard_normal() -> None:
    x = seeding.SeededNoise(0, "photos", [str(i) for i in range(100)]).normal("init", 0, (1000,)).double()
    n = x.numel()
    moments = [(x, 0, 1), (x**2, 1, 2), (x**3, 0, 15), (x**4, 3, 96)]  # (power, expectation, variance)
    for power, expected, variance in moments:
        assert abs(float(power.mean()) - expected) < 4 * (variance / n) ** 0.5


def test_rows_draws_and_purposes_are_uncorrelated() -> None:
    noise = seeding.SeededNoise(0, "photos", IDS)
    rows = torch.cat([noise.normal(p, draw, (4096,)) for p in ("init", "step") for draw in (0, 1)]).double()
    correlation = np.corrcoef(rows.numpy()) - np.eye(len(rows))
    assert np.abs(correlation).max() < 5 / 4096**0.5  # five standard errors, among 4560 pairs
