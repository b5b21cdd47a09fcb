"""The catalogue: what the source says is what Python sees."""

from __future__ import annotations

import inspect

import pytest

import registry
from errors import UserError
from registry import SCALES, catalog, create, find

COMPONENTS = [component for group in catalog().values() for component in group.values()]


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: f"{c.group}={c.name}")
def test_options_are_the_keyword_defaults_of_the_class(component):
    cls = component.load()
    seen = inspect.signature(cls).parameters.values()
    defaults = {p.name: p.default for p in seen if p.default is not inspect.Parameter.empty}
    assert set(defaults) == set(component.options)
    assert component.doc, "a component says what it is"
    # A tracker only watches: no key depends on it.
    assert component.group == "tracker" or (component.version >= 1 and "version" in component.facts)
    for name, option in component.options.items():
        for scale in SCALES:
            value = option.at(scale)
            assert value is None and option.nullable or _is(value, option), (name, scale, value)


def _is(value, option) -> bool:
    kinds = {"int": int, "float": (int, float), "str": str, "bool": bool, "tuple[int, ...]": tuple}
    fits = isinstance(value, kinds[option.type]) and (not option.choices or value in option.choices)
    return fits and isinstance(value, bool) == (option.type == "bool")


def test_the_example_of_every_annotation_is_read():
    source = '''
@register("group", "one", d={"smoke": 1, "cpu": 2, "gpu": 3, "paper": 4})
@register("group", "two", e="y")
class Thing:
    """A thing."""
    version = 3
    facts = ("a", "b")
    computed = str(1)
    def __init__(self, context, *, a: Annotated[float, "[0, 1)"] | None = None, b: tuple[int, ...] = (1, 2),
                 c: bool = False, d: int = 1, e: Literal["x", "y"] = "x") -> None: ...
'''
    one, two = sorted(registry.read(source, "m"), key=lambda c: c.name)
    assert one.options["d"].at("gpu") == 3 and two.options["d"].at("gpu") == 1
    assert two.options["e"].default == "y" and two.options["e"].choices == ("x", "y")
    assert one.options["a"].nullable and one.options["a"].interval == "[0, 1)"
    assert one.options["b"].type == "tuple[int, ...]" and one.options["c"].type == "bool"
    assert one.version == 3 and one.facts["facts"] == ("a", "b") and "computed" not in one.facts
    assert "context" not in one.options


@pytest.mark.parametrize(
    "signature,reason",
    [("a: dict = {}", "annotations"), ("a=1", "annotations"), ("a: list[int] = []", "annotations")],
)
def test_an_option_outside_the_grammar_is_refused(signature, reason):
    source = f'@register("g", "n")\nclass A:\n    def __init__(self, {signature}): ...\n'
    with pytest.raises(ValueError, match=reason):
        registry.read(source, "m")


def test_a_default_for_no_option_is_refused():
    with pytest.raises(ValueError, match="names no option"):
        registry.read('@register("g", "n", z=1)\nclass A:\n    def __init__(self, a: int = 1): ...\n', "m")


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
