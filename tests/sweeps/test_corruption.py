"""Every kind of file that a small finished sweep leaves, damaged in every way: what comes out is the same or is named.

Nothing but the undisturbed figures, bit for bit, may come of a damaged store, and no damage ends in a traceback.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from errors import UserError
from harness.config.commandline import read
from harness.planning.plan import Plan, plan
from harness.progress import Lines
from harness.store.entries import Store
from harness.store.listed import read_points, write_points
from reports import load
from reports.records.points import points_of
from sweeps.__main__ import main
from sweeps.engine import run
from sweeps.folder import folder_of, list_points, submissions, write_submission
from sweeps.graph import graph, group_tasks, with_identity_baselines
from sweeps.launchers.freeze import check_frozen, freeze
from sweeps.launchers.launch import listed_job
from sweeps.work import JobFailed, Work

WORDS = ("scale=smoke", "dataset=toy2d", "task=generate", "network=mlp", "method=ddim", "metrics=[mmd]", "device=cpu")
SMALL = ("train.steps=2", "images=64", "references=64")
FIGURES = ["run", "image", "metric", "value", "floor"]
SAME = ("*.npz", "*.safetensors")  # what is made anew has the same bytes, but for markers, which hold times
LEVELS = ("trainings", "inputs", "samples", "references", "features", "scores")


def huge(data: bytes) -> bytes:
    """The first number that JSON holds, or else all, as a whole number beyond all floats."""
    altered = re.sub(rb"(?<=: )[0-9.]+(?=[,\n}])", b"1" * 400, data, count=1)
    return altered if altered != data else b"1" * 400


DAMAGES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "flipped": lambda data, other: bytes(
        [*data[: len(data) // 2], data[len(data) // 2] ^ 1, *data[len(data) // 2 + 1 :]]
    ),
    "truncated": lambda data, other: data[: len(data) // 2],
    "empty": lambda data, other: b"",
    "nested": lambda data, other: b"[" * 1_000_000,
    "of wrong types": lambda data, other: b'{"facts": 1, "files": [1], "jobs": 1, "run": 1, "scores": [], "seal": 1}',
    "a huge number": lambda data, other: huge(data),
    "a list": lambda data, other: b'[1, {"run": 1}, [[1, 2]]]',
    "another's": lambda data, other: other,
}


def plans_of(*words: str) -> list[Plan]:
    return with_identity_baselines([plan(point) for point in read([*WORDS, *SMALL, *words]).points])


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return plans_of("seed=0")


def finished(root: Path, plans: list[Plan]) -> None:
    """All that a sweep on this machine leaves, its jobs done by this process."""
    folder = folder_of(root, "run", plans)
    list_points(folder, plans, plans)
    failed = {"run": folder.name, "status": "failed", "reason": "loss is nan"}
    write_points(folder, [*read_points(folder), {**read_points(folder)[0], **failed}])
    Store(root).entry("failures", folder.name).fail("loss is nan", "Traceback ...", {})
    jobs, (code, sha256) = group_tasks(graph(plans, root).wanted, 16), freeze(root)
    facts = {"launcher": "local", "settings": {"chunk": 16, "restarts": 0}, "code": str(code), "sha256": sha256}
    made = write_submission(folder, facts | {"jobs": [listed_job(job, 0, None) for job in jobs]}, jobs)
    for job in jobs:
        made.path(job.number, "log").write_text("a line\n")
        Work(root, made.folder, job.number)()
        made.path(job.number, "progress.json").write_text('{"done": 1, "total": 2, "text": ""}')


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, plans: list[Plan]) -> Iterator[tuple[Path, Path]]:
    """A store, and another one of everything else."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    before = os.getcwd()
    finished(ours, plans)
    finished(theirs, plans_of("seed=1", "data_seed=1", "sampling_seed=1"))
    Lines.report = None
    os.chdir(before)
    yield ours, theirs


def copied(store: Path, to: Path) -> Path:
    shutil.copytree(store, to, ignore=shutil.ignore_patterns("code"))
    return to


def figures(root: Path) -> pd.DataFrame:
    return load(root)[FIGURES].sort_values(FIGURES[:3]).reset_index(drop=True)


def held(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for kind in SAME for path in root.glob(f"*/*/{kind}")}


def counterpart(path: Path, store: Path, other: Path) -> Path:
    """The file of the same kind in another store; where there are several, any."""
    level, name = path.relative_to(store).parts[0], path.name
    found = sorted(other.glob(f"{level}/*/{name}")) or sorted((other / level).rglob(f"*{path.suffix}"))
    return found[0]


READERS = {"references": ("features", "scores", "records"), "features": ("scores", "records")}


def unread(root: Path, level: str) -> None:
    """Take away what was made from a level, or nobody would look at it again."""
    for reader in READERS.get(level, ()):
        shutil.rmtree(root / reader)


