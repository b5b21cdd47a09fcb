"""What Python inherits the catalogue inherits, across files too; what it can't read it refuses by file and line."""

from __future__ import annotations

import importlib.util
import inspect
import sys

import pytest

from errors import UserError

SAMPLER = "class Thing(Facts):\n    def __init__(self, {}) -> None: ...\n"


def test_a_subclass_in_a_file_of_its_own_has_its_bases_stages_and_options(written):
    """Audit, row 2: it was sampled untrained, with a normal-looking table."""
    mine = written(
        mine="""
        from methods.rddm import Rddm

        @register("method", "mine")
        class Mine(Rddm):
            "A method."
        """
    )["method"]["mine"]
    rddm = written()["method"]["rddm"]
    assert mine.facts.stages == rddm.facts.stages and mine.facts.defaults == {"sampler": "rddm", "schedule": "rddm"}
    assert mine.options == rddm.options and mine.facts.departs == rddm.facts.departs


@pytest.mark.parametrize(
    ("imported", "base", "mark"),
    [
        ("from methods import samplers", "samplers.EtaSampler", "register"),
        ("import methods.samplers as walks", "walks.EtaSampler", "register"),
        ("import methods.samplers", "methods.samplers.EtaSampler", "register"),
        ("from .samplers import EtaSampler as Eta", "Eta", "register"),
        ("from methods.other import EtaSampler", "EtaSampler", "register"),  # which imports it
        ("import registry\nfrom methods.samplers import EtaSampler", "EtaSampler", "registry.register"),
        ("from registry import register as mark\nfrom methods.samplers import EtaSampler", "EtaSampler", "mark"),
    ],
)
def test_every_way_to_name_a_base_and_the_decorator_is_followed(written, imported, base, mark):
    source = f"{imported}\n@{mark}('sampler', 'mine', clip='none')\nclass Mine({base}): ..."
    mine = written(mine=source, other="from methods.samplers import EtaSampler")["sampler"]["mine"]
    assert mine.options["clip"].default == "none" and mine.options["clip"].choices == ("x0", "x0_keep_eps", "none")
    assert set(mine.options) == set(written()["sampler"]["ddim"].options)


