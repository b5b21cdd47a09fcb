"""What holds for every set metric of pictures, by virtue of being registered as one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import UserError
from metrics.features.base import Features
from metrics.sets.base import SetMetric
from registry import Component, catalog, create, find

PICTURES = sorted(
    name
    for name, component in catalog()["metrics"].items()
    if component.facts.kind == "set" and component.facts.data == "pictures"
)
OTHERS: dict[str, Any] = {"k": 2, "sizes": 3, "seed": 7, "subsets": "made", "features": "vgg16", "resize": "aa"}
FEW = {"least": 10, "sizes": 4}  # what lets a metric measure the 30 pictures of these tests


def made(name: str, **changes: Any) -> SetMetric:
    """The metric with its defaults, except where few pictures ask for less."""
    component = find("metrics", name)
    values = {key: option.at("cpu") for key, option in component.options.items()}
    values |= {key: value for key, value in (FEW | changes).items() if key in values}
    metric: SetMetric = create("metrics", name, values)
    return metric


def ready(name: str, **changes: Any) -> SetMetric:
    """The same, or a skip that says which weights are missing."""
    metric = made(name, **changes)
    try:
        _ = metric.protocol
    except UserError as missing:
        pytest.skip(str(missing))
    return metric


@lru_cache(maxsize=1)
def photographs() -> dict[str, np.ndarray]:
    """Thirty crops of 64 x 64 pixels of a photograph: real, others of it, and those under much noise."""
    from PIL import Image
    from skimage import data

    rng, crops = np.random.default_rng(0), {"real": [], "made": []}
    photograph = np.asarray(Image.open(Path(data.__file__).parent / "chelsea.png"))
    for which in ("real", "made") * 30:
        top, left = (rng.integers(0, size - 64) for size in photograph.shape[:2])
        crops[which].append(photograph[top : top + 64, left : left + 64])
    sets = {which: np.stack(found) for which, found in crops.items()}
    noisy = np.rint(np.clip(sets["made"] + rng.normal(0, 80, sets["made"].shape), 0, 255)).astype(np.uint8)
    return sets | {"noisy": noisy}


PAIR = ("made", "noisy")
_rows: dict[tuple[str, str], np.ndarray] = {}


def rows(features: Features, which: str) -> np.ndarray:
    """Float64 feature rows, computed once for all tests."""
    key = (features.protocol, which)
    if key not in _rows:
        _rows[key] = features.extract(photographs()[which]).astype(np.float64)
    return _rows[key]


@pytest.mark.parametrize("name", PICTURES)
def test_the_planner_knows_what_it_is(name: str) -> None:
    component: Component = find("metrics", name)
    metric = made(name)
    assert isinstance(metric, SetMetric) and component.doc
    for fact in ("kind", "data", "higher_is_better", "unit", "version", "needs"):
        assert getattr(component.facts, fact) == getattr(metric, fact)
    assert component.options["bootstrap"].default in (20, 200) and metric.bootstrap >= 0


@pytest.mark.parametrize("name", PICTURES)
def test_the_stamp_names_network_weights_and_every_setting_but_not_n(name: str) -> None:
    metric = ready(name)
    stamp = metric.protocol
    assert stamp.startswith(f"{name};{metric.features.protocol};") and stamp.endswith(f";v{metric.version}")
    assert len(stamp.partition("weights=")[2].partition(";")[0]) == 12 and "resize=" in stamp
    metric.value(rows(metric.features, "made"), rows(metric.features, "real"))
    assert metric.protocol == stamp
    for option in set(OTHERS) & set(find("metrics", name).options):
        assert ready(name, **{option: OTHERS[option]}).protocol != stamp, f"{option} decides the figure"
    assert ready(name, bootstrap=3).protocol == stamp, "replicates do not decide it"


@pytest.mark.parametrize("name", PICTURES)
def test_order_changes_nothing(name: str) -> None:
    metric = ready(name)
    ours, theirs = (rows(metric.features, which) for which in ("made", "real"))
    order = np.random.default_rng(0).permutation(len(ours))
    assert metric.value(ours[order], theirs[::-1]) == pytest.approx(metric.value(ours, theirs), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in PICTURES if not name.endswith("_score")])
def test_noise_is_worse_and_real_pictures_are_best(name: str) -> None:
    """Not of the scores: real pictures take no part in them, see test_set_classifier_score.py."""
    metric = ready(name)
    real = rows(metric.features, "real")
    best, clean, noisy = (metric.value(x, real) for x in (real.copy(), *(rows(metric.features, s) for s in PAIR)))
    figures = np.array([best, clean, noisy]) * (1 if metric.higher_is_better else -1)
    assert figures[:2].min() > figures[2], figures
    assert figures[0] >= figures[1] or name == "density", "density has no upper end"


@pytest.mark.parametrize("name", PICTURES)
def test_replicates_are_seeded_by_their_rows_and_surround_the_figure(name: str) -> None:
    metric = ready(name)
    ours, theirs = (rows(metric.features, which) for which in ("made", "real"))
    rng = np.random.default_rng(0)
    drawn = [(rng.integers(0, 30, 30), rng.integers(0, 30, 30)) for _ in range(40)]
    replicates = metric.replicates(ours, theirs, iter(drawn))
    assert replicates.shape == (40,) and replicates.dtype == np.float64 and np.isfinite(replicates).all()
    np.testing.assert_array_equal(metric.replicates(ours, theirs, iter(drawn)), replicates)
    np.testing.assert_allclose(metric.replicates(ours, theirs, drawn[:1] * 2), metric.value(ours, theirs), rtol=0.5)
    assert replicates.min() - 1e-9 <= metric.value(ours, theirs) <= replicates.max() + 1e-9
    assert metric.replicates(ours, theirs, []).shape == (0,)


def test_precision_over_many_dimensions_takes_noise_for_real() -> None:
    """Why precision's default network is another than the kernel distance's: 30 pictures, d = 1280 against 256."""
    figures = []
    for features in ("effnet_lite0", "alexnet"):
        metric = ready("precision", features=features)
        figures.append(metric.value(rows(metric.features, "noisy"), rows(metric.features, "real")))
    assert figures[0] > 0.9 and figures[1] < 0.1
