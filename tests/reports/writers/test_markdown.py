"""The Markdown report: the golden file of the recorded sweep, and words that can't become markup.

``RESTOREBENCH_GOLDEN=write python -m pytest tests/reports/writers/test_markdown.py`` writes golden/report.md anew;
read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import handmade  # noqa: E402

from reports.analysis.analyse import analyse  # noqa: E402
from reports.analysis.model import Failure  # noqa: E402
from reports.pictures.pictures import Gallery, Row, Tile, png  # noqa: E402
from reports.tables.table import Cell, Table, columns_of  # noqa: E402
from reports.wording.wording import plain  # noqa: E402
from reports.writers.markdown import (  # noqa: E402
    ROWS,
    document,
    escape,
    fenced,
    inline,
    pictures_of,
    table,
    write_markdown,
)

HERE = Path(__file__).parents[1]
GOLDEN = HERE / "golden" / "report.md"
WORDS = [
    handmade.HOSTILE,
    "[a](javascript:alert(1))",
    "![x](y) <b>&lt;",
    "1. one",
    "- two",
    "+ three",
    "# four",
    "=====",
    "[x] task",
    "[a]: http://b",
    "a | b \\| c",
    "**bold** __x__ ~~y~~ $z$",
    "\\",
    "`",
    "<!-- x",
    "&amp;",
    "> quoted",
    "a\u2028b\rc\td",
]


@pytest.fixture(scope="module")
def parsed():
    """A CommonMark parser with GitHub's tables and strikethrough."""
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py reads the Markdown back")
    return markdown.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse


def inlines(tokens) -> list:
    return [token for token in tokens if token.type == "inline"]


def said(token) -> str:
    """The text of an inline token; fails where it is anything but text."""
    assert {child.type for child in token.children} <= {"text", "text_special"}, token.content
    return "".join(child.content for child in token.children)


@pytest.mark.parametrize("words", WORDS)
def test_words_are_text_in_paragraphs_items_headings_and_cells(parsed, words):
    text = f"{escape(words)}\n\n- {escape(words)}\n\n# {inline(words)}\n\n| a |\n| --- |\n| {inline(words)} |\n"
    tokens = parsed(text)
    shown = [said(token) for token in inlines(tokens)]
    wanted = " ".join(plain(words).split(" "))
    assert [one.strip() for one in shown] == [wanted, wanted, wanted, "a", wanted]
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "blockquote_open", "hr", "ordered_list_open", "fence", "code_block"}


@pytest.mark.parametrize("words", [*WORDS, "```\n# out", "~~~~\n````\n`````", "a\n\n```", "\x1b[31m\x00\u202e"])
def test_a_fence_holds(parsed, words):
    tokens = parsed(fenced(words) + "\n\nafter\n")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert all(letter in "\n\t" or letter.isprintable() for letter in tokens[0].content)


def test_the_hostile_report_has_no_markup_of_its_own(parsed):
    text = document(handmade.report(), [], [[], []])
    tokens = parsed(text)
    assert not any(token.type == "html_block" for token in tokens)
    kinds = {child.type for token in inlines(tokens) for child in token.children}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "softbreak"}
    widths = [line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")]
    assert widths and all(re.fullmatch(r"\| .* \|", line) for line in text.splitlines() if line.startswith("|"))
    headings = [said(tokens[k + 1]) for k, token in enumerate(tokens) if token.type == "heading_open"]
    order = ["Verdicts", "What ran", "photos lowlight", "photos denoise", "Failures", "Provenance", "Citations"]
    assert [one for one in headings[1:] if one in order] == ["Verdicts", *order[2:4], *order[1:]]


def test_a_traceback_stands_whole_in_its_fence(parsed):
    made = replace(handmade.report(), failures=(Failure("x", "y", "Traceback\n```\n<b>\n````"),))
    fences = [token.content for token in parsed(document(made, [], [[], []])) if token.type == "fence"]
    assert "Traceback\n```\n<b>\n````\n" in fences


def test_figures_stand_with_their_block_each_once():
    made = handmade.report()
    blocks = (replace(made.blocks[0], name="photos"), replace(made.blocks[1], name="photos dark"))
    names = ["pareto-photos-psnr", "pareto-photos-dark-psnr", "curve-photos", "novel-photos", "scatter-photos-dark-x"]
    text = document(replace(made, blocks=blocks), names, [[], []])
    found = re.findall(r"\]\(figures/(.+)\.png\)", text)
    assert found == [names[0], names[2], names[1], names[4], names[3]]
    assert text.index("\n## photos dark") > text.index(names[0])


def test_a_long_table_is_cut_and_says_so():
    rows = [(Cell(str(k)),) for k in range(ROWS + 5)]
    text = table(Table("main", "", "x", "c", columns_of(("a",), rows)))
    assert "5 further rows are left out" in text and f"| {ROWS - 1} |" in text and f"| {ROWS} |" not in text


def test_pictures_are_one_png_and_a_list(tmp_path):
    import numpy as np

    tile = Tile(png(np.zeros((8, 8, 3), np.uint8), 64), b"", 1.0)
    rows = tuple(Row(f"image|{k}", "worst of *a*", (tile, tile)) for k in range(3))
    lines = pictures_of(Gallery(("degraded", "degraded"), "psnr", 1, rows, ("a <note>",)), "b", tmp_path)
    assert (tmp_path / "pictures-b.png").read_bytes().startswith(b"\x89PNG")
    assert lines[2].splitlines()[0] == "1. image\\|0: worst of \\*a\\*" and lines[-1] == "a &lt;note&gt;"
    assert pictures_of(None, "b", tmp_path) == []


def test_the_recorded_sweep_reads_as_its_golden_file(tmp_path):
    made = analyse(HERE / "recorded", None, "method=ddim,sampler.eta=0")
    text = write_markdown(made, tmp_path, {}).read_text(encoding="utf-8")
    if os.environ.get("RESTOREBENCH_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8"), "see this file's docstring for how to write the golden file anew"
