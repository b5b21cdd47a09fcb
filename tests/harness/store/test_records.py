"""A record that is written anew: whoever reads meanwhile, and whoever comes after a kill, finds all that was scored."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from harness.store import recorded, records
from harness.store.files import write_atomic
from harness.store.recorded import FIGURES, check, has, path_of, read
from harness.store.sealed import Damaged

RUN = "r" * 20
WRITES = 3  # the note of both, the record, the note of the new one


class Killed(BaseException):
    """As a signal ends a process: no handler of errors sees it."""


def write(root: Path, metric: str, **head: Any) -> None:
    plan: Any = SimpleNamespace(run=RUN, scores={metric: SimpleNamespace(key=f"key-of-{metric}")})
    records.write(root, plan, {"run": RUN, **head}, pd.DataFrame([{"metric": metric, "value": 1.0, "image": "a"}]))


def metrics(root: Path) -> list[str]:
    """What a record holds, once it is known to be whole, and told alike by its note."""
    path = path_of(root, RUN)
    head, rows = read(path)
    held = sorted(rows.column("metric").to_pylist())
    assert head == {"run": RUN}
    assert check(path)["scores"] == {metric: f"key-of-{metric}" for metric in held}
    return held


def test_a_metric_that_is_scored_later_adds_rows_and_keeps_the_head(tmp_path: Path) -> None:
    facts = {"nfe": np.float64(5), "train_seconds": np.nan, "network.dim": np.int64(16), "sampler.clip": None}
    write(tmp_path, "psnr", **facts, git_commit="first")
    write(tmp_path, "ssim", **facts, git_commit="second", seconds_per_image=0.5)
    head, rows = read(path_of(tmp_path, RUN))
    wanted = {"run": RUN, "nfe": 5.0, "train_seconds": None, "network.dim": 16, "sampler.clip": None}
    assert head == {**wanted, "git_commit": "first", "seconds_per_image": 0.5}
    assert {type(head["nfe"]), type(head["network.dim"])} == {float, int}
    assert rows.column("metric").to_pylist() == ["ssim", "psnr"] and rows.column_names == list(FIGURES)


def test_a_file_without_a_head_is_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As records were, with every option in every row: it is whole, and yet no record."""
    path = path_of(tmp_path, RUN)
    path.parent.mkdir()
    pd.DataFrame([{"metric": "psnr", "value": 1.0, "run": RUN}]).to_parquet(path, index=False)
    recorded.write_note(path, path.read_bytes(), {"psnr": "key-of-psnr"})
    write(tmp_path, "ssim")
    with pytest.raises(ValueError, match="it has no head"):
        pq.write_table(read(path)[1].replace_schema_metadata(None), tmp_path / "other.parquet")
        read(tmp_path / "other.parquet")
    assert metrics(tmp_path) == ["ssim"]
    assert f"{path}: it has not the columns of a record; writing it anew" in capsys.readouterr().err


def watched(monkeypatch: pytest.MonkeyPatch, look: Any) -> list[str]:
    """Call ``look(k)`` before the k-th write; the names that were written are returned, as they come."""
    written: list[str] = []

    def watch(path: Path, data: bytes) -> None:
        look(len(written))
        write_atomic(path, data)
        written.append(path.suffix)

    monkeypatch.setattr(recorded, "write_atomic", watch)
    return written


@pytest.mark.parametrize("after", range(WRITES))
def test_a_kill_between_any_two_writes_loses_no_metric(
    tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "psnr")

    def kill(count: int) -> None:
        if count == after:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        watched(patch, kill)
        write(tmp_path, "ssim")
    assert metrics(tmp_path) == (["psnr"] if after < 2 else ["psnr", "ssim"])
    assert has(tmp_path, RUN, {"psnr": "key-of-psnr"}) and not has(tmp_path, RUN, {"mae": "key-of-mae"})
    assert has(tmp_path, RUN, {"ssim": "key-of-ssim"}) == (after == 2)
    write(tmp_path, "ssim")
    assert metrics(tmp_path) == ["psnr", "ssim"]
    write(tmp_path, "mae")
    assert metrics(tmp_path) == ["mae", "psnr", "ssim"] and "before" not in check(path_of(tmp_path, RUN))


@pytest.mark.parametrize("after", range(WRITES))
def test_a_kill_while_the_first_record_is_written_leaves_one_or_none(
    tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def kill(count: int) -> None:
        if count == after:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        watched(patch, kill)
        write(tmp_path, "psnr")
    assert path_of(tmp_path, RUN).exists() == has(tmp_path, RUN, {"psnr": "key-of-psnr"}) == (after == 2)
    write(tmp_path, "psnr")
    assert metrics(tmp_path) == ["psnr"] and capsys.readouterr().err == ""


def test_a_reader_between_any_two_writes_finds_a_whole_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "psnr")
    seen: list[list[str]] = []
    written = watched(monkeypatch, lambda count: seen.append(metrics(tmp_path)))
    write(tmp_path, "ssim")
    assert written == [".json", ".parquet", ".json"]
    assert seen == [["psnr"], ["psnr"], ["psnr", "ssim"]]


def test_a_reader_that_has_the_old_note_and_the_new_record_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "psnr")
    real, late = recorded._content, [True]

    def slow(path: Path) -> tuple[int, str]:
        if late.pop() if late else False:
            write(tmp_path, "ssim")
        return real(path)

    monkeypatch.setattr(recorded, "_content", slow)
    assert check(path_of(tmp_path, RUN))["scores"].keys() == {"psnr", "ssim"} and not late


def test_a_record_that_is_neither_of_the_two_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "psnr")
    path = path_of(tmp_path, RUN)
    before = path.read_bytes()
    write(tmp_path, "ssim")
    path.write_bytes(before)  # an older record: what its note tells is not there
    with pytest.raises(Damaged, match=f"{RUN}.parquet: not what was written"):
        check(path)
