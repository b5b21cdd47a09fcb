from __future__ import annotations

import numpy as np
import pytest

from reports.statistics.multiplicity import BENJAMINI_HOCHBERG, HOLM, adjust, benjamini_hochberg, holm

BY_NAME = {"holm": holm, "fdr_bh": benjamini_hochberg}


def cases() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    mixed = [rng.beta(0.4, 2, size) for size in (1, 2, 3, 10, 11, 100, 1000)]
    return [*mixed, np.array([0.01, 0.01, 0.01]), np.array([0.0, 1.0, 0.5]), np.array([0.04, 0.02, 0.03, 0.01])]


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("p", cases(), ids=lambda p: f"{len(p)}")
def test_adjusted_p_values_are_those_of_statsmodels(name: str, p: np.ndarray) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="the independent reference")
    wanted = multitest.multipletests(p, method=name)[1]
    np.testing.assert_allclose(BY_NAME[name](p), wanted, rtol=0, atol=1e-15)


@pytest.mark.parametrize("adjust", BY_NAME.values())
def test_order_and_missing_comparisons_change_nothing(adjust: type) -> None:
    p = np.random.default_rng(1).random(20) ** 3
    mixed = np.random.default_rng(2).permutation(20)
    np.testing.assert_array_equal(adjust(p[mixed]), adjust(p)[mixed])
    with_gaps = np.insert(p, [0, 7, 20], np.nan)
    found = adjust(with_gaps)
    np.testing.assert_array_equal(found[np.isfinite(with_gaps)], adjust(p))
    assert np.isnan(found[np.isnan(with_gaps)]).all()
    assert (adjust(p) >= p * (1 - 1e-15)).all() and (adjust(p) <= 1).all() and len(adjust(np.array([]))) == 0


def test_few_comparisons_get_holm_and_many_benjamini_hochberg() -> None:
    few, many = np.full(12, 0.01), np.full(11, 0.01)
    few[10:] = np.nan
    assert adjust(few)[1] == HOLM and adjust(many)[1] == BENJAMINI_HOCHBERG
    np.testing.assert_allclose(adjust(few)[0][:10], 0.1, rtol=0, atol=1e-15)
    np.testing.assert_allclose(adjust(many)[0], 0.01, rtol=0, atol=1e-15)


def test_error_rates_hold_in_simulation() -> None:
    """Any false alarm among 8 nulls: at most 5% with Holm; share of false ones among finds: 5% with BH."""
    rng = np.random.default_rng(3)
    alarms = np.mean([holm(rng.random(8)).min() < 0.05 for _ in range(4000)])
    assert 0.03 < alarms < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)
    shares = []
    for _ in range(2000):
        p = np.r_[rng.random(60), rng.random(40) ** 12]
        found = benjamini_hochberg(p) < 0.05
        shares.append(found[:60].sum() / max(found.sum(), 1))
    assert np.mean(shares) < 0.05
