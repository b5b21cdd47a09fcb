"""The points of a sweep as they lie in its folder: sealed, its own, and with names that lead nowhere else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from errors import UserError
from harness.store.listed import POINTS, read_points
from reports import load
from reports.records.points import points_of
from sweeps.__main__ import main
from tests.records_for_tests import listed
from tests.sweeps.store_for_tests import row, sweep

PATHS = ("../x/y", "/etc/passwd", "a/../b", "..", ".hidden", "", "a b", "a\nb")


def test_a_digit_of_a_key_that_changed_is_noticed_by_every_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or a condition would be missing from a report, without a word."""
    told = row("one")
    folder = sweep(tmp_path, "run-1", told)
    path = folder / POINTS
    path.write_text(path.read_text().replace(told["run"], told["run"][:-1] + ("0" if told["run"][-1] != "0" else "1")))
    for look in (lambda: read_points(folder), lambda: load(tmp_path, sweep="run-1"), lambda: points_of(tmp_path, None)):
        with pytest.raises(UserError, match="run-1/points.json: .*checksum differs.*; give the sweep's command again"):
            look()
    for words in (["status"], ["retry", "--dry-run"], ["collect"], ["logs", "x"], ["cancel"]):
        assert main([*words, "--results", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ") and str(path) in said and said.count("\n") == 1


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("field", ["run", "samples", "inputs", "references", "trainings", "scores"])
def test_a_key_that_is_a_path_is_refused_though_the_seal_holds(
    tmp_path: Path, field: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = row("one", ["t" * 20])
    sweep(tmp_path, "run-1", {**told, field: {"psnr": name} if field in ("trainings", "scores") else name})
    for words in (["status"], ["retry", "--dry-run"], ["collect"]):
        assert main([*words, "--results", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "run-1/points.json: not what was written" in said and said.count("\n") == 1


def test_another_sweeps_points_are_refused(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "sweeps" / "ours", tmp_path / "sweeps" / "theirs"
    listed(ours, [{"run": "a"}])
    listed(theirs, [{"run": "b"}])
    shutil.copy(theirs / POINTS, ours / POINTS)
    with pytest.raises(UserError, match="ours/points.json: belongs to another sweep .theirs."):
        read_points(ours)
    assert [point["run"] for point in read_points(theirs)] == ["b"]
