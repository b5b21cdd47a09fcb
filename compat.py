"""What must be set right before some package can be imported."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

# As torchvision declares them in its C++ part.
_NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@functools.lru_cache(maxsize=1)
def declare_torchvision_operators() -> Any:
    """Make ``import torchvision`` work where its compiled part fits another build of torch; call it before.

    The package index has torchvision for the CUDA builds of torch only. Beside a CPU build its compiled operators
    can't be loaded, and its Python part, which registers shape rules for two of them, fails to import, and with it
    timm, diffusers and torchmetrics. Declaring the two is enough: nothing here calls them. Does nothing where the
    compiled part loads or torchvision is not installed. Returns what must stay alive.
    """
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return None
    try:
        for library in Path(spec.submodule_search_locations[0]).glob("_C.*"):
            torch.ops.load_library(str(library))
    except OSError:
        declared = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            declared.define(name + _NMS)
        return declared
    return None
