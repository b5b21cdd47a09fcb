"""Inception-v3's features as FID defines them, of weights in a file that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from errors import UserError
from metrics.features.base import PictureFeatures
from metrics.networks.timm_models import timm_or_refuse
from metrics.networks.weights import named_file, sha
from registry import register

if TYPE_CHECKING:
    import torch

FILE = "pt_inception-2015-12-05-6726825d.pth"
PUBLISHED = "6726825d0af5"  # the first digits of the SHA-256 of that file, which its name quotes
SIDE = 299


def tf_legacy(image: np.ndarray) -> torch.Tensor:
    """Bilinear as TensorFlow 1 has it, corners aligned at the upper left, no filter when shrinking.

    Pixel i of the result lies at i (in / out) of the picture. uint8 (H, W, 3) to (1, 3, 299, 299) in 0..255.
    """
    import torch

    x = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()
    for axis in (3, 2):
        size = x.shape[axis]
        place = torch.arange(SIDE, dtype=torch.float32) * torch.tensor(size / SIDE, dtype=torch.float32)
        low = place.long().clamp_max(size - 1)
        near, far = x.index_select(axis, low), x.index_select(axis, (low + 1).clamp_max(size - 1))
        share = place - low
        x = near + (far - near) * (share if axis == 3 else share[:, None])
    return x


def pil_bicubic(image: np.ndarray) -> torch.Tensor:
    """Pillow's bicubic filter on each channel as float32, unrounded: clean-fid's "clean" resizing."""
    import torch
    from PIL import Image

    planes = [Image.fromarray(image[..., channel].astype(np.float32)) for channel in range(3)]
    resized = [np.asarray(plane.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for plane in planes]
    return torch.from_numpy(np.stack(resized))[None]


def antialiased(image: np.ndarray) -> torch.Tensor:
    """torch's bilinear filter with antialias: torchmetrics' from 1.8 on."""
    import torch

    x = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()
    return torch.nn.functional.interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)


RESIZE = {"tf_legacy": tf_legacy, "pil_bicubic": pil_bicubic, "aa": antialiased}


@register("features", "inception_v3")
class InceptionV3Features(PictureFeatures):
    """pool_3, d = 2048, of any weights of that layout: what is measured over them is not called FID.

    FID's Inception-v3 on 299 pixels, scaled by (x - 128) / 128.
    """

    name = "inception_v3"
    layer = "pool3"
    dims = 2048
    side = SIDE

    def __init__(self, *, weights: str = "", resize: Literal["tf_legacy", "pil_bicubic", "aa"] = "tf_legacy") -> None:
        self.weights, self.resize = weights, resize

    @property
    def resizing(self) -> str:
        """Which of the three resizings in use: they give different FIDs."""
        return f"resize={self.resize},{SIDE}"

    def file(self) -> Path:
        """The named file; `UserError` where there is none, or no torchvision."""
        timm_or_refuse(f"features={self.name}")
        what = f"{FILE} from the releases of mseitzer/pytorch-fid; name it with metrics.fid.weights=PATH"
        return named_file(self.weights, f"features={self.name}", what)

    def tensor(self, image: np.ndarray) -> torch.Tensor:
        """One picture resized, in 0..255, unrounded: (1, 3, 299, 299)."""
        return RESIZE[self.resize](image)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 299, 299) to (1, 2048)."""
        return self.features_and_outputs(x)[0]

    def features_and_outputs(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """pool_3, (1, 2048), and the weights (1008, 2048) of the outputs on top of it."""
        from metrics.networks.inception_v3 import load

        network, outputs = load(self.file(), f"features={self.name}")
        return network((x - 128) / 128), outputs


@register("features", "inception_v3_fid")
class FidInception(InceptionV3Features):
    """pool_3, d = 2048, of the published weights: FID's features."""

    name = "inception_v3_fid"

    def file(self) -> Path:
        """The named file; `UserError` where it is not the published one."""
        path = super().file()
        if sha(path) != PUBLISHED:
            raise UserError(
                f"features={self.name}: {path} is not {FILE} (SHA-256 {PUBLISHED}...), so no figure over it is FID or "
                "an Inception score; metrics=frechet with features=inception_v3 takes any weights of that layout"
            )
        return path


@register("features", "inception_v3_logits")
class InceptionLogits(FidInception):
    """The 1008 logits without their bias, of the published weights: what the Inception score is of."""

    name = "inception_v3_logits"
    layer = "logits_without_bias"
    dims = 1008

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 299, 299) to (1, 1008)."""
        features, outputs = self.features_and_outputs(x)
        return features @ outputs.T
