"""Mode coverage and stray points, with the modes of the data set itself."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.sources.digits import Digits
from datasets.sources.toy2d import Toy2d
from errors import UserError
from metrics.points.modes import ModeCoverage, Stray
from registry import create, find

NAMES = {"gaussians8": 8, "gaussians25": 25, "checkerboard": 8}


def points(name: str, count: int = 2000, seed: int = 0) -> np.ndarray:
    rng, source = np.random.default_rng(seed), Toy2d(0, name)
    return np.stack([source.draw(rng).clean for _ in range(count)]).astype(np.float64)


def ready(metric, name: str):
    metric.prepare(Toy2d(0, name))
    return metric


def only(made: np.ndarray, name: str, keep: int) -> np.ndarray:
    """The points of the first ``keep`` modes."""
    return made[np.isin(Toy2d(0, name).modes().locate(made, 5.0), np.arange(keep))]


@pytest.mark.parametrize("name", NAMES)
def test_the_law_itself_reaches_every_mode_and_strays_as_its_tails_do(name):
    made = points(name)
    assert Toy2d(0, name).modes().count == NAMES[name]
    assert ready(ModeCoverage(), name).value(made, made) == 1.0
    expected = {"checkerboard": 0.0}.get(name, np.exp(-(2.0**2) / 2))
    found = ready(Stray(radius=2.0), name).value(made, made)
    assert abs(found - expected) <= 4.5 * np.sqrt(expected * (1 - expected) / len(made))


@pytest.mark.parametrize("name", NAMES)
def test_coverage_counts_the_modes_that_are_left(name):
    metric, made = ready(ModeCoverage(), name), points(name)
    for keep in range(1, NAMES[name] + 1):
        assert metric.value(only(made, name, keep), made) == pytest.approx(keep / NAMES[name], abs=1e-15)


def test_a_mode_needs_its_share_to_the_point():
    modes = Toy2d(0).modes()
    full = np.repeat(modes.means[1:], 100, axis=0)
    for held, covered in ((0, 7), (1, 7), (17, 7), (18, 8), (50, 8)):
        made = np.concatenate([full, np.repeat(modes.means[:1], held, axis=0)])
        # share N / K = 0.2 (700 + held) / 8: 17.925 at 17, 17.95 at 18
        assert ready(ModeCoverage(share=0.2), "gaussians8").value(made, made) == covered / 8


def test_a_gaussian_ends_at_its_radius():
    modes = Toy2d(0, "gaussians25").modes()
    for far, where in ((0.0, 7), (3.999, 7), (4.001, -1), (20.0, -1)):
        turned = modes.means[7] + far * modes.std * np.array([[0.6, 0.8]])
        assert modes.locate(turned, 4.0).tolist() == [where]
    assert modes.locate(modes.means, 4.0).tolist() == list(range(25))


def test_cells_are_those_of_even_parity_with_their_lower_edges():
    modes, rng = Toy2d(0, "checkerboard").modes(), np.random.default_rng(0)
    made = rng.uniform(-3, 3, (2000, 2))
    cell = np.floor(made).astype(int)
    inside = (np.abs(made) < 2).all(axis=1) & (cell.sum(axis=1) % 2 == 0)
    found = modes.locate(made, 4.0)
    assert ((found >= 0) == inside).all()
    assert (modes.corners[found[inside]] == cell[inside]).all()
    assert modes.locate(np.array([[-2.0, -2.0], [0.0, 0.0], [1.0, 0.0], [2.0, 0.5]]), 4.0)[2:].tolist() == [-1, -1]
    # Uniform over [-3, 3)^2: 8 of 36 cells.
    assert ready(Stray(), "checkerboard").value(made, made) == pytest.approx(28 / 36, abs=0.04)


@pytest.mark.parametrize("name", NAMES)
def test_noise_makes_points_stray(name):
    metric, made = ready(Stray(), name), points(name)
    noise = np.random.default_rng(1).standard_normal(made.shape)
    figures = [metric.value(made + level * noise, made) for level in (0.0, 0.05, 0.2, 0.5)]
    assert figures[0] < 0.002 and (np.diff(figures) > 0).all()


@pytest.mark.parametrize("metric", [ModeCoverage(share=0.9), Stray(radius=2.0)])
def test_order_and_the_real_points_change_nothing_and_replicates_are_those_of_resampled_rows(metric):
    ready(metric, "gaussians25")
    made, real = points("gaussians25", 400), points("gaussians25", 300, 1)
    whole, rng = metric.value(made, real), np.random.default_rng(2)
    assert metric.value(rng.permutation(made), real) == whole == metric.value(made, real[:5])
    rows = [(rng.integers(0, 400, 400), rng.integers(0, 300, 300)) for _ in range(30)]
    found = metric.replicates(made, real, iter(rows))
    assert found.dtype == np.float64 and len(set(found)) > 3
    assert found.tolist() == [metric.value(made[ours], real[theirs]) for ours, theirs in rows]


@pytest.mark.parametrize("metric", [ModeCoverage(), Stray()])
def test_what_has_no_modes_is_refused(metric):
    with pytest.raises(ValueError, match="prepare"):
        metric.value(points("gaussians8", 10), points("gaussians8", 10))
    with pytest.raises(UserError, match=f"metrics={metric.name} .*toy2d"):
        metric.prepare(Digits(0))
    ready(metric, "gaussians8")
    with pytest.raises(ValueError, match="not finite"):
        metric.value(np.full((4, 2), np.inf), points("gaussians8", 4))


@pytest.mark.parametrize(("name", "better"), [("mode_coverage", True), ("stray", False)])
def test_the_catalogue_knows_both(name, better):
    component, metric = find("metrics", name), create("metrics", name, {})
    assert metric.protocol.startswith(f"{name};coordinates;v1;") and f";v{component.facts.version}" in metric.protocol
    assert component.facts.higher_is_better is metric.higher_is_better is better
    assert component.facts.data == "points" and component.facts.kind == "set"
    assert create("metrics", name, {"radius": 3.0}).protocol != metric.protocol
