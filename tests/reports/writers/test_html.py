"""The page as text: what it says, what it escapes, how large it is."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import math
import re
import time
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from errors import UserError
from reports.analysis.model import Estimate
from reports.pictures.pictures import galleries
from reports.tables.scores import share
from reports.wording.numbers import amount, decimals, fixed, interval, probability, worded
from reports.wording.wording import slug  # noqa: E402
from reports.writers.document import FigureNames
from reports.writers.html.page import document, environment, fitting, limits, write_html
from tests.reports.report_fixture import HOSTILE, figures, report, results


class Outline(HTMLParser):
    """Tags that are opened and closed in order, ids, headings, and the text of every element by its tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.words.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def text(value: object) -> str:
    """A value as the page's templates show it."""
    return environment().from_string("{{ value }}").render(value=value)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = results(tmp_path_factory.mktemp("results"))
    return report(root, 2)


@pytest.fixture(scope="module")
def page(made, tmp_path_factory):
    return write_html(made, tmp_path_factory.mktemp("out") / "new", figures()).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_markup_is_balanced_and_ids_are_unique(outline):
    assert outline.open == []
    ids = [attributes["id"] for _, attributes in outline.tags if attributes.get("id")]
    assert len(ids) == len(set(ids)) > 30


def test_every_link_and_label_has_its_target(outline):
    ids = {attributes.get("id") for _, attributes in outline.tags}
    links = [attributes["href"][1:] for attributes in outline.all("a")]
    named = [attributes["aria-labelledby"] for _, attributes in outline.tags if "aria-labelledby" in attributes]
    assert len(links) > 15 and set(links) <= ids and set(named) <= ids


def test_headings_start_at_one_and_skip_no_level(outline):
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def test_question_and_verdicts_come_before_the_tables(page, made):
    said = (made.question, *made.blocks[0].verdicts, made.conditional)
    places = [*(page.index(html.escape(words)) for words in said), page.index("<table")]
    assert places == sorted(places)


def test_the_policy_allows_the_script_and_nothing_else(page):
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; ")
    assert f"script-src 'sha256-{digest}'" in policy
    assert page.count("<script") == page.count("</script>") == 1


def test_nothing_is_fetched_from_anywhere(outline, page):
    addresses = [attributes[name] for _, attributes in outline.tags for name in ("src", "href") if name in attributes]
    assert len(addresses) > 50
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "@import" not in page and "url(" not in page


def test_hostile_words_are_text_everywhere(page, outline):
    """The name, the provenance, the failure's overrides and reason, the traceback, an SVG's title."""
    shown = text(HOSTILE)
    assert page.count(shown) > 5
    assert "<script>window" not in page and "<img src=x" not in page and "\u202e" not in page and "\x1b" not in page
    assert not any(name.startswith("on") for _, attributes in outline.tags for name in attributes)
    assert "<figcaption>&lt;b&gt;</figcaption>" in page


def test_failures_are_counted_and_keep_their_tracebacks(page, outline):
    assert "24 of 26 runs have a record." in page
    assert len(outline.all("details")) == 2
    assert "&lt;/pre&gt;&lt;script&gt;window.hacked=2" in page


def test_every_picture_says_what_it_shows(outline):
    pictures = outline.all("img")
    assert len(pictures) > 50
    assert all(attributes.get("alt") for attributes in pictures)


def test_figures_stand_where_their_names_say(page):
    for kind, section in (("difference", "differences"), ("pareto", "pareto"), ("ablation", "ablations")):
        inside = page[page.index(f'id="b1-{section}"') :]
        assert inside.index(f"{kind} of it") < inside.index("</section>")
    rest = page[page.index('id="others"') :]
    assert "another" in rest[: rest.index("</section>")]


def test_a_figure_of_a_block_with_a_longer_name_is_not_taken(made):
    longer = dataclasses.replace(made.blocks[0], name="photos lowlight rain")
    names = FigureNames(["pareto-photos-lowlight-rain-psnr"], [made.blocks[0], longer])
    assert names.take("pareto", made.blocks[0]) == []
    assert names.take("pareto", longer) != []
    assert names.rest() == []


