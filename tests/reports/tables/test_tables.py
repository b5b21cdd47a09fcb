"""The table model: what a cell says, and that every writer says the same of it."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import handmade  # noqa: E402

from reports.analysis.model import Estimate, Interaction  # noqa: E402
from reports.tables.blocks import interaction_tables, tables_of  # noqa: E402
from reports.tables.page import main_page  # noqa: E402
from reports.tables.table import MISSING, Cell, Column, Table, columns_of, cost, figure, number  # noqa: E402
from reports.wording.wording import Names  # noqa: E402
from reports.writers import latex, markdown, terminal  # noqa: E402
from reports.writers.export import frame  # noqa: E402
from reports.writers.html.page import document  # noqa: E402


@pytest.fixture
def table() -> Table:
    cells = [figure(Estimate(-1.234, -2.0, -0.5), 2)._replace(strong=True, note="2 infinite"), MISSING, number(3, 0)]
    columns = (Column("name", [Cell("a"), Cell("b"), Cell("c")], "label"), Column("psnr", cells))
    return Table("main", "psnr", "main-x", "caption", columns, ("a note",))


def test_a_cell_in_words_has_its_interval_and_its_note():
    assert Cell("1", interval="[0, 2]", note="3 infinite").words == "1 [0, 2] (3 infinite)"
    assert Cell("1", note="baseline").words == "1 (baseline)" and Cell("1").words == "1"
    assert figure(Estimate(-1.0, math.nan, math.nan), 1, "+").words == "−1.0"
    assert cost(math.nan).words == "–" and math.isnan(cost(math.nan).value)


def test_rows_are_the_columns_side_by_side(table):
    assert table.header == ("name", "psnr") and [row[0].text for row in table.rows] == ["a", "b", "c"]
    assert [row[0].text for row in table.first(2).rows] == ["a", "b"] and table.first(2).caption == "caption"
    again = columns_of(table.header, table.rows)
    assert [column.cells for column in again] == [list(column.cells) for column in table.columns]
    assert [column.left for column in again] == [True, False]


def test_every_writer_says_the_same(table):
    words = "−1.23 [−2.00, −0.50] (2 infinite)"
    assert f"**{words}**" in markdown.table(table) and "| --- | ---: |" in markdown.table(table)
    assert rf"\textbf{{{latex.escape(words)}}}" in latex.table(table) and r"{lr}" in latex.table(table)
    shown = terminal.show(table, 100)
    assert words in shown and shown.startswith("caption\n") and shown.endswith("\na note")
    assert frame(table)["psnr"].tolist()[::2] == [-1.234, 3] and math.isnan(frame(table)["psnr"][1])


def test_the_page_has_the_figures_of_markdown():
    """Each mean of the text's main table stands in the page's, with the same decimals, interval and weight."""
    made = handmade.report()
    page = document(made, {}, [None] * len(made.blocks))
    for place, (block, tables) in enumerate(zip(made.blocks, tables_of(made), strict=True), 1):
        body = page[page.index(f'<table id="b{place}-table"') :].partition("</table>")[0]
        texts = unescape(re.sub(r"<[^>]+>", "", body))
        main = next(one for one in tables if one.kind == "main")
        means = [cell for column in main.columns[2 : 2 + len(block.metrics)] for cell in column.cells]
        assert len(means) > 10 and all(f"{cell.text}" in texts and cell.interval in texts for cell in means)
        assert body.count("<b>") == sum(cell.strong for cell in means) > 0


def test_the_differences_of_a_page_share_one_scale():
    block = handmade.report().blocks[0]
    (column,) = [one for one in main_page(block, "x", ["psnr"]).columns if one.head == "difference"]
    bars = [(cell.value, cell.bar) for cell in column.cells if cell.bar]
    inside = sorted((value, bar.middle) for value, bar in bars if not bar.beyond)
    assert len({bar.zero for _, bar in bars}) == 1 and [place for _, place in inside] == sorted(p for _, p in inside)
    assert all(0 <= end <= 1000 for _, bar in bars for end in bar[:4])


@pytest.mark.parametrize(("up", "shades"), [(True, [0.0, 1.0, None]), (False, [1.0, 0.0, None])])
def test_the_better_figure_of_an_interaction_is_the_darker_one(up, shades):
    block = handmade.report().blocks[0]
    facts = {"psnr": replace(block.metrics["psnr"], higher_is_better=up)}
    part = Interaction("a", "b", "psnr", "", (0,), (1, 2, 3), ((1.0, 5.0, math.nan),))
    (found,) = interaction_tables(replace(block, metrics=facts, interactions=(part,)), Names())
    assert [cell.shade for cell in found.rows[0][1:]] == shades
    assert [cell.words for cell in found.rows[0][1:]] == ["1.000", "5.000", "–"]
