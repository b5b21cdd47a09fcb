"""Trackers: what is told to them is read back by their own libraries, and nothing that they do harms a run."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from harness.config.commandline import read
from harness.planning.plan import plan
from harness.store.entries import Store
from harness.trackers import track
from harness.trackers.base import Tracker, side_by_side
from harness.trackers.track import follow
from registry import catalog, create
from reports import load
from tests.harness.trackers.tracker_readers import READERS, Seen, hparams

ROOT = Path(__file__).parents[3]
TINY = ("scale=smoke", "dataset.size=16", "images=2", "task=denoise")
TRACKERS = catalog()["tracker"]
REAL = [name for name, component in TRACKERS.items() if not component.facts.idle]
CONFIG = {"method.name": "rddm", "sampler.eta": 0.5, "train.steps": 25, "dataset.gray": False, "schedule.odd": "a|b"}


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Nothing is written outside the test's folder, and no note was said before."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setattr(track, "_notes", set())


@pytest.fixture
def said(monkeypatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(track, "say", lines.append)
    return lines


@pytest.fixture
def tracker(request):
    """The name of a tracker whose packages are there."""
    for package in TRACKERS[request.param].facts.packages:
        pytest.importorskip(package, reason=f"tracker={request.param} needs {package}: pip install -e '.[trackers]'")
    return request.param


each = pytest.mark.parametrize("tracker", REAL, indirect=True)


def point_plan(*words: str):
    return plan(read([*TINY, *words]).points[0])


def look(tracker: str, root: Path, run: str) -> Seen:
    return READERS[tracker](root / "trackers" / tracker, run)


def losses(step: int) -> dict[str, float]:
    return {"loss": step / 64, "noise": -step / 128}  # exact in float32, which TensorBoard keeps


def told(made, root: Path, first: int, last: int, steps: int) -> None:
    with track.training(made, made.stages[0], root, steps) as curve:
        for step in range(first, last + 1):
            curve(step, losses(step))


def test_every_tracker_can_be_read_back():
    assert set(READERS) == set(REAL)


@pytest.mark.parametrize("tracker", TRACKERS, indirect=True)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_registered_tracker_keeps_the_contract(tracker, channels, tmp_path):
    """Opened, fed and closed twice with one key, well or not: nothing raises, and no file lies elsewhere."""
    folder = tmp_path / "trackers" / tracker
    folder.mkdir(parents=True)
    before = set(ROOT.iterdir())
    for status in ("failed", "finished"):
        made = create("tracker", tracker, {}, folder)
        assert isinstance(made, Tracker) and made.every >= 1
        made.open("0123456789", "trainings/a-model-01234567", CONFIG)
        for step in (1, 2, 30):
            made.curve(step, losses(step))
        made.figures({"metric/psnr": 30.5})
        made.pictures("pictures", np.full((3, 8, 4, channels), 7, np.uint8))
        made.close(status)
    assert set(ROOT.iterdir()) == before


@each
def test_what_is_told_is_read_back(tracker, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 8, 3), dtype=np.uint8)
    with follow(tracker, {}, tmp_path) as attempt:
        attempt(lambda to: to.open("k" * 20, "records/rddm-denoise-photos-kkkkkkkk", CONFIG))
        for step in (10, 20):
            attempt(lambda to, step=step: to.curve(step, losses(step)))
    with follow(tracker, {}, tmp_path) as attempt:
        attempt(lambda to: to.open("r" * 20, "records/rddm-denoise-photos-rrrrrrrr", CONFIG))
        attempt(lambda to: to.figures({"metric/psnr": 30.5, "cost/nfe": 2.0}))
        attempt(lambda to: to.pictures("pictures", images))
    training, record = (look(tracker, tmp_path, letter * 20) for letter in "kr")
    assert training.points == {"loss": [(10, 10 / 64), (20, 20 / 64)], "noise": [(10, -10 / 128), (20, -20 / 128)]}
    assert {name: value for name, [(_, value)] in record.points.items()} == {"metric/psnr": 30.5, "cost/nfe": 2.0}
    for seen, letter in ((training, "k"), (record, "r")):
        assert (
            seen.config.items() >= {"run": letter * 20, **{name: str(value) for name, value in CONFIG.items()}}.items()
        )
        assert seen.status in ("", "FINISHED")
    shown = record.pictures["pictures"]
    assert shown.shape == (12, 3 * 8, 3)
    np.testing.assert_array_equal(shown.reshape(12, 3, 8, 3).swapaxes(0, 1), images)


def test_tensorboard_shows_configurations_beside_figures(tmp_path):
    pytest.importorskip("tensorboard", reason="tracker=tensorboard needs tensorboard: pip install -e '.[trackers]'")
    with follow("tensorboard", {}, tmp_path) as attempt:
        attempt(lambda to: to.open("r" * 20, "records/r", CONFIG))
        attempt(lambda to: to.figures({"metric/psnr": 30.5}))
    assert hparams(tmp_path / "trackers" / "tensorboard") == {"run": "r" * 20, **CONFIG}


@each
def test_a_resumed_training_shows_one_whole_thinned_curve(tracker, tmp_path):
    """Killed after step 14, the last checkpoint at 12: the next attempt tells 1 to 12 again and goes on."""
    made = point_plan(f"tracker={tracker}")
    killed = track.training(made, made.stages[0], tmp_path, 25)
    curve = killed.__enter__()
    for step in range(1, 15):
        curve(step, losses(step))
    told(made, tmp_path, 1, 25, 25)
    seen = look(tracker, tmp_path, made.stages[0].key)
    assert seen.points["train/loss"] == [(step, step / 64) for step in (10, 20, 25)]
    assert seen.config["train.steps"] == str(made.config.options("train")["steps"])
    killed.__exit__(None, None, None)


@each
def test_every_says_how_many_steps_lie_between_two_points(tracker, tmp_path):
    made = point_plan(f"tracker={tracker}", "tracker.every=4")
    told(made, tmp_path, 1, 9, 9)
    seen = look(tracker, tmp_path, made.stages[0].key)
    assert [step for step, _ in seen.points["train/noise"]] == [4, 8, 9]


@each
def test_a_training_that_fails_is_closed_as_failed_and_fails_as_before(tracker, tmp_path):
    made = point_plan(f"tracker={tracker}")
    with pytest.raises(ZeroDivisionError), track.training(made, made.stages[0], tmp_path, 25) as curve:
        curve(10, losses(10))
        raise ZeroDivisionError
    seen = look(tracker, tmp_path, made.stages[0].key)
    assert seen.status in ("", "FAILED") and seen.points["train/loss"] == [(10, 10 / 64)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The plan of a run that is in a store, that store, and its record."""
    from harness.store.recorded import path_of
    from sweeps.engine import run

    store = Store(tmp_path_factory.mktemp("recorded"))
    made = point_plan()
    assert run([made], store) == []
    return made, store, path_of(store.root, made.run)


