"""From a plan to objects: the method with its networks, schedule and recipe, on its device."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from errors import UserError
from harness.config.run_config import RunConfig
from harness.planning.dependencies import setting, source_of
from harness.planning.plan import Plan, named, trained_on
from harness.seeding import derive
from harness.store.entries import Store
from harness.store.keys import canonical
from harness.training.unnamed import Unread, unnamed
from methods.base import Method, MethodContext
from methods.schedules import Schedule
from methods.training import OptimizerConfig, Train
from registry import create, stages

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}


def device_of(config: RunConfig) -> torch.device:
    """The device a point runs on; auto is CUDA where there is one. `UserError` if CUDA is asked for and missing."""
    wanted = config.values["device"]
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("device=cuda: this machine has no CUDA device that torch can use; take device=auto or cpu")
    automatic = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device({"auto": automatic}.get(wanted, wanted))


def component(config: RunConfig, group: str, *context: object) -> object:
    """The component that a point chose in a group."""
    return create(group, config.name(group), config.options(group), *context)


def method_of(config: RunConfig, shape: tuple[int, ...], device: torch.device) -> Method:
    """The method that a point chose, with freshly initialised networks, a function of the training seed alone."""
    return built(config, config.name("method"), config.options("method"), shape, device)


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
    given = _setting(config, name, shape, unread)
    torch.manual_seed(derive(config.values["seed"], "train", "weights"))
    method = create("method", name, options, given)
    assert isinstance(method, Method)
    _refuse_untrained(method, name)
    if unread:
        unread.begin(method.parts(unread.stage))
    return method.to(device)


def _setting(config: RunConfig, name: str, shape: tuple[int, ...], unread: Unread | None) -> MethodContext:
    around, may = setting(config), named(name)
    shared = {part: make(config) if part in may else unnamed(name, part) for part, make in _SHARED.items()}
    autocast = PRECISIONS[config.values["precision"]] if "precision" in may else None
    schedule, network, recipe = shared.values()
    others = may - trained_on(name, unread.stage) if unread else set()
    if unread and "schedule" in others:
        schedule = unread.schedule(schedule)
    if unread and "network" in others:
        network = unread.network(network)
    return MethodContext(tuple(shape), around["kind"], schedule, network, recipe, around["masked"], autocast)


def _schedule(config: RunConfig) -> Schedule:
    schedule: Schedule = create(
        "schedule", config.name("schedule"), config.options("schedule"), setting(config)["kind"]
    ).build()
    return schedule


def _recipe(config: RunConfig) -> OptimizerConfig:
    train = component(config, "train")
    assert isinstance(train, Train)
    return train.optimizer


def _networks(config: RunConfig) -> Callable[[int, int], nn.Module]:
    """Builds the networks of a method, each from a seed of its own: neither its size nor how many came before it move
    the weights that others begin with."""
    numbers = itertools.count()

    def network(in_channels: int, out_channels: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(config.values["seed"], "train", "weights", next(numbers)))
            built = create("network", config.name("network"), config.options("network"), in_channels, out_channels)
        assert isinstance(built, nn.Module)
        return built

    return network


_SHARED: dict[str, Callable[[RunConfig], Any]] = {"schedule": _schedule, "network": _networks, "train": _recipe}


def _refuse_untrained(method: Method, name: str) -> None:
    for stage in stages(name):
        if not method.parts(stage.name).networks:
            raise UserError(
                f"method={name}: stage {stage.name} trains nothing: name its networks in {type(method).__name__}.parts"
            )


_loaded: dict[str, Method] = {}  # the last trained method, by all that it was made from


def trained(plan: Plan, store: Store) -> Method:
    """The method with the weights of all its finished trainings, on its device, to be sampled from.

    Asked for again with other sampling options only, it is the same object: a chunk of samplings loads it once.
    """
    config = plan.config
    parts = {group: config.values[group] for group in ("method", "network", "schedule", "task", "dataset", "train")}
    device = str(device_of(config))
    trainings = [str(store.entry("trainings", stage.key).path) for stage in plan.stages]
    name = canonical([parts, config.values["precision"], device, trainings])
    if name not in _loaded:
        _loaded.clear()
        _loaded[name] = _load(plan, store)
    return _loaded[name].eval()


def _load(plan: Plan, store: Store) -> Method:
    from safetensors.torch import load

    method = method_of(plan.config, source_of(plan.config).shape, device_of(plan.config))
    for stage in plan.stages:
        method.load(stage.name, load(store.entry("trainings", stage.key).read("weights.safetensors")))
    return method
