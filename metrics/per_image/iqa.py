"""Learned no-reference metrics of the optional package pyiqa: MANIQA, MUSIQ and CLIP-IQA, each with its training set.

pyiqa's licence forbids commercial use: nothing here is a default, and it comes with the extra ``iqa`` alone. The same
network trained on another data set gives other figures, which papers mix: so each has a name of its own.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from errors import UserError
from metrics.base import Metric
from metrics.networks.weights import check_tensors, sha
from registry import register


class WeightsFile(NamedTuple):
    """A file that pyiqa reads, below torch's hub folder, and who publishes it."""

    path: str
    source: str
    sha256: str = ""  # where the file is a program of its own kind (TorchScript), only this one is let through


CLIP = WeightsFile("clip/RN50.pt", "openai/CLIP", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762")
_HUGGING_FACE = "chaofengc/IQA-PyTorch-Weights"


class _Pyiqa(Metric):
    """A metric of pyiqa, ``name`` there, on the picture as it is, in [0, 1]; the CPU, one image at a time."""

    needs = ()
    higher_is_better = True
    unit = ""
    weights: tuple[WeightsFile, ...]

    @property
    def settings(self) -> str:
        """The range, pyiqa's version, and the hash of each file of weights."""
        from importlib.metadata import version

        _require_pyiqa(self.name)
        weights = ",".join(sha(path) for path in _paths(self.name, self.weights))
        return f"range=0..1;pyiqa={version('pyiqa')};weights={weights}"

    def score(self, image: np.ndarray, clean: np.ndarray | None = None, mask: np.ndarray | None = None) -> float:
        """The figure of one image; `UserError` where pyiqa or a file of weights is missing."""
        from metrics.networks.convnets import to_tensor

        return float(_network(self.name, self.weights)(to_tensor(image)))


@register("metrics", "maniqa_koniq")
class ManiqaKoniq(_Pyiqa):
    """MANIQA (Yang et al., CVPRW 2022) trained on KonIQ-10k: pyiqa's default, not what papers print. 0 to about 1."""

    name = "maniqa"
    weights = (WeightsFile("pyiqa/ckpt_koniq10k.pt", _HUGGING_FACE),)


@register("metrics", "maniqa_pipal")
class ManiqaPipal(_Pyiqa):
    """MANIQA (Yang et al., CVPRW 2022) trained on PIPAL, which restoration papers print. 0 to about 1."""

    name = "maniqa-pipal"
    weights = (WeightsFile("pyiqa/MANIQA_PIPAL-ae6d356b.pth", _HUGGING_FACE),)


@register("metrics", "musiq_koniq")
class MusiqKoniq(_Pyiqa):
    """MUSIQ (Ke et al., ICCV 2021) trained on KonIQ-10k: what restoration papers print. 0 to about 100."""

    name = "musiq"
    weights = (WeightsFile("pyiqa/musiq_koniq_ckpt-e95806b9.pth", _HUGGING_FACE),)


@register("metrics", "musiq_spaq")
class MusiqSpaq(_Pyiqa):
    """MUSIQ (Ke et al., ICCV 2021) trained on SPAQ. 0 to about 100."""

    name = "musiq-spaq"
    weights = (WeightsFile("pyiqa/musiq_spaq_ckpt-358bb6af.pth", _HUGGING_FACE),)


@register("metrics", "clipiqa")
class ClipIqa(_Pyiqa):
    """CLIP-IQA (Wang et al., AAAI 2023) with fixed prompts, five pairs of them averaged, on CLIP's RN50. 0 to 1."""

    name = "clipiqa"
    weights = (CLIP,)


@register("metrics", "clipiqa_plus")
class ClipIqaPlus(_Pyiqa):
    """CLIP-IQA+ (Wang et al., AAAI 2023): prompts learned on KonIQ-10k, on CLIP's RN50. 0 to 1."""

    name = "clipiqa+"
    weights = (CLIP, WeightsFile("pyiqa/CLIP-IQA+_learned_prompts-603f3273.pth", _HUGGING_FACE))


def _require_pyiqa(model: str) -> None:
    if importlib.util.find_spec("pyiqa") is None:
        raise UserError(f"metrics of pyiqa ({model}) need the extra iqa (non-commercial licence): pip install pyiqa")


def hub_folder() -> Path:
    """Where torch.hub keeps files, by the variables that it reads: no torch is needed to know it."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))).expanduser() / "hub"


def _paths(model: str, files: tuple[WeightsFile, ...]) -> list[Path]:
    """The files, all there. pyiqa would fetch what is missing, unasked: hence `UserError` first."""
    paths = [hub_folder() / file.path for file in files]
    for path, file in zip(paths, files, strict=True):
        if not path.is_file():
            raise UserError(f"pyiqa's {model} needs {path.name} of {file.source} at {path}: put it there")
    return paths


@functools.lru_cache(maxsize=2)
def _network(model: str, files: tuple[WeightsFile, ...]) -> Any:
    """pyiqa's network. It unpickles whatever it finds: so each file is read by torch's safe reader before."""
    _require_pyiqa(model)
    for path, file in zip(_paths(model, files), files, strict=True):
        check_tensors(path, file.sha256)
    from metrics.networks.timm_models import import_timm

    timm = import_timm(f"pyiqa's {model}")
    create = timm.create_model

    def unfilled(name: str, pretrained: bool = False, **options: Any) -> Any:
        """A network without fetched weights: MANIQA's file fills its backbone too, strictly."""
        del pretrained
        return create(name, pretrained=False, **options)

    with mock.patch.object(timm, "create_model", unfilled):
        return importlib.import_module("pyiqa").create_metric(model, device="cpu")