@each
def test_a_record_is_logged_with_columns_figures_and_pictures(tracker, recorded, tmp_path):
    made, store, path = recorded
    watched = plan(read([*TINY, f"tracker={tracker}"]).points[0])
    for _ in range(2):  # a metric more writes the record again
        track.record(watched, store, path)
    seen, table = look(tracker, store.root, made.run), load(store.root)
    mean = float(table.loc[table["metric"] == "psnr", "value"].mean())
    values = {name: points[-1][1] for name, points in seen.points.items()}
    assert values["metric/psnr"] == pytest.approx(mean, rel=1e-6)
    assert values["cost/nfe"] == table["nfe"].iloc[0] and "metric/" not in values
    wanted = {"run": made.run, "method": "rddm", "git_commit": str(table["git_commit"].iloc[0])}
    wanted |= {name: str(value) for name, value in made.columns.items()}
    assert seen.config.items() >= wanted.items() and not {"value", "image", "nfe"} & set(seen.config)
    assert seen.pictures["pictures"].shape == (3 * 16, 2 * 16, 3)
    if tracker == "tensorboard":
        assert len(seen.points["metric/psnr"]) == 1, "the earlier record is superseded"


def test_pictures_are_degraded_made_and_clean_below_each_other(recorded):
    from harness.store.entries import read_npz

    made, store, _ = recorded
    columns = track.pictures(made, store)
    inputs = read_npz(store.entry("inputs", made.inputs.key), "inputs.npz")
    assert columns.shape == (2, 3 * 16, 16, 3)
    np.testing.assert_array_equal(columns[:, :16], inputs["degraded"])
    np.testing.assert_array_equal(columns[:, 32:], inputs["clean"])


def test_side_by_side_keeps_the_order_and_makes_gray_rgb():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4, 1)
    joined = side_by_side(images)
    assert joined.shape == (3, 8, 3)
    for channel in range(3):
        np.testing.assert_array_equal(joined[:, :4, channel], images[0, :, :, 0])
        np.testing.assert_array_equal(joined[:, 4:, channel], images[1, :, :, 0])


def test_without_a_tracker_nothing_is_made_and_nothing_is_called(recorded, tmp_path):
    made, store, path = recorded
    with track.training(made, made.stages[0], tmp_path, 8) as curve:
        assert curve is track.untracked
    track.record(made, Store(tmp_path), path)
    assert list(tmp_path.iterdir()) == [] and not (store.root / "trackers" / "none").exists()


@each
def test_a_folder_that_can_not_be_written_is_one_note(tracker, tmp_path, said):
    (tmp_path / "trackers").write_text("no folder")
    made, done = point_plan(f"tracker={tracker}"), []
    for _ in range(2):
        with track.training(made, made.stages[0], tmp_path, 20) as curve:
            for step in range(1, 21):
                curve(step, losses(step))
                done.append(step)
    assert len(done) == 40
    assert len(said) == 1 and said[0].startswith(f"note: tracker={tracker} failed") and "\n" not in said[0]


@pytest.mark.parametrize("method", ["open", "curve", "close"])
def test_a_tracker_that_fails_anywhere_is_one_note_and_is_left_alone(method, tmp_path, said, monkeypatch):
    calls: list[str] = []

    class Broken(type(create("tracker", "none", {}, tmp_path))):
        every = 1

    def breaks(self, *arguments):
        calls.append(method)
        raise OSError(28, "No space left\non device")

    monkeypatch.setattr(Broken, method, breaks)
    monkeypatch.setattr(track, "create", lambda *arguments: Broken(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: ModuleSpec(name, None, origin="here"))
    told(point_plan("tracker=tensorboard"), tmp_path, 1, 9, 9)
    assert said == ["note: tracker=tensorboard failed, and what it follows goes on without it: "
                    "[Errno 28] No space left on device"]  # fmt: skip
    assert len(calls) <= 2, "it was asked again after it had failed"
