"""The trainings of a method: what is left out is filled in, and what does not fit together is refused."""

from __future__ import annotations

import pytest

from errors import UserError
from registry.stages import Stage, stages

CHAIN = """
@register("method", "low")
class Low(MethodFacts):
    stages = {"codec": {"reads": ["dataset"], "options": ["width"]}}
    sampling = ("late",)
    def __init__(self, setting, *, width: int = 4, late: int = 1) -> None: ...

@register("method", "high")
class High(MethodFacts):
    stages = {
        "codec": {"of": "low"},
        "prior": {"after": ["codec"], "reads": ["dataset", "network"], "options": ["depth"]},
        "control": {"after": ["prior"], "reads": ["dataset", "task"], "options": ["strength"]},
    }
    def __init__(self, setting, *, width: int = 4, depth: int = 1, strength: float = 1.0) -> None: ...
"""


def test_a_stage_is_built_with_the_options_of_all_that_is_upstream(written):
    known = written(chain=CHAIN)["method"]
    assert stages(known, "high") == (
        Stage("codec", "low", ("dataset", "train"), (), ("width",), ("width",)),
        Stage("prior", "high", ("dataset", "network", "train"), ("codec",), ("depth",), ("width", "depth")),
        Stage(
            "control",
            "high",
            ("dataset", "task", "train"),
            ("codec", "prior"),
            ("strength",),
            ("width", "depth", "strength"),
        ),
    )


def test_a_stage_that_lists_no_options_reads_all_that_training_may(written):
    source = CHAIN.replace(', "options": ["width"]', "")
    (codec,) = stages(written(chain=source)["method"], "low")
    assert codec.options == ("width",)


def test_a_method_trains_as_another_with_its_stages(written):
    source = '@register("method", "same")\nclass Same(Low):\n    trains_as = "low"\n'
    known = written(chain=CHAIN + source)["method"]
    assert stages(known, "same") == stages(known, "low")


STRENGTH, PRIOR = (
    '"options": ["strength"]',
    '{"after": ["codec"], "reads": ["dataset", "network"], "options": ["depth"]}',
)


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        (STRENGTH, '"options": []', "High", "no stage reads the option strength, and ``sampling`` does not name it"),
        (STRENGTH, '"options": ["strenth"]', "High", "there is no option strenth"),
        ('sampling = ("late",)', 'sampling = ("later",)', "Low", "it needs the option later"),
        ('sampling = ("late",)', 'sampling = ("late", "width")', "Low", "the option width is read by a stage"),
        ('sampling = ("late",)', "", "Low", "no stage reads the option late"),
        ("*, width: int = 4, depth", "*, depth", "High", "it needs the option width"),
        (
            '["dataset", "task"]',
            '["dataset", "tsak"]',
            "High",
            "reads tsak, which is none of its slots; did you mean task",
        ),
        ('["dataset", "task"]', '["task"]', "High", "reads dataset always"),
        ('["dataset", "task"]', '["dataset", "method"]', "High", "reads method, which is none of its slots"),
        ('{"of": "low"}', '{"of": "lov"}', "High", "the method lov has no stage codec of its own"),
        ('{"of": "low"}', '{"of": "high"}', "High", "the method high has no stage codec of its own"),
        ('{"of": "low"}', '{"of": "low", "reads": []}', "High", "has of alone: low says the rest"),
        ('"after": ["codec"]', '"after": ["control"]', "High", "builds on control, which is no stage of it that comes"),
        (
            "class Low(MethodFacts):",
            "class Low(MethodFacts):\n    trains_as = 'gone'",
            "Low",
            "there is no method gone",
        ),
        (
            "class Low(MethodFacts):",
            "class Low(MethodFacts):\n    samples_read = ('seed',)",
            "Low",
            "samples_read names seed, which is none of its slots",
        ),
    ],
)
def test_facts_that_do_not_fit_together_are_refused(written, old, new, where, reason):
    assert old in CHAIN
    with pytest.raises(UserError, match=rf"methods/chain.py:\d+: {where}: .*{reason}"):
        written(chain=CHAIN.replace(old, new))


@pytest.mark.parametrize("new", [PRIOR.replace("reads", "raeds"), PRIOR.replace('["codec"]', '"codec"'), '["dataset"]'])
def test_a_stage_of_another_form_is_refused(written, new):
    with pytest.raises(UserError, match=r"chain.py:\d+: High.stages is a fact, and can't be"):
        written(chain=CHAIN.replace(PRIOR, new))


def test_a_method_that_trains_nothing_has_no_options_but_those_of_sampling(written):
    source = (
        '@register("method", "filter")\nclass Filter(MethodFacts):\n    def __init__(self, *, sigma: float = 1.0): ...'
    )
    with pytest.raises(UserError, match="Filter: no stage reads the option sigma"):
        written(mine=source)
    assert written(mine=source.replace("MethodFacts):", 'MethodFacts):\n    sampling = ("sigma",)'))["method"]["filter"]