def test_the_order_of_the_bases_is_pythons(written, tmp_path):
    """A diamond with a base from outside in it: C3, whatever the depth."""
    source = """
    import abc
    from registry.facts import Facts

    class Root(Facts):
        version = 2
        free = ()
        def __init__(self, *, steps: int = 1) -> None: ...

    class Left(Root, abc.ABC):
        files = ("steps",)

    class Right(Root):
        version = 3
        free = ("steps",)
        def __init__(self, *, steps: int = 7, more: int = 1) -> None: ...

    @register("sampler", "diamond")
    class Diamond(Left, Right):
        "A sampler."
    """
    read = written(diamond=source)["sampler"]["diamond"]
    spec = importlib.util.spec_from_file_location("diamond_for_test", tmp_path / "methods" / "diamond.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    names = ("version", "free", "files", "defaults")
    assert [getattr(read.facts, name) for name in names] == [getattr(module.Diamond, name) for name in names]
    assert (read.facts.version, read.facts.free, read.facts.files) == (3, ("steps",), ("steps",))
    seen = inspect.signature(module.Diamond).parameters
    assert {name: option.default for name, option in read.options.items()} == {k: p.default for k, p in seen.items()}


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ('@register("sampler", "n")\nclass A(Facts):\n    version = int(1)', 5, "version is a fact, and must be"),
        ('@register("sampler", "n")\nclass A(Facts):\n    version = "1"', 5, "can't be '1'"),
        ('@register("sampler", "n")\nclass A(Facts):\n    free = ("a")', 5, "can't be 'a'"),
        ('@register("sampler", "n")\nclass A(Facts):\n    @property\n    def version(self): ...', 6, "is a fact"),
        ('@register("sampler", "n")\nclass A(Facts):\n    if 1:\n        version = 2', 5, "plain assignments"),
        ('@register("sampler", "n")\nclass A(Facts):\n    versoin = 2', 5, "versoin is no fact"),
        ('@register("sampler", "n")\nclass A(Facts):\n    versoin: int = 2', 5, "versoin is no fact"),
        ('class B(Facts):\n    versoin = 2\n@register("sampler", "n")\nclass A(B): ...', 4, "B.versoin is no fact"),
        ('@register("sampler", "n")\nclass A(Facts):\n    free = ("a",)', 4, "there is no option a"),
        ('@register("sampler", "n")\nclass A: ...', 4, "must derive from registry.facts.Facts"),
        ('@register("method", "n")\nclass A(Facts): ...', 4, "must derive from registry.facts.MethodFacts"),
        ('@register("metrics", "n")\nclass A(Facts): ...', 4, "MetricFacts"),
        (
            '@register("samplers", "n")\nclass A(Facts): ...',
            4,
            "no method has a slot of the group samplers; did you mean sampler?",
        ),
        ('@register("sampl ers", "n")\nclass A(Facts): ...', 3, "GROUP one of"),
        ('@register("sampler")\nclass A(Facts): ...', 3, "write @register"),
        ('@register("sampler", name="n")\nclass A(Facts): ...', 3, "write @register"),
        ('X = {}\n@register("sampler", "n", **X)\nclass A(Facts): ...', 4, "write @register"),
        ('N = "n"\n@register("sampler", N)\nclass A(Facts): ...', 4, "must be written out"),
        ('@register("sampler", "n", z=1)\nclass A(Facts): ...', 3, "names no option of A: z"),
        ('@register("sampler", "n")\nclass A(Facts, Gone): ...', 4, "the base Gone can't be found"),
        ('from methods.samplers import Gone\n@register("sampler", "n")\nclass A(Gone): ...', 5, "Gone can't be found"),
        ('B = Facts\n@register("sampler", "n")\nclass A(B): ...', 5, "the base B can't be found"),
        ('@final\n@register("sampler", "n")\nclass A(Facts): ...', 5, "no other decorators"),
        ("@register\nclass A(Facts): ...", 3, "register is written as a decorator"),
        ('class A(Facts): ...\nregister("sampler", "n")(A)', 4, "register is written as a decorator"),
        ('mark = register\n@mark("sampler", "n")\nclass A(Facts): ...', 3, "register is written as a decorator"),
        ("def f():\n    from registry import register as r\n    return r", 4, "register is written as a decorator"),
        ('if 1:\n    @register("sampler", "n")\n    class A(Facts): ...', 4, "register is written as a decorator"),
        ('@register("sampler", "n")\nclass A(Facts):\n    __init__ = print', 5, "A.__init__ .* a plain def"),
        (
            '@register("sampler", "n")\nclass A(Facts):\n    @f\n    def __init__(self): ...',
            6,
            "A.__init__ .* plain def",
        ),
        ('class B(Facts):\n    __init__ = f\n@register("sampler", "n")\nclass A(B): ...', 4, "B.__init__ .* plain def"),
        ('@register("sampler", "n")\nclass A(Facts): ...\nA.version = 2', 5, "A.version .* class' body"),
        ('@register("sampler", "n")\nclass A(Facts): ...\nA.version: int = 2', 5, "A.version .* class' body"),
        ('@register("sampler", "n")\nclass A(Facts): ...\nif 1:\n    del A.version', 6, "A.version .* class' body"),
        ('class B(Facts): ...\nB.free = ()\n@register("sampler", "n")\nclass A(B): ...', 4, "B.free .* class' body"),
        ('@register("sampler", "n")\nclass A(Facts): ...\nsetattr(A, "free", ())', 5, "setattr.* class' body"),
        ('@register("sampler", "n")\nclass A(Facts:', 4, "'\\(' was never closed|invalid syntax"),
    ],
)
def test_what_the_catalogue_cannot_read_is_told_by_file_and_line(written, source, line, reason):
    with pytest.raises(UserError, match=f"^.*/methods/mine.py:{line}: .*{reason}"):
        written(mine=source)


def test_a_register_that_came_with_a_star_is_refused(written, monkeypatch):
    monkeypatch.setattr("tests.registry.conftest.HEAD", "from registry import *\nfrom registry.facts import Facts\n")
    with pytest.raises(UserError, match="mine.py:3: register is written as a decorator"):
        written(mine='@register("sampler", "n")\nclass A(Facts): ...')


