"""Texts in Hydra's grammar: what is put into quotes comes out as it was, through every door of Hydra's."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from errors import UserError
from harness.config.commandline import expand, read
from harness.config.words import quoted, setting
from hydra_plugins.restorebench.sweeper import CheckedSweeper

LETTERS = "ü(),=#'&~;![]{}<\"$ %\\^`>|*?:@+-./日"
TEXTS = [
    *LETTERS,
    *(f"a{letter}b" for letter in LETTERS),
    LETTERS,
    LETTERS[::-1],
    "Jürgen, (a) [b] {c} #1 & ~d; e=f!",
    *("${x}", "a${x", "${", "\\${x}", "\\\\${x}", "'${x}'", "a\\", "\\'", "'\\''", "$(x)", "${a${b}"),
    *(" a ", "a\tb", "null", "true", "1", "1e3", "", "[1,2]", "choice(a,b)", "a,b", "${oc.env:HOME}"),
]


def as_composed(word: str) -> str:
    """The text that a configuration holds after a word."""
    override = OverridesParser.create().parse_override(word)
    config = OmegaConf.create({"option": ""})
    OmegaConf.update(config, override.key_or_group, override.value())
    return str(config.option)


@pytest.mark.parametrize("text", TEXTS)
def test_a_quoted_text_is_read_as_it_was(text):
    assert as_composed(f"option={quoted(text)}") == text


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("word", ["option={}", "option=choice({})", "option={},last", "option=choice({},last)"])
def test_a_quoted_text_is_swept_as_it_was(text, word):
    """Here as in Hydra's sweeper, whose own ``choice('ü')`` gives a word that its parser refuses."""
    axes = [word.format(quoted(text)), "seed=0,1"]
    points = expand([], axes)
    parsed = OverridesParser.create().parse_overrides(axes)
    assert CheckedSweeper.split_arguments(parsed, None) == [list(map(list, points))]
    assert as_composed(points[0][0]) == text
    assert len(points) == (4 if "last" in word else 2) and [point[1] for point in points[:2]] == ["seed=0", "seed=1"]


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_a_setting_passes_shell_and_grammar(text):
    typed = setting("option", text)
    said = subprocess.run(["sh", "-c", f"printf %s {typed}"], capture_output=True, text=True, check=True).stdout
    assert as_composed(said) == text
    assert shlex.split(typed) == [said]


def test_a_setting_is_as_plain_as_it_can_be():
    assert setting("results_dir", "/tmp/results") == "results_dir=/tmp/results"
    assert setting("results_dir", "/tmp/Bü") == "\"results_dir='/tmp/Bü'\""


def test_points_come_in_hydras_order_and_of_a_word_given_twice_the_last_counts():
    points = expand(["seed=0,1"], ["method=a,b", "seed=2,3", "sampler.eta=range(0,1,0.5)"])
    assert points[0] == ("seed=2", "method=a", "sampler.eta=0.0")
    assert points[1][2] == "sampler.eta=0.5" and points[2][1] == "method=b" and points[4][0] == "seed=3"
    with pytest.raises(UserError, match="an interval has no points"):
        expand([], ["sampler.eta=interval(0,1)"])


@pytest.mark.parametrize("flag", [(), ("-m",)])
@pytest.mark.parametrize(
    "word,right",
    [
        ("results_dir=/tmp/Bü", "\"results_dir='/tmp/Bü'\""),
        ("results_dir=/tmp/a (b)c", "\"results_dir='/tmp/a (b)c'\""),
        ("dataset.clean=C#", "\"dataset.clean='C#'\""),
        ("dataset.clean=/tmp/it's", "\"dataset.clean='/tmp/it\\'s'\""),
    ],
)
def test_a_text_without_its_quotes_is_told_with_them(flag, word, right):
    with pytest.raises(UserError) as caught:
        read([*flag, "dataset=folder", word])
    told = str(caught.value)
    assert "\n" not in told and "Exception" not in told and told.startswith(word) and "needs quotes: " in told
    assert shlex.split(told.partition("needs quotes: ")[2]) == shlex.split(right.replace("\\'", "\\\\'"))


def test_other_mistakes_are_not_said_to_need_quotes():
    with pytest.raises(UserError) as caught:
        read(["metrics=[psnr"])
    assert "quotes" not in str(caught.value)


@pytest.mark.parametrize("flag", [(), ("-m",)])
def test_users_words_may_hold_any_text(flag, tmp_path):
    """One folder for one run, or an axis of two."""
    folder = tmp_path / LETTERS.replace("/", "")
    words = [*flag, "dataset=folder", f"dataset.clean={quoted(str(folder))}", f"results_dir={quoted(str(folder))}"]
    (point,) = read(words).points
    assert point.options("dataset")["clean"] == point.values["results_dir"] == str(folder)
    if flag:
        two = read([*words, f"dataset.clean={quoted(str(folder))},{quoted('B ü')}"]).points
        assert [point.options("dataset")["clean"] for point in two] == [str(folder), "B ü"]


def test_any_folder_may_be_worked_in_but_one_that_hydra_cannot_note_down(tmp_path, monkeypatch):
    for name in ("ü (b) ${x}", "$", LETTERS.replace("/", "")):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert len(read(["scale=smoke"]).points) == 1
    (tmp_path / "${x").mkdir()
    monkeypatch.chdir(tmp_path / "${x")
    with pytest.raises(UserError, match="start from another folder"):
        read(["scale=smoke"])
    assert Path(os.getcwd()).name == "${x"
