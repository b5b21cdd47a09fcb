"""The folder of results: any on the disk, but never among the program's files."""

from __future__ import annotations

import pytest

from errors import UserError
from harness.config.commandline import read, results_dir
from harness.config.results_folder import results_folder
from registry import ROOT
from sweeps.__main__ import main


@pytest.mark.parametrize("named", ["", " ", "\t"])
def test_no_name_is_no_folder(named, capsys):
    with pytest.raises(UserError, match="has no name"):
        results_dir(read([f"results_dir='{named}'"]))
    for command in ("status", "retry", "cancel", "collect", "gc"):
        assert main([command, "--results", named]) == 2
        assert "has no name" in capsys.readouterr().err
    assert results_folder("a").name == "a"


def test_an_option_without_a_value_is_no_name_either():
    with pytest.raises(UserError, match="has no name"):
        results_dir(read(["results_dir="]))


@pytest.mark.parametrize(
    "place", [".", "sweeps", "methods/networks", "datasets/x", "hydra_plugins", "tests/reports", "sweeps/../harness"]
)
def test_the_programs_own_files_stay_by_themselves(place, monkeypatch):
    monkeypatch.chdir(ROOT)
    for named in (place, str(ROOT / place)):
        with pytest.raises(UserError, match="own files"):
            results_folder(named)


def test_a_link_into_the_program_is_seen_through(tmp_path):
    (tmp_path / "link").symlink_to(ROOT / "sweeps")
    with pytest.raises(UserError, match="own files"):
        results_folder(str(tmp_path / "link"))


@pytest.mark.parametrize("place", ["results", "other/results", "sweeps.old", "docs/results"])
def test_other_folders_of_the_checkout_are_free(place):
    assert results_folder(str(ROOT / place)) == ROOT / place


def test_a_frozen_copy_of_the_code_makes_no_folder_the_programs(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.config.results_folder.ROOT", tmp_path)
    for copy in ("results/code/ab", "sweeps"):
        (tmp_path / copy).mkdir(parents=True)
        (tmp_path / copy / "run.py").touch()
    assert results_folder(str(tmp_path / "results"))
    with pytest.raises(UserError, match="own files"):
        results_folder(str(tmp_path / "sweeps"))


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(UserError, match="not UTF-8") as caught:
        results_folder("/tmp/\udcff")
    str(caught.value).encode()
