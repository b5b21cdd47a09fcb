"""From a plan to objects: the method with its networks, schedule and recipe, on its device."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from errors import UserError
from harness.config.run_config import Point
from harness.planning.dependencies import setting, source_of
from harness.planning.plan import Plan, named, trained_on
from harness.seeding import derive
from harness.store.entries import Store
from harness.store.keys import canonical
from harness.training.unnamed import Unread, unnamed
from methods.base import Method, Setting
from methods.schedules import Schedule
from methods.training import Recipe, Train
from registry import create, stages

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}


def device_of(point: Point) -> torch.device:
    """The device a point runs on; auto is CUDA where there is one. `UserError` if CUDA is asked for and missing."""
    wanted = point.config["device"]
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("device=cuda: this machine has no CUDA device that torch can use; take device=auto or cpu")
    automatic = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device({"auto": automatic}.get(wanted, wanted))


def component(point: Point, group: str, *context: object) -> object:
    """The component that a point chose in a group."""
    return create(group, point.name(group), point.options(group), *context)


def method_of(point: Point, shape: tuple[int, ...], device: torch.device) -> Method:
    """The method that a point chose, with freshly initialised networks, a function of the training seed alone."""
    return built(point, point.name("method"), point.options("method"), shape, device)


def built(
    point: Point,
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
    given = _setting(point, name, shape, unread)
    torch.manual_seed(derive(point.config["seed"], "train", "weights"))
    method = create("method", name, options, given)
    assert isinstance(method, Method)
    _refuse_untrained(method, name)
    if unread:
        unread.begin(method.parts(unread.stage))
    return method.to(device)


def _setting(point: Point, name: str, shape: tuple[int, ...], unread: Unread | None) -> Setting:
    around, may = setting(point), named(name)
    shared = {part: make(point) if part in may else unnamed(name, part) for part, make in _SHARED.items()}
    autocast = PRECISIONS[point.config["precision"]] if "precision" in may else None
    schedule, network, recipe = shared.values()
    others = may - trained_on(name, unread.stage) if unread else set()
    if unread and "schedule" in others:
        schedule = unread.schedule(schedule)
    if unread and "network" in others:
        network = unread.network(network)
    return Setting(tuple(shape), around["kind"], schedule, network, recipe, around["masked"], autocast)


def _schedule(point: Point) -> Schedule:
    schedule: Schedule = create(
        "schedule", point.name("schedule"), point.options("schedule"), setting(point)["kind"]
    ).build()
    return schedule


def _recipe(point: Point) -> Recipe:
    train = component(point, "train")
    assert isinstance(train, Train)
    return train.recipe


def _networks(point: Point) -> Callable[[int, int], nn.Module]:
    """Builds the networks of a method, each from a seed of its own: neither its size nor how many came before it move
    the weights that others begin with."""
    numbers = itertools.count()

    def network(in_channels: int, out_channels: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(point.config["seed"], "train", "weights", next(numbers)))
            built = create("network", point.name("network"), point.options("network"), in_channels, out_channels)
        assert isinstance(built, nn.Module)
        return built

    return network


_SHARED: dict[str, Callable[[Point], Any]] = {"schedule": _schedule, "network": _networks, "train": _recipe}


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
    point = plan.point
    parts = {group: point.config[group] for group in ("method", "network", "schedule", "task", "dataset", "train")}
    device = str(device_of(point))
    trainings = [str(store.entry("trainings", stage.key).path) for stage in plan.stages]
    name = canonical([parts, point.config["precision"], device, trainings])
    if name not in _loaded:
        _loaded.clear()
        _loaded[name] = _load(plan, store)
    return _loaded[name].eval()


def _load(plan: Plan, store: Store) -> Method:
    from safetensors.torch import load

    method = method_of(plan.point, source_of(plan.point).shape, device_of(plan.point))
    for stage in plan.stages:
        method.load(stage.name, load(store.entry("trainings", stage.key).read("weights.safetensors")))
    return method
