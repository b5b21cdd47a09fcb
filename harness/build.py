"""From a plan to objects: the method with its networks, schedule and recipe, on its device."""

from __future__ import annotations

import torch
from torch import nn

from errors import UserError
from harness.points import Point
from harness.seeding import derive
from methods.base import Method, Setting
from registry import create, find

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
    """The method with freshly initialised networks, a function of the training seed alone."""
    kind = find("task", point.name("task")).facts["kind"]
    schedule = create("schedule", point.name("schedule"), point.options("schedule"), kind).build()

    def network(in_channels: int, out_channels: int) -> nn.Module:
        built = create("network", point.name("network"), point.options("network"), in_channels, out_channels)
        assert isinstance(built, nn.Module)
        return built

    train = create("train", point.name("train"), point.options("train"))
    autocast = PRECISIONS[point.config["precision"]]
    torch.manual_seed(derive(point.config["seed"], "train", "weights"))
    setting = Setting(tuple(shape), kind, schedule, network, train.recipe, autocast)
    method = create("method", point.name("method"), point.options("method"), setting)
    assert isinstance(method, Method)
    return method.to(device)
