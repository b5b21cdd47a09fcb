"""From a plan to objects: the method with its networks, schedule and recipe, on its device."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import torch
from safetensors.torch import load
from torch import nn

from errors import UserError
from harness.config.run_config import RunConfig
from harness.planning.dependencies import setting, source_of
from harness.planning.plan import Plan, Training
from harness.seeding import derive
from harness.store.entries import Store
from harness.store.keys import canonical
from harness.training.unnamed import Unread, unnamed
from methods.base import Method, MethodContext, NetworkBuilder
from registry import create, group_of, reads, slots, stages

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}


def device_of(config: RunConfig) -> torch.device:
    """The device a point runs on; auto is CUDA where there is one. `UserError` if CUDA is asked for and missing."""
    wanted = config.values["device"]
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("device=cuda: this machine has no CUDA device that torch can use; take device=auto or cpu")
    automatic = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device({"auto": automatic}.get(wanted, wanted))


def component(config: RunConfig, slot: str, *context: object) -> Any:
    """The component that a point chose in a slot."""
    return create(slot, config.name(slot), config.options(slot), *context)


def method_of(config: RunConfig, shape: tuple[int, ...], device: torch.device) -> Method:
    """The method that a point chose, with freshly initialised networks, a function of the training seed alone."""
    return built(config, config.name("method"), config.options("method"), shape, device)


def load_stage(method: Method, stage: Training, store: Store) -> None:
    """Give a method the weights of a finished stage."""
    method.parts(stage.name).load(load(store.entry("trainings", stage.key).read("weights.safetensors")))


def built(
    config: RunConfig,
    name: str,
    options: Mapping[str, object],
    shape: tuple[int, ...],
    device: torch.device,
    stage: str | None = None,
) -> Method:
    """A method in the setting of a point: its own, or the one whose stage it builds on.

    `UserError` where it has a stage that trains nothing. What its facts do not name refuses to be used, and so does
    what ``stage``, the one that is to be trained, does not read, nor a stage upstream of it.
    """
    unread = Unread(name, stage) if stage else None
    context = _context(_with_slots(config, name), name, shape, unread)
    torch.manual_seed(derive(config.values["seed"], "train", "weights"))
    method = create("method", name, options, context)
    assert isinstance(method, Method)
    for one in stages(name):
        if not method.parts(one.name).networks:
            raise UserError(
                f"method={name}: stage {one.name} trains nothing: name its networks in {type(method).__name__}.parts"
            )
    if unread:
        unread.begin(method.parts(unread.stage))
    return method.to(device)


def _with_slots(config: RunConfig, name: str) -> RunConfig:
    """The point with all slots of a method: those that the point's own method lacks, whose stages do not read them, as
    the method chooses them itself."""
    own = {slot: to for slot, to in slots(name).items() if slot not in config.values}
    chosen = {slot: {"name": to} if to else config.values[group_of(slot)] for slot, to in own.items()}
    return replace(config, values={**config.values, **chosen})


def _context(config: RunConfig, name: str, shape: tuple[int, ...], unread: Unread | None) -> MethodContext:
    kind = next((one.kind for one in stages(name) if unread and one.name == unread.stage), "")
    around, may, declared = setting(config, kind), reads(name), slots(name)
    used = reads(name, unread.stage) if unread else may

    def component_of(slot: str) -> Any:
        if slot not in may:
            return unnamed(name, slot)
        make = _MAKERS.get(group_of(slot))
        found = make(config, slot, around["kind"]) if make else component(config, slot)
        return found if unread is None or slot in used else unread.guard(slot, found)

    own = {fields: _Slots(name) for fields in ("networks", "schedules", "optimizers", "components")}
    for slot in declared:
        own[_FIELDS.get(group_of(slot), "components")][slot] = component_of(slot)
    return MethodContext(
        tuple(shape),
        around["kind"],
        component_of("schedule"),
        component_of("network"),
        component_of("train"),
        around["masked"],
        PRECISIONS[config.values["precision"]] if "precision" in may else None,
        **own,
    )


class _Slots(dict[str, Any]):
    """The components of declared slots by the slots' names."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.method = method

    def __missing__(self, slot: str) -> NoReturn:
        raise UserError(f"method={self.method} uses {slot}, which is none of its slots (registry/facts.py)")


def _networks(config: RunConfig, slot: str) -> NetworkBuilder:
    """Builds the networks of a slot, each from a seed of its own: neither its size nor how many came before it, in this
    slot or another, move the weights that others begin with."""
    numbers, role = itertools.count(), () if slot == "network" else (slot,)

    def network(in_channels: int, out_channels: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(config.values["seed"], "train", "weights", *role, next(numbers)))
            built = component(config, slot, in_channels, out_channels)
        assert isinstance(built, nn.Module)
        return built

    return network


# By group, what a method is handed of a slot's component; of any other group the component itself.
_MAKERS: dict[str, Callable[[RunConfig, str, str], Any]] = {
    "schedule": lambda config, slot, kind: component(config, slot, kind).build(),
    "network": lambda config, slot, kind: _networks(config, slot),
    "train": lambda config, slot, kind: component(config, slot).optimizer,
}
_FIELDS = {"schedule": "schedules", "network": "networks", "train": "optimizers"}  # of `MethodContext`


_loaded: dict[str, Method] = {}  # the last trained method, by all that it was made from


def trained(plan: Plan, store: Store) -> Method:
    """The method with the weights of all its finished trainings, on its device, to be sampled from.

    Asked for again with other sampling options only, it is the same object: a chunk of samplings loads it once.
    """
    config = plan.config
    parts = {slot: config.values[slot] for slot in config.slots if slot not in ("sampler", "tracker")}
    device = str(device_of(config))
    trainings = [str(store.entry("trainings", stage.key).path) for stage in plan.stages]
    name = canonical([parts, config.values["precision"], device, trainings])
    if name not in _loaded:
        _loaded.clear()
        method = method_of(config, source_of(config).shape, device_of(config))
        for stage in plan.stages:
            load_stage(method, stage, store)
        _loaded[name] = method
    return _loaded[name].eval()
