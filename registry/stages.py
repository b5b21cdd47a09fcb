"""The trainings of a method as its facts tell them, made whole: whose they are, and what they are built with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from errors import nearest
from registry.facts import SLOTS, MethodFacts
from registry.reading import Component
from registry.slots import group_of

VALUES = ("sampling_seed", "precision")  # what sampling may depend on beside slots

Method = Component[MethodFacts]


@dataclass(frozen=True)
class Stage:
    """One training: ``owner`` is the method whose own it is; its key holds ``options`` and what ``after`` depends on.

    ``after`` are all the stages upstream, those that it builds on by way of others among them.

    ``built_with`` are the options that it is built with: its own and those of all the stages that it builds on, so that
    it holds these as they were trained. The owner's other options take the defaults of its registered name.

    ``reads`` are slots; those of the group "train" say how it is optimised, and ``train`` is the one whose steps and
    batches it has. ``kind`` is the kind of task that it is trained for, "" for the point's own.
    """

    name: str
    owner: str
    reads: tuple[str, ...]
    after: tuple[str, ...]
    options: tuple[str, ...]
    built_with: tuple[str, ...]
    kind: str = ""

    @property
    def train(self) -> str:
        """The slot of its steps and batches."""
        recipes = [slot for slot in self.reads if group_of(slot) == "train"]
        return "train" if "train" in recipes else recipes[0]


def trainer(known: Mapping[str, Method], method: Method) -> Method:
    """The method whose training this one's is: itself, or that which ``trains_as`` names (DDIM trains as DDPM)."""
    name = method.facts.trains_as or method.name
    if name not in known:
        method.refuse(f"trains_as: there is no method {name}")
    return known[name]


def stages(known: Mapping[str, Method], name: str) -> tuple[Stage, ...]:
    """The trainings of a method, in their order. Raises `UserError` where its facts do not fit together."""
    method = known[name]
    of = trainer(known, method)
    made: dict[str, Stage] = {}
    for stage in of.facts.stages:
        made[stage] = _stage(known, of, stage, made)
    return tuple(made.values())


def slots(known: Mapping[str, Method], name: str) -> dict[str, str | None]:
    """The slots that a method declares, and those that the stages of others in it read, with their defaults."""
    read = {
        slot: known[stage.owner].facts.slots[slot]
        for stage in stages(known, name)
        for slot in stage.reads
        if slot not in SLOTS
    }
    return read | dict(known[name].facts.slots)


def _stage(known: Mapping[str, Method], method: Method, name: str, made: Mapping[str, Stage]) -> Stage:
    facts = method.facts.stages[name]
    owner = known.get(facts.get("of", method.name))
    if owner is None or "of" in owner.facts.stages.get(name, {"of": ""}):
        method.refuse(f"stages[{name!r}]: the method {facts.get('of')} has no stage {name} of its own")
    if "of" in facts and len(facts) > 1:
        method.refuse(f"stages[{name!r}] has of alone: {owner.name} says the rest")
    own = owner.facts.stages[name]
    direct = own.get("after", [])
    if early := [one for one in direct if one not in made or owner.name not in (made[one].owner, method.name)]:
        method.refuse(f"stages[{name!r}] builds on {early[0]}, which is no stage of it that comes before")
    after = tuple(dict.fromkeys(one for near in direct for one in (*made[near].after, near)))
    options = tuple(own.get("options", [one for one in owner.options if one not in owner.facts.sampling]))
    above = [option for one in after for option in made[one].built_with if option in owner.options]
    _check_stage(owner, name, options)
    reads = tuple(own["reads"])
    if "train" not in map(group_of, reads):
        reads += ("train",)
    built_with = tuple(dict.fromkeys((*above, *options)))
    return Stage(name, owner.name, reads, after, options, built_with, own.get("kind", ""))


def _check_stage(owner: Method, name: str, options: Sequence[str]) -> None:
    facts = owner.facts.stages[name]
    reads = facts.get("reads", [])
    _check_slots(owner, f"stages[{name!r}] reads", reads)
    if "dataset" not in reads:
        owner.refuse(f"stages[{name!r}] reads dataset always: it trains on batches")
    if facts.get("kind") == "generation" and "task" in reads:
        owner.refuse(f"stages[{name!r}] is for generation, which is shown nothing of a task: take task out of reads")
    for option in options:
        if option not in owner.options:
            owner.refuse(f"stages[{name!r}]: there is no option {option}")


def _check_slots(method: Method, what: str, read: Iterable[str], more: Sequence[str] = ()) -> None:
    known = (*SLOTS, *method.facts.slots, *more)
    for slot in read:
        if slot not in known:
            method.refuse(f"{what} {slot}, which is none of its slots; {nearest(slot, known)}")


def check(known: Mapping[str, Method]) -> None:
    """Raise `UserError` with file and line where a method's facts do not fit together or an option is ignored."""
    for name, method in known.items():
        facts = method.facts
        trainings = stages(known, name)
        _check_slots(method, "samples_read names", facts.samples_read, (*slots(known, name), *VALUES))
        read = {*facts.samples_read, *(slot for stage in trainings for slot in stage.reads)}
        if ignored := [slot for slot in facts.slots if slot not in read]:
            method.refuse(f"no stage reads the slot {ignored[0]}, and samples_read does not name it: it is ignored")
        trained = [option for stage in trainings for option in stage.options]
        for option in (*trained, *facts.sampling):
            if option not in method.options:
                method.refuse(f"it needs the option {option}, which a stage or ``sampling`` names")
        for option in method.options:
            if option in trained and option in facts.sampling:
                method.refuse(f"sampling: the option {option} is read by a stage: sampling depends on it by that")
            if option not in (*trained, *facts.sampling, *facts.free):
                method.refuse(f"no stage reads the option {option}, and ``sampling`` does not name it: it is ignored")
