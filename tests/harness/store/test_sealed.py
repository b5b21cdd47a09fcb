"""What a file must hold, tested with values at the edges of what JSON can say."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.store.sealed import Damaged, fits, parsed, seal, unsealed


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan"), True, "1", None])
def test_what_is_no_finite_number_fits_no_float(value: object) -> None:
    assert not fits(value, float)


@pytest.mark.parametrize("value", [0, -3, 10**300, 0.5])
def test_whole_numbers_fit_a_float_as_far_as_one_reaches(value: object) -> None:
    assert fits(value, float)


def test_a_number_beyond_all_floats_is_a_damage(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    for written in (b"1" * 400, b"1" * 5000, b"1e999"):
        path.write_bytes(seal({"about": 12345}).replace(b"12345", written))
        with pytest.raises(Damaged, match="facts.json: "):
            unsealed(path, {"about": float})
        with pytest.raises(Damaged, match="facts.json: "):
            parsed(path, written, float)


def test_fields_keep_their_order(tmp_path: Path) -> None:
    """Metrics are shown in the order in which they were asked for, also where a job was handed over in a file."""
    path = tmp_path / "facts.json"
    path.write_bytes(seal({"metrics": {"psnr": {}, "lpips": {}, "kernel": {}}, "a": 1}))
    assert list(unsealed(path, {})["metrics"]) == ["psnr", "lpips", "kernel"]
