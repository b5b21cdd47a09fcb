"""BibTeX of exactly the methods that are shown."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from registry import catalog
from reports.wording.wording import bibtex


@pytest.fixture
def known(monkeypatch):
    facts = {
        "a": "\n    @article{a,\n      title = {A},\n    }\n    ",
        "again": "@article{a,\n  title = {A},\n}",
        "b": "@article{b}",
        "nothing": "",
        "silent": None,
    }
    found = {name: SimpleNamespace(facts=SimpleNamespace(bibtex=text)) for name, text in facts.items()}
    monkeypatch.setattr("reports.wording.wording.components", lambda group: found)


def test_each_once_in_order_and_without_indentation(known):
    entries, silent = bibtex(["b", "a", "again", "b"])
    assert entries == ["@article{b}", "@article{a,\n  title = {A},\n}"] and silent == []


def test_methods_that_state_none_are_named_but_not_those_with_nothing_to_cite(known):
    assert bibtex(["nothing", "silent", "unheard", "a"]) == (["@article{a,\n  title = {A},\n}"], ["silent", "unheard"])
    assert bibtex([]) == ([], [])


def test_what_the_methods_state_is_bibtex():
    stated = {name: one.facts.bibtex for name, one in catalog()["method"].items() if one.facts.bibtex}
    keys = {}
    for name, text in stated.items():
        (entry,), _ = bibtex([name])
        key = re.match(r"@(inproceedings|article|misc)\{([a-z]+\d{4}[a-z]*),\n", entry)
        assert key and entry.endswith("}") and entry.count("{") == entry.count("}"), name
        assert {"title", "author", "year"} <= set(re.findall(r"^ *(\w+) *=", entry, re.MULTILINE)), name
        assert keys.setdefault(key[2], text.strip()) == text.strip()
