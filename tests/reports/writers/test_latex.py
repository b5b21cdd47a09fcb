"""The LaTeX tables: every word is text, and they compile."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import handmade  # noqa: E402

from reports.tables.table import Cell, Table, columns_of  # noqa: E402
from reports.wording.wording import plain  # noqa: E402
from reports.writers.latex import ASCII, LATIN, ROWS, SIGNS, escape, table, write_latex  # noqa: E402

COMMANDS = {code: letter for letter, code in {**ASCII, **SIGNS}.items() if letter not in "μ"}
TOKEN = re.compile("|".join(map(re.escape, sorted(COMMANDS, key=len, reverse=True))))


def back(text: str) -> str:
    """What LaTeX makes of an escaped text: the inverse of `escape`."""
    text = re.sub(r"\{\[\}U\+([0-9A-F]{4,6})\{\]\}", lambda found: f"\0{found[1]}\0", text)
    text = re.sub(r"(?<=[-,])\{\}(?=[-,])", "\1", text)
    text = TOKEN.sub(lambda found: COMMANDS[found[0]], text).replace("\1", "")
    return re.sub("\0(.+?)\0", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize("words", [handmade.HOSTILE, "\\\\input{x}", "%\\%", "^^M ^^5c", "é中𝔸 ↑−–≥", "?` !` << >> ''"])
def test_escaping_can_be_read_back(words):
    assert back(escape(words)) == plain(words)


def test_any_letters_can_be_read_back_and_none_stays_special():
    rng = np.random.default_rng(0)
    letters = [*map(chr, range(32, 127)), *"ßéÅ中→∞\u0301", *"\\{}$&#^_~%[]*`'\"<>|" * 3]
    for _ in range(2000):
        words = "".join(rng.choice(letters, 12))
        escaped = escape(words)
        assert back(escaped) == plain(words)
        rest = TOKEN.sub("", re.sub(r"(?<=[-,])\{\}(?=[-,])", "", escaped).replace("--", "")).replace("{}", "")
        assert not set(rest) & set("\\{}$&#^_~%[]*`'\"<>|"), words
        assert all(letter.isascii() or letter in LATIN for letter in rest)


def test_ligatures_are_broken():
    assert escape("a--b---c,,d") == "a-{}-b-{}-{}-c,{},d"


def test_every_special_letter_is_covered():
    assert set("\\{}$&#^_~%") <= set(ASCII)


def test_a_table_has_booktabs_rules_and_its_columns():
    columns = columns_of(("a", "b"), [(Cell("x_1"), Cell("1.5", 1.5, "[1, 2]", "3 infinite", strong=True))])
    lines = table(Table("main", "", "main-x", "50% & more", columns)).splitlines()
    assert [line for line in lines if "rule" in line] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert (
        r"x\_1 & \textbf{1.5 {[}1, 2{]} (3 infinite)} \\" in lines
        and r"\caption{50\% \& more.}" in lines
        and r"\label{tab:main-x}" in lines
    )


def test_a_long_table_is_cut_and_says_so():
    rows = [(Cell(str(k)),) for k in range(ROWS + 7)]
    text = table(Table("main", "", "x", "c", columns_of(("a",), rows)))
    assert "7 further rows are in table.csv" in text and text.count(r" \\") == ROWS + 1


def test_files_are_named_by_what_they_show_and_stay_the_same(tmp_path):
    paths = write_latex(handmade.report(), tmp_path / "a")
    again = write_latex(handmade.report(), tmp_path / "b")
    assert [path.name for path in paths] == [path.name for path in again] and paths[-1].name == "report.tex"
    assert all(re.fullmatch(r"[a-z0-9-]+\.(tex|bib)", path.name) for path in paths)
    assert len({path.name for path in paths}) == len(paths)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    included = re.findall(r"\\input\{(.+)\}", paths[-1].read_text())
    assert {f"{name}.tex" for name in included} == {path.name for path in paths if path.suffix == ".tex"} - {
        "report.tex"
    }


def test_the_document_compiles(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    write_latex(handmade.report(hostile=f"{handmade.HOSTILE} é中∞ [x] * -- ,, '\" ?` !`"), tmp_path)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "report.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "report.pdf").stat().st_size > 1000
