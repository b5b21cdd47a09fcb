"""Slots as methods declare them, and what ``defaults`` bring: what does not fit is refused with file and line."""

from __future__ import annotations

import pytest

import registry
from errors import UserError
from registry.facts import FACTS, SLOTS
from registry.slots import apart, group_of, roles
from registry.stages import slots, stages

MINE = """
@register("prior", "kld")
class Kld(Facts):
    def __init__(self, *, weight: float = 1.0) -> None: ...

@register("method", "low")
class Low(MethodFacts):
    slots = {"codec.network": "unet", "codec.train": None}
    stages = {"codec": {"reads": ["dataset", "codec.network", "codec.train"]}}

@register("method", "high")
class High(MethodFacts):
    slots = {"prior": "kld", "restorer.sampler": "ddim"}
    defaults = {"sampler": "ddim", "sampler.clip": "none", "prior.weight": 2.0, "codec.network.dim": 16}
    samples_read = ("sampler", "restorer.sampler")
    stages = {
        "codec": {"of": "low"},
        "prior": {"after": ["codec"], "reads": ["dataset", "prior"], "kind": "generation"},
    }
"""


def test_a_slot_is_named_by_its_role_and_group():
    assert [group_of(slot) for slot in ("network", "critic.network")] == ["network", "network"]
    known = ["critic.network"]
    for words, parts in (
        ("critic.network.dim", ("critic.network", "dim")),
        ("critic.network", ("critic.network", "")),
        ("critic.train.lr", ("critic", "train.lr")),
        ("metrics.ssim.crop", ("metrics", "ssim.crop")),
        ("seed", ("seed", "")),
    ):
        assert apart(words, known) == parts


def test_a_new_group_is_one_where_a_method_has_a_slot_for_it(written):
    known = written(mine=MINE)
    assert list(known["prior"]) == ["kld"] and "prior" not in FACTS
    assert roles(known) == ["codec.network", "codec.train", "prior", "restorer.sampler"]


def test_a_method_has_the_slots_that_its_stages_of_others_read(written):
    known = written(mine=MINE)["method"]
    assert slots(known, "low") == {"codec.network": "unet", "codec.train": None}
    assert slots(known, "high") == {**slots(known, "low"), "prior": "kld", "restorer.sampler": "ddim"}


def test_a_stage_has_the_steps_of_the_train_slot_that_it_reads(written):
    source = MINE.replace('"codec.train"]', '"codec.train", "train"]')
    for text, recipe in ((MINE, "codec.train"), (source, "train")):
        (codec,) = stages(written(mine=text)["method"], "low")
        assert codec.train == recipe
    codec, prior = stages(written(mine=MINE)["method"], "high")
    assert (codec.train, prior.train, codec.kind, prior.kind) == ("codec.train", "train", "", "generation")


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        (
            '"codec.network": "unet"',
            '"codec.netwrk": "unet"',
            "Low",
            "no group netwrk for a slot; did you mean network",
        ),
        ('"codec.network": "unet"', '"codec.network": "unte"', "Low", "no such network: unte; did you mean unet"),
        ('"codec.network": "unet"', '"network": "unet"', "Low", "name a role, which is no group, and a group"),
        ('"codec.network": "unet"', '"train.network": "unet"', "Low", "name a role, which is no group, and a group"),
        ('"codec.network": "unet"', '"my.codec.network": "unet"', "Low", "name a role, which is no group, and a group"),
        ('"codec.network": "unet"', '"codec.task": "denoise"', "Low", "there is no group task for a slot"),
        ('"codec.network": "unet"', '"codec.metrics": "psnr"', "Low", "there is no group metrics for a slot"),
        ('"codec.network": "unet"', '"codec.network": 3', "Low", "slots is a fact, and can't be"),
        (
            '"codec.network": "unet"',
            '"critic.network": "unet"',
            "Low",
            "reads codec.network, which is none of its",
        ),
        ('"codec.network", "codec.train"]', '"codec.train"]', "Low", "no stage reads the slot codec.network, and"),
        (', "restorer.sampler")', ",)", "High", "no stage reads the slot restorer.sampler, and samples_read does not"),
        ('"prior": "kld"', '"prior": None', "High", "there is no plain slot prior to follow: name its default"),
        ('"prior": "kld"', '"prior": "kdl"', "High", "no such prior: kdl; did you mean kld"),
        ('"reads": ["dataset", "prior"]', '"reads": ["dataset", "task", "prior"]', "High", "take task out of reads"),
        ('"kind": "generation"', '"kind": "nothing"', "High", "stages is a fact, and can't be"),
        (
            '"sampler": "ddim"',
            '"sampler": "ddmi"',
            "High",
            "defaults: sampler=ddmi: no such sampler; did you",
        ),
        ('"sampler": "ddim"', '"smapler": "ddim"', "High", "defaults: there is no slot smapler; did you mean sampler"),
        ('"sampler.clip"', '"sampler.clib"', "High", "defaults: sampler has no option clib; did you mean clip"),
        ('"sampler.clip": "none"', '"sampler.clip": "nine"', "High", "defaults: sampler.clip can't be 'nine'"),
        ('"prior.weight": 2.0', '"prior.weight": "much"', "High", "defaults: prior.weight can't be 'much'"),
        ('"codec.network.dim"', '"codec.network.width"', "High", None),
        ('"codec.network.dim"', '"codec.schedule.T"', "High", "defaults: there is no slot codec"),
        ('"prior": "kld"', '"priors": "kld"', "High", "there is no group priors for a slot; did you mean prior"),
        (
            "@register",
            '@register("other", "k")\nclass K(Facts): ...\n@register',
            "K",
            "no method has a slot of the group",
        ),
    ],
)
def test_slots_and_defaults_that_do_not_fit_are_refused(written, old, new, where, reason):
    assert old in MINE
    if reason is None:  # some network has it, and this one is chosen by the owner of the stage
        assert written(mine=MINE.replace(old, new, 1))
        return
    with pytest.raises(UserError, match=rf"methods/mine.py:\d+: {where}[:.].*{reason}"):
        written(mine=MINE.replace(old, new, 1))


def test_every_group_of_the_catalogue_is_chosen_by_something():
    assert set(registry.catalog()) == set(FACTS) and set(SLOTS) < set(FACTS)
