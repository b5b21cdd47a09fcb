"""How far a restored face is from the clean one, to a face network that the user brings."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from errors import UserError
from metrics.base import Metric
from metrics.networks.weights import sha
from registry import register


@register("metrics", "identity_distance")
class IdentityDistance(Metric):
    """The angle in degrees between the embeddings of a picture and of its clean one, 0 to 180::

        arccos(<f(x), f(y)> / (|f(x)| |f(y)|)) 180 / pi

    Restoration papers print the cosine as IDS, or this angle as "Deg." or IDA in radians (57.3 degrees); their network
    is mostly ArcFace. f is timm's architecture ``network`` without its classifier, filled with the tensors of the
    safetensors file ``weights``: nothing in such a file can run. There is no default, since no face network comes with
    an ordinary package. Pictures are resized to ``size`` pixels a side (bilinear, antialiased), as they are: aligned
    faces are the data set's business; values are scaled to [-1, 1], as ArcFace wants them.
    """

    higher_is_better = False
    unit = "degrees"
    name = "identity_distance"

    def __init__(self, *, network: str = "", weights: str = "", size: Annotated[int, "[16, 1024]"] = 112) -> None:
        self.network, self.weights, self.size = network, weights, size

    @property
    def settings(self) -> str:
        """The architecture, the hash of its weights, the size and the range."""
        weights = sha(_file(self.network, self.weights))
        return f"net=timm:{self.network},{weights};resize={self.size},bilinear,antialias;range=-1..1"

    def score(self, image: np.ndarray, clean: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The angle of one image in degrees; `UserError` without a network."""
        path = _file(self.network, self.weights)
        x, y = (_embedding(picture, self.network, path, self.size) for picture in (image, clean))
        # Half the chord: the arc cosine loses half of the digits where the angle is small.
        return float(np.degrees(2 * np.arcsin(min(1.0, float(np.linalg.norm(x - y)) / 2))))


def _file(network: str, weights: str) -> Path:
    path = Path(weights).expanduser()
    if not (network and weights):
        raise UserError(
            "metrics=identity_distance needs a face network: metrics.identity_distance.network=(a name of timm) and "
            "metrics.identity_distance.weights=(a safetensors file)"
        )
    if path.suffix != ".safetensors" or not path.is_file():
        raise UserError(f"metrics.identity_distance.weights={weights}: no such safetensors file")
    return path


def _embedding(image: np.ndarray, network: str, path: Path, size: int) -> np.ndarray:
    """f of one picture at unit length, float64 (d,)."""
    import torch
    from torch.nn.functional import interpolate

    from metrics.networks.convnets import to_tensor

    x = interpolate(to_tensor(image), (size, size), mode="bilinear", antialias=True, align_corners=False)
    with torch.inference_mode():
        embedding = _network(network, path, sha(path))(2 * x - 1)[0].double().numpy()
    return embedding / np.linalg.norm(embedding)


@functools.lru_cache(maxsize=1)
def _network(name: str, path: Path, stamp: str) -> Any:
    """The architecture with the file's tensors, in evaluation mode; every tensor must be there and fit."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from metrics.networks.timm_models import import_timm

    del stamp  # keys the cache: another content is another network
    who = f"metrics.identity_distance.network={name}"
    timm = import_timm(who)
    if name not in timm.list_models():
        raise UserError(f"{who}: timm has no such architecture")
    try:
        network = timm.create_model(name, pretrained=False, num_classes=0)
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise UserError(f"{path} does not fill {who}: {reason}") from None
    return network.eval()