@pytest.mark.parametrize(
    "option",
    ["a: dict = {}", "a=1", "a: list[int] = []", "a: int | str = 1", "a: tuple[str, ...] = ()", "a: Literal[1, 2] = 1"],
)
def test_an_option_outside_the_grammar_is_refused(written, option):
    with pytest.raises(UserError, match="mine.py:5: option a: an option needs one of the annotations"):
        written(mine=f'@register("sampler", "n")\n{SAMPLER.format(option)}')


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("a: int = STEPS", "option a: its default must be written out"),
        ("**options", ".* no \\*args, no \\*\\*kwargs"),
        ("*options", ".* no \\*args, no \\*\\*kwargs"),
    ],
)
def test_an_option_that_cannot_be_read_is_refused(written, option, reason):
    with pytest.raises(UserError, match=f"mine.py:5: {reason}"):
        written(mine=f'@register("sampler", "n")\n{SAMPLER.format(option)}')


def test_a_default_by_scale_has_every_scale(written):
    with pytest.raises(UserError, match="mine.py:5: option a: .* one for each of smoke, cpu, gpu, paper"):
        written(mine=f'@register("sampler", "n", a={{"smoke": 1}})\n{SAMPLER.format("a: int = 1")}')


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("a: int = 1", '"abc"'),
        ("a: int = 1", "1.5"),
        ("a: int = 1", "True"),
        ("a: int = 1", "None"),
        ("a: int = 1", '{"smoke": 1, "cpu": 2, "gpu": 3, "paper": "4"}'),
        ("a: float = 1", '"1"'),
        ("a: bool = False", "0"),
        ("a: str | None = None", "1"),
        ('a: Literal["x", "y"] = "x"', '"z"'),
        ("a: tuple[int, ...] = (1,)", '("a",)'),
        ("a: tuple[int, ...] = (1,)", "3"),
    ],
)
def test_a_default_of_another_type_is_refused(written, option, given):
    with pytest.raises(UserError, match="mine.py:4: option a: its default can't be"):
        written(mine=f'@register("sampler", "n",\na={given})\n{SAMPLER.format(option)}')
    if "{" not in given:
        own = f"{option.partition('=')[0]}= {given}"
        with pytest.raises(UserError, match="mine.py:5: option a: its default can't be"):
            written(mine=f'@register("sampler", "n")\n{SAMPLER.format(own)}')


def test_a_name_that_is_taken_is_refused(written):
    with pytest.raises(UserError, match="mine.py:4: sampler=ddim is registered at .*samplers.py"):
        written(mine='@register("sampler", "ddim")\nclass A(Facts): ...')


def test_two_classes_of_one_name_in_a_group_are_refused_with_the_place_of_both(written):
    """Keys hold the class' name: a subclass that kept its base's name shared every key with it."""
    same = 'from methods.ddpm import Ddim as Base\n@register("method", "mine")\nclass Ddim(Base): ...'
    with pytest.raises(UserError, match=r"mine.py:5: method=mine: .* class Ddim .*/methods/ddpm.py:\d+"):
        written(mine=same)


def test_names_of_one_class_and_classes_of_two_groups_may_be_alike(written):
    source = """
    @register("sampler", "one")
    @register("sampler", "two")
    class Thing(Facts): ...
    """
    read = written(mine=source, other='@register("schedule", "one")\nclass Thing(Facts): ...')
    assert {read["sampler"][name].cls for name in ("one", "two")} == {read["schedule"]["one"].cls} == {"Thing"}


def test_the_example_of_every_annotation_is_read(written):
    source = '''
    @register("sampler", "one", d={"smoke": 1, "cpu": 2, "gpu": 3, "paper": 4})
    @register("sampler", "two", e="y")
    class Thing(Facts):
        """A thing."""
        version = 3
        free = ("a", "b")
        other: ClassVar[int] = int(1)
        SIZE = int(1)
        _computed = str(1)
        def __init__(self, context, *, a: Annotated[float, "[0, 1)"] | None = None, b: tuple[int, ...] = (1, 2),
                     c: bool = False, d: int = 1, e: Literal["x", "y"] = "x") -> None: ...
    '''
    one, two = (written(thing=source)["sampler"][name] for name in ("one", "two"))
    assert one.options["d"].at("gpu") == 3 and two.options["d"].at("gpu") == 1
    assert two.options["e"].default == "y" and two.options["e"].choices == ("x", "y")
    assert one.options["a"].nullable and one.options["a"].interval == "[0, 1)"
    assert one.options["b"].type == "tuple[int, ...]" and one.options["c"].type == "bool"
    assert one.facts.version == 3 and one.facts.free == ("a", "b") and "context" not in one.options
    assert one.doc == "A thing." and one.where.endswith("methods/thing.py:5")
