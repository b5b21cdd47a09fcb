"""The catalogue: what the source says is what Python sees."""

from __future__ import annotations

import inspect

import pytest

import run
from errors import UserError
from registry import SCALES, catalog, create, find
from registry.facts import FACTS

COMPONENTS = [component for group in catalog().values() for component in group.values()]


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: f"{c.group}={c.name}")
def test_options_are_the_keyword_defaults_of_the_class(component):
    cls = component.load()
    seen = inspect.signature(cls).parameters.values()
    defaults = {p.name: p.default for p in seen if p.default is not inspect.Parameter.empty}
    assert set(defaults) == set(component.options)
    assert component.doc, "a component says what it is"
    assert component.facts.version >= 1
    for name, option in component.options.items():
        for scale in SCALES:
            value = option.at(scale)
            assert value is None and option.nullable or _is(value, option), (name, scale, value)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: f"{c.group}={c.name}")
def test_facts_are_the_attributes_that_python_finds(component):
    cls = component.load()
    names = {name for declared in FACTS[component.group].__mro__ for name in vars(declared).get("__annotations__", {})}
    assert "version" in names
    for name in names:
        assert getattr(component.facts, name) == getattr(cls, name), name


def _is(value, option) -> bool:
    kinds = {"int": int, "float": (int, float), "str": str, "bool": bool, "tuple[int, ...]": tuple}
    fits = isinstance(value, kinds[option.type]) and (not option.choices or value in option.choices)
    return fits and isinstance(value, bool) == (option.type == "bool")


def test_unknown_names_get_the_nearest():
    with pytest.raises(UserError, match="did you mean rddm?"):
        find("method", "rdmd")
    with pytest.raises(UserError, match="there are: .*ddim"):
        find("method", "zzz")
    with pytest.raises(UserError, match="has no option stepz"):
        create("sampler", "ddim", {"stepz": 3})


def test_what_is_left_out_takes_the_default_of_that_name():
    assert (create("metrics", "psnr_lit", {}).region, create("metrics", "psnr_shadow", {}).region) == ("lit", "shadow")
    assert create("metrics", "psnr_lit", {"region": "shadow"}).region == "shadow"
    assert create("sampler", "ddpm", {}).strength == 1.0


def test_help_tells_what_cannot_be_read_in_one_line(monkeypatch, capsys):
    def unreadable(group):
        raise UserError("methods/mine.py:7: Mine.stage is no fact")

    monkeypatch.setattr("harness.config.help.components", unreadable)
    assert run.main(["--help"]) == 2
    assert capsys.readouterr().err == "error: methods/mine.py:7: Mine.stage is no fact\n"