def files_of(store: Path, *patterns: str) -> list[Path]:
    found = [path.relative_to(store) for pattern in patterns for path in store.glob(pattern) if path.is_file()]
    assert found
    return sorted(path for path in found if not path.name.startswith("."))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_results_are_made_again_and_come_out_the_same(
    stores: tuple[Path, Path], plans: list[Plan], tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = stores
    undisturbed, bits = figures(ours), held(ours)
    for place, name in enumerate(files_of(ours, *(f"{level}/*/*" for level in LEVELS), "records/*")):
        root = copied(ours, tmp_path / str(place))
        data, other = (root / name).read_bytes(), counterpart(ours / name, ours, theirs).read_bytes()
        (root / name).write_bytes(DAMAGES[damage](data, other))
        assert len(load(root)) == (0 if name.parts[0] == "records" else len(undisturbed)), name
        unread(root, name.parts[0])
        assert run(plans, Store(root)) == []
        said = capsys.readouterr().err
        pd.testing.assert_frame_equal(figures(root), undisturbed, check_exact=True, obj=str(name))
        assert held(root) == bits, name
        assert "damaged: " in said and name.parent.name in said, name
        shutil.rmtree(root)


@pytest.mark.parametrize("level", LEVELS)
def test_another_entry_under_an_entrys_name_is_made_again(
    stores: tuple[Path, Path], plans: list[Plan], tmp_path: Path, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole, with every checksum right: it was made from something else, and its record would be another."""
    ours, theirs = stores
    for one in sorted(path for path in (ours / level).iterdir() if not path.name.startswith(".")):
        root = copied(ours, tmp_path / one.name)
        unread(root, level)
        shutil.rmtree(root / level / one.name)
        shutil.copytree(next(path for path in (theirs / level).iterdir() if path.is_dir()), root / level / one.name)
        assert run(plans, Store(root)) == []
        assert f"damaged: {root / level / one.name}/facts.json: belongs to another entry" in capsys.readouterr().err
        pd.testing.assert_frame_equal(figures(root), figures(ours), check_exact=True)
        assert held(root) == held(ours)


def commands(root: Path, plans: list[Plan]) -> Iterator[list[str]]:
    yield ["status"]
    yield ["retry", "--dry-run"]
    yield ["logs", plans[0].run]
    yield ["cancel"]
    yield ["gc", "--dry-run", "--older", "0", "--quota", "0B"]


JOBS = "sweeps/*/submissions/*/jobs/*"


def needed(name: Path, damage: str) -> bool:
    """Whether a command can't do without a file, so that it has to name it; another's submission is whole too."""
    return name.name in ("points.json", "FAILED") or (name.name == "submission.json" and damage != "another's")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_sweep_is_named_and_nothing_is_lost(
    stores: tuple[Path, Path], plans: list[Plan], tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = stores
    undisturbed, (folder,) = figures(ours), (ours / "sweeps").iterdir()
    names = files_of(ours, "sweeps/*/points.json", "failures/*/FAILED", "sweeps/*/submissions/*/*.json", JOBS)
    for place, name in enumerate(names):
        root = copied(ours, tmp_path / str(place))
        data, other = (root / name).read_bytes(), counterpart(ours / name, ours, theirs).read_bytes()
        path = root / name
        path.write_bytes(DAMAGES[damage](data, other))
        told = ""
        for words in commands(root, plans):
            status = main([*words, "--results", str(root)])
            said = capsys.readouterr()
            told += said.err + said.out
            refused = status == 2 and said.err.startswith("error: ") and said.err.count("\n") == 1
            named = str(path) in told or damage == "another's"  # a process names a file once
            assert status == 0 or (refused and named), (name, words, status, said)
        if name.name == "points.json":
            for look in (lambda: points_of(root, None), lambda: load(root, sweep=folder.name)):  # noqa: B023 - called here
                with pytest.raises(UserError, match=re.escape(str(path))):
                    look()
        else:
            assert [point.run for point in points_of(root, None)] == [row["run"] for row in read_points(folder)]
            pd.testing.assert_frame_equal(figures(root), undisturbed, check_exact=True, obj=str(name))
        assert str(path) in told or not needed(name, damage), name
        assert run(plans, Store(root)) == []
        assert capsys.readouterr().err == "" and held(root) == held(ours)
        shutil.rmtree(root)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_job_is_refused_in_one_line(
    stores: tuple[Path, Path], tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = stores
    monkeypatch.setattr(Lines, "report", None)
    root = copied(ours, tmp_path / "root")
    (handed,) = submissions(next((root / "sweeps").iterdir()))
    (theirs_too,) = submissions(next((theirs / "sweeps").iterdir()))
    path = handed.path(0, "json")
    path.write_bytes(DAMAGES[damage](path.read_bytes(), theirs_too.path(0, "json").read_bytes()))
    if damage == "another's":  # whole: it is done under its own key, and ours are what they were
        Work(root, handed.folder, 0)()
        assert held(ours).items() <= held(root).items()
    else:
        with pytest.raises(JobFailed, match="0.json: .*; give the sweep's command again"):
            Work(root, handed.folder, 0)()


@pytest.mark.parametrize("damage", [*DAMAGES, "gone"])
@pytest.mark.parametrize("name", [".files", ".commit", "sweeps/work.py", "run.py"])
def test_frozen_code_that_is_not_what_was_frozen_does_not_run(tmp_path: Path, name: str, damage: str) -> None:
    place, sha256 = freeze(tmp_path)
    check_frozen(str(place), sha256)
    data = (place / name).read_bytes()
    if damage == "gone":
        (place / name).unlink()
    else:
        (place / name).write_bytes(DAMAGES[damage](data, (place / "errors.py").read_bytes()))
    with pytest.raises(UserError, match=rf"{name.rpartition('/')[2]}: .*give the sweep's command again"):
        check_frozen(str(place), sha256)
    assert freeze(tmp_path) == (place, sha256)
    check_frozen(str(place), sha256)
    assert (place / name).read_bytes() == data