def test_figures_beyond_the_limit_are_counted(made, monkeypatch):
    monkeypatch.setattr("reports.writers.html.page.FIGURES", 20)
    figures = {"a": b"x" * 15, "b": b"x" * 15, "c": b"x" * 5}
    assert list(fitting(figures)) == ["a", "c"]
    rest = document(made, figures, [None, None]).partition('id="others"')[2].partition("</section>")[0]
    assert rest.count("<img") == 2 and "1 figures are left out" in rest


def test_bold_and_verdicts_are_those_of_the_scores(made, page):
    table = page[page.index('<table id="b1-table"') : page.index("</table>")]
    best = [one for one in made.blocks[0].conditions for score in one.scores.values() if score.best]
    assert table.count("<b>") == len(best) == 8
    verdicts = [s.comparison.verdict for one in made.blocks[0].conditions for s in one.scores.values() if s.comparison]
    for verdict in ("better", "worse", "inconclusive"):
        assert table.count(f'<span class="{verdict}">') == verdicts.count(verdict) > 0
    assert table.count("finds ≥") == verdicts.count("inconclusive")


def test_with_several_baselines_each_row_names_its_own(made):
    """k2 is the counterpart of those with eta = 1."""
    block = made.blocks[0]

    def turned(one):
        own = "k2" if one.options.get("sampler.eta") == 1.0 else "k1"
        scores = {
            name: dataclasses.replace(
                score,
                comparison=None if one.key in ("k1", "k2") else dataclasses.replace(score.comparison, baseline=own),
            )
            for name, score in one.scores.items()
        }
        return dataclasses.replace(one, scores=scores)

    block = dataclasses.replace(block, conditions=tuple(turned(one) for one in block.conditions))
    page = document(dataclasses.replace(made, blocks=(block,)), {}, [None])
    table = page[page.index('<table id="b1-table"') : page.index("</table>")]
    assert table.count('<span class="tag">baseline</span>') == 2
    assert "compared with" in table
    row = table[
        table.index("sampler.eta=1.0 sampler.steps=5 task") - 6000 : table.index("sampler.eta=1.0 sampler.steps=5 task")
    ]
    assert row[row.rindex("<tr>") :].count("<td>ddim sampler.eta=1.0 sampler.steps=20</td>") == 1
    alone = document(made, {}, [None, None])
    assert "compared with" not in alone and alone[: alone.index("</table>")].count("baseline</span>") == 1


def test_rows_beyond_the_page_wait_in_a_template(made, monkeypatch):
    monkeypatch.setattr("reports.writers.html.page.ROWS", 5)
    page = document(made, {}, galleries(made, 9_000_000))
    table = page[page.index('<table id="b1-table"') :]
    assert table[: table.index("</table>")].count("<tr>") == 1 + 5
    waiting = table[table.index("<template>") : table.index("</template>")]
    assert waiting.count("<tr>") == 3


def test_a_report_of_nothing_still_says_so(tmp_path):
    empty = dataclasses.replace(report(tmp_path), blocks=(), failures=(), done=0, asked=2, methods=(), question="")
    page = write_html(empty, tmp_path, {}).read_text()
    assert "No run has a record yet" in page and "0 of 2 runs" in page
    assert Outline(page).open == []


def test_a_block_without_comparisons_pictures_or_costs(tmp_path):
    whole = report(tmp_path)
    block = whole.blocks[0]
    bare = tuple(
        dataclasses.replace(one, scores={}, costs=dict.fromkeys(one.costs, math.nan)) for one in block.conditions
    )
    block = dataclasses.replace(block, conditions=bare, images={}, ablations=(), interactions=())
    page = document(dataclasses.replace(whole, blocks=(block,)), {}, [None])
    assert Outline(page).open == []
    assert "The pictures are not in the results folder any more." in page
    tables = page[page.index("<table") : page.rindex("</table>")]
    assert "nan" not in tables and tables.count(">–<") > 50


