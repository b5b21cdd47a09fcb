"""What reaches a terminal stays on its line: names, values and the words of others can't move a cursor there."""

from __future__ import annotations

from pathlib import Path

import pytest

import run
from errors import UserError, page, visible
from harness import progress
from sweeps.__main__ import main
from sweeps.progress import logs
from sweeps.progress.show import _failures
from sweeps.progress.state import Standing
from tests.sweeps.store_for_tests import row, sweep

HOSTILE = "a\x1b[31m\x07\rb\nerror: c\x9b2J\u202ed\u2066\x00é 日本"
SHOWN = r"a\x1b[31m\x07\rb\nerror: c\x9b2J\u202ed\u2066\x00é 日本"


def test_control_characters_are_shown_as_their_escapes() -> None:
    assert visible(HOSTILE) == SHOWN and page(["x", HOSTILE]) == f"x\n{SHOWN}"
    assert visible("plain ↑ – ü") == "plain ↑ – ü"


def test_every_line_that_is_said_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    progress.say(HOSTILE)
    progress.Lines(HOSTILE, 1).update(1, HOSTILE)
    first, second = capsys.readouterr().err.splitlines()
    assert first == SHOWN and second.startswith(f"{SHOWN}: 1/1 {SHOWN} ")


def test_an_error_of_a_command_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: object) -> None:
        raise UserError(HOSTILE)

    monkeypatch.setattr(run, "read", refuse)
    monkeypatch.setattr("reports.__main__.located", refuse)
    assert run.main([]) == 2 and capsys.readouterr().err == f"error: {SHOWN}\n"
    assert main(["status", "--results", f"/{HOSTILE[:-6]}"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    from reports.__main__ import main as report

    assert report(["build", "x"]) == 2 and capsys.readouterr().err == f"error: {SHOWN}\n"


def test_names_and_reasons_of_points_are_on_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = row("one", status="failed", overrides=[f"dataset.clean={HOSTILE}"], reason=HOSTILE)
    sweep(tmp_path, "run-1", told)
    assert main(["status", "--results", str(tmp_path)]) == 0
    assert f"dataset.clean={SHOWN}: " in capsys.readouterr().out
    assert main(["retry", "--dry-run", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"dataset.clean={SHOWN}\n1 points\n"
    _failures([(told, Standing("failed", HOSTILE))], "run-1")
    assert capsys.readouterr().err == f"failed: dataset.clean={SHOWN}: {SHOWN}\n"


def test_the_log_of_a_job_is_shown_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\tx\r\n\x1b[2Jtwo\rover\n")
    assert page(logs._end(tmp_path / "log")) == "one     x\n\\x1b[2Jtwo\\rover"
