"""What turns pictures or points into feature rows; of pictures: three channels, one size, one picture at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metrics.base import check_pictures
from metrics.networks.weights import sha
from registry import register
from registry.facts import Facts

if TYPE_CHECKING:
    import torch


class Features(Facts, ABC):
    """Feature rows of pictures, or of points. Each item by itself: batch and order change no bit of a row."""

    dims: int

    @property
    @abstractmethod
    def protocol(self) -> str:
        """The stamp: network, hash of its weights, layer, resizing, dimensions and version."""

    @abstractmethod
    def extract(self, images: np.ndarray) -> np.ndarray:
        """Float32 rows (N, d) of uint8 pictures (N, H, W, C), or of float32 points (N, D)."""


@register("features", "coordinates")
class Coordinates(Features):
    """The identity: a point (x, y) is its own row; d = 2."""

    dims = 2

    @property
    def protocol(self) -> str:
        """Nothing is computed."""
        return f"coordinates;v{self.version}"

    def extract(self, images: np.ndarray) -> np.ndarray:
        """The points as float32, (N, D)."""
        return np.asarray(images, dtype=np.float32)


def pil_bicubic(image: np.ndarray, side: int) -> np.ndarray:
    """One picture uint8 (H, W, 3) resized to (side, side, 3) uint8 by Pillow's bicubic filter, 8 bit in between.

    Pillow widens the filter when it shrinks: no aliasing. A picture of that size already is left as it is.
    """
    from PIL import Image

    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((side, side), Image.Resampling.BICUBIC))


class PictureFeatures(Features):
    """Rows of pictures, resized by `pil_bicubic`, computed one by one.

    A batch would be faster by half or less, but the rounding of its convolutions depends on its size: computed one by
    one, a row is a function of its picture to the last bit. Leaf classes set ``name``, ``layer``, ``dims``, ``side``.
    """

    name: str
    layer: str
    side: int

    @property
    def protocol(self) -> str:
        """Network, hash of its weights, layer, dimensions, resizing and version."""
        return (
            f"{self.name};weights={sha(self.file())};layer={self.layer};d={self.dims};{self.resizing};v{self.version}"
        )

    @property
    def resizing(self) -> str:
        """How pictures come to the network's size."""
        return f"resize=pil_bicubic,8bit,{self.side}"

    def extract(self, images: np.ndarray) -> np.ndarray:
        """Float32 rows (N, d) of uint8 pictures (N, H, W, C), C in {1, 3}, of any size.

        Raises ValueError for other arrays, `UserError` where the weights are missing.
        """
        import torch

        check_pictures("images", images)
        rows = np.empty((len(images), self.dims), dtype=np.float32)
        with torch.inference_mode():
            for row, image in zip(rows, np.broadcast_to(images, (*images.shape[:3], 3)), strict=True):
                row[:] = self.rows(self.tensor(image))[0].numpy()
        return rows

    def tensor(self, image: np.ndarray) -> torch.Tensor:
        """One picture uint8 (H, W, 3) resized, before the network's own scaling: (1, 3, side, side) in [0, 1]."""
        import torch

        pixels = torch.from_numpy(pil_bicubic(image, self.side).copy())
        return pixels.permute(2, 0, 1)[None].float() / 255

    @abstractmethod
    def file(self) -> Path:
        """The weights, without importing torch. Raises `UserError` where they, or what runs them, are missing."""

    @abstractmethod
    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """The row of one picture: (1, 3, side, side) to (1, d)."""
