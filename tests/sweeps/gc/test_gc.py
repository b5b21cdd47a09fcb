"""Making room: what a record needs or an unfinished sweep wants stays, whatever else goes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from errors import UserError
from harness.store.entries import Store
from harness.store.files import DAY
from harness.store.listed import read_points
from sweeps.__main__ import main
from sweeps.gc.collect import collectable, parse_size, size_text
from tests.sweeps.store_for_tests import (
    ROOT,
    WEEKS,
    ago,
    chain,
    clean,
    name,
    partial,
    recorded,
    row,
    run,
    size,
    sweep,
    there,
    tree,
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real store with a sweep over two seeds."""
    root = tmp_path_factory.mktemp("gc") / "results"
    run(root, "-m", "seed=0,1", "metrics=[psnr]")
    return root


@pytest.fixture
def store(swept: Path, tmp_path: Path) -> Path:
    """The store, in which the second seed has lost its record."""
    root = Path(shutil.copytree(swept, tmp_path / "results"))
    (folder,) = root.glob("sweeps/*")
    second = read_points(folder)[1]
    for path in list(root.glob(f"records/{second['run']}.*")):
        path.unlink()
    return root


def part(root: Path, *folders: str) -> dict[str, tuple[int, bytes]]:
    return {path: state for path, state in tree(root).items() if path.startswith(folders)}


def test_all_commands_find_what_they_need_afterwards(store: Path) -> None:
    shutil.rmtree(store / "sweeps")
    before = there(store)
    assert clean(store, 0, None) == [] and there(store) == before
    assert clean(store, 0, 0) == []
    left = there(store)
    gone = before - left
    assert sorted(level for level, _ in gone) == ["samples", "scores", "trainings"]
    kept = part(store, "trainings", "samples", "inputs", "scores")
    run(store, "-m", "seed=0", "metrics=[psnr,ssim]")
    assert {level for level, _ in there(store) - left} == {"scores"}  # nothing is made but what is new
    assert part(store, "trainings", "samples", "inputs", *kept) == kept
    records = part(store, "records")
    run(store, "-m", "seed=0", "metrics=[psnr,ssim]")
    assert part(store, "records") == records
    assert clean(store, 0, 0) == [] and gone.isdisjoint(there(store))
    assert main(["status", "--results", str(store)]) == 0


def test_what_a_sweep_wants_that_lacks_a_record_stays(store: Path) -> None:
    before = tree(store)
    assert clean(store, 0, 0) == [] and tree(store) == before


def test_a_store_that_is_small_enough_is_not_said_to_be_too_large(tmp_path: Path) -> None:
    recorded(tmp_path, "kept")
    whole = size(tmp_path)
    chain(tmp_path, "orphan")
    assert collectable(tmp_path, 0, whole).notes == []


def test_checkpoints_of_an_old_training_go_by_its_newest_file(tmp_path: Path) -> None:
    old, young = partial(tmp_path, "trainings", "old", 15 * DAY), partial(tmp_path, "trainings", "young", 13 * DAY)
    both = partial(tmp_path, "trainings", "both", 15 * DAY)
    (both / "checkpoint-000000004-cd.safetensors").write_bytes(bytes(10))
    assert [one.path for one in collectable(tmp_path, 14, None).garbage] == [old]
    assert clean(tmp_path) == [] and not old.exists()
    assert clean(tmp_path, older=12) == [] and not young.exists() and both.exists()


def test_checkpoints_of_finished_trainings_go_though_a_record_needs_the_training(tmp_path: Path) -> None:
    recorded(tmp_path, "kept")
    entry = Store(tmp_path).entry("trainings", name("trainings", "kept first"))
    files = [entry.path / f"checkpoint-00000000{step}-ab.safetensors" for step in range(2)]
    for file in files:
        file.write_bytes(bytes(100))
    with entry.lock():
        assert collectable(tmp_path, 14, None).garbage == []
    before = there(tmp_path)
    assert [one.path for one in collectable(tmp_path, 14, None).garbage] == files
    assert clean(tmp_path) == [] and there(tmp_path) == before
    assert not list(entry.path.glob("checkpoint*"))


def test_failures_and_what_was_cut_off_go_when_they_are_old_unless_a_sweep_tells_of_them(tmp_path: Path) -> None:
    cut = partial(tmp_path, "samples", "cut", 15 * DAY, "samples.npz")
    entries = [Store(tmp_path).entry(level, name("record", level)) for level in ("scores", "failures")]
    for entry in entries:
        entry.fail("it broke", "Traceback", {})
        ago(entry.path, 15 * DAY)
    told = Store(tmp_path).entry("failures", name("record", "one"))
    told.fail("it broke", "Traceback", {})
    ago(told.path, 15 * DAY)
    sweep(tmp_path, "sweep", row("one"))
    young = partial(tmp_path, "features", "young", 13 * DAY)
    assert clean(tmp_path) == []
    assert not cut.exists() and [entry.status for entry in entries] == ["missing"] * 2
    assert young.exists() and told.status == "failed"


def test_a_dry_run_removes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, "kept")
    chain(tmp_path, "orphan")
    partial(tmp_path, "trainings", "old", WEEKS)
    before, words = tree(tmp_path), ["gc", "--results", str(tmp_path), "--quota", "1kB"]
    assert main([*words, "--dry-run"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert tree(tmp_path) == before and told[-1] == "nothing was removed"
    assert [line.split()[:2] for line in told if line.startswith(("features", "total"))] == [
        ["features", "1"],
        ["total", "8"],
    ]
    assert any(line.startswith("unfinished trainings") and "14 days" in line for line in told)
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("freed") and len(there(tmp_path)) == 7
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 B freed"


@pytest.mark.parametrize(
    ("words", "number"), [("20GB", 20 * 10**9), ("500MB", 5 * 10**8), ("1.5 tb", 15 * 10**11), ("7kB", 7000), ("0B", 0)]
)
def test_sizes_are_decimal(words: str, number: int) -> None:
    assert parse_size(words) == number


@pytest.mark.parametrize("words", ["", "20", "GB", "-1GB", "nanGB", "1e3GB", "20GiB", "20 G B", "٣GB", "1.GB"])
def test_no_size_is_refused(words: str) -> None:
    with pytest.raises(UserError, match="20GB"):
        parse_size(words)


def test_sizes_in_words() -> None:
    assert [size_text(number) for number in (0, 999, 1000, 12_340_000, 2 * 10**12)] == [
        *("0 B", "999 B", "1.0 kB", "12.3 MB", "2.0 TB")
    ]


def test_no_store_and_no_age_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no store"):
        collectable(tmp_path / "missing", 14, None)
    for days in (-1, float("nan")):
        with pytest.raises(UserError, match="days"):
            collectable(tmp_path, days, None)
    assert collectable(tmp_path, 14, 0).garbage == [] and not list(tmp_path.iterdir())


def test_nothing_heavy_is_imported() -> None:
    script = "import sys, sweeps.gc.collect; sys.stdout.write(str({'torch', 'pandas', 'pyarrow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True).stdout == b"set()"