def test_a_folder_that_is_a_file_is_refused(made, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        write_html(made, tmp_path / "file", {})


def test_ten_thousand_conditions_stay_small_and_quick(made):
    """All of them can be sorted and filtered, 200 of them are in the document; here a sixth, in a sixth of the time."""
    large = report(made.root, 1, 1667)
    began = time.process_time()
    page = document(large, {}, [None])
    assert time.process_time() - began < 15 / 6
    assert len(page) < 25e6 / 6
    assert page.count('<button class="copy">') == 1667
    table = page[page.index('<table id="b1-table"') :]
    assert table[: table.index("</table>")].count("<tr>") == 201


def test_what_has_no_room_is_counted(made, monkeypatch):
    monkeypatch.setattr("reports.writers.html.page.TABLES", 16 * (800 + 2 * 300))
    page = document(made, {}, [None, None])
    assert "The last 2 metrics are left out" in page and "conditions are left out" not in page
    monkeypatch.setattr("reports.writers.html.page.TABLES", 8 * (800 + 300))
    page = document(made, {}, [None, None])
    assert "The last 3 metrics are left out" in page and "The last 4 conditions are left out" in page


@pytest.mark.parametrize("conditions", [1, 100, 10_000, 40_000])
def test_a_page_has_an_upper_size_whatever_was_run(made, conditions):
    block = dataclasses.replace(made.blocks[0], conditions=made.blocks[0].conditions[:1] * conditions)
    found = limits(dataclasses.replace(made, blocks=(block,)), {"a": b"x" * 50_000_000})
    tables = found.rows(block) * (800 + 300 * min(found.metrics, len(block.metrics)))
    assert tables + (6e6 + found.pictures) * 4 / 3 <= 24.1e6
    assert found.rows(block) >= min(conditions, 10_000) and found.metrics >= 1 and found.pictures >= 2e6


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('<a href="x">\'&', "&lt;a href=&#34;x&#34;&gt;&#39;&amp;"),
        ("a\u202eb\u200bc\ufeff", "a\\u202eb\\u200bc\\ufeff"),
        ("\x00\x1b[31m\ud800\x85", "\\x00\\x1b[31m\\ud800\\x85"),
        ("line\n\ttab", "line\n\ttab"),
        ("naïve → 図", "naïve → 図"),
        (None, "None"),
    ],
)
def test_text(value, shown):
    assert text(value) == shown
    text(value).encode()


def test_what_a_template_is_not_given_is_an_error():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()


@pytest.mark.parametrize(
    ("name", "made"),
    [("photos · lowlight", "photos-lowlight"), ("", "x"), ("a\nb\u202e", "a-b"), ("x" * 200, "x" * 80), ("ÄÖ", "x")],
)
def test_a_slug_has_plain_letters_only(name, made):
    assert slug(name) == made


def test_numbers():
    assert fixed(-0.314, 2) == "−0.31" and fixed(1234.5, 1, "+") == "+1,234.5" and fixed(math.nan, 2) == "–"
    assert fixed(math.inf, 1) == "∞" and fixed(-math.inf, 1) == "−∞"
    assert interval(Estimate(0, -1, 2), 1, "+") == "[−1.0, +2.0]" and interval(Estimate(0, math.nan, 1), 1) == ""
    assert probability(0.0004) == "<0.001" and probability(0.0461) == "0.046" and probability(math.nan) == "–"
    assert share(Estimate(0.666, 0.5, math.nan)).words == "67 %" and share(Estimate(math.nan, 0, 0)).words == "–"
    assert share(Estimate(0.666, 0.5, 0.75)).words == "67 % [50, 75]"
    assert [amount(x) for x in (0.031234, 118.2, 1_234_567, 12_345, 5.0, math.nan)] == [
        "0.0312", "118", "1.23M", "12.3k", "5", "–"
    ]  # fmt: skip
    assert [worded(x) for x in (0.1 + 0.2, None, True, "a")] == ["0.3", "none", "True", "a"]


def test_decimals_follow_the_interval():
    assert decimals([Estimate(24.31234, 24.0, 24.62)]) == 2
    assert decimals([Estimate(24.31234, 21.0, 27.0)]) == 1
    assert decimals([Estimate(0.8123, math.nan, math.nan)]) == 4
    assert decimals([Estimate(math.nan, math.nan, math.nan)]) == 0
    assert decimals([Estimate(5, 5, 5)]) == 3
