"""What the feature networks of pictures share: three channels, one size, one picture at a time."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from metrics.features.base import Features

if TYPE_CHECKING:
    import torch


def checked_pictures(images: np.ndarray) -> np.ndarray:
    """The pictures in three channels, grey copied to each. Raises ValueError for anything but uint8 (N, H, W, C)."""
    if images.dtype != np.uint8:
        raise ValueError(f"images must be uint8, the saved 8-bit values, got {images.dtype}")
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape[1:]:
        raise ValueError(f"images must be (N, H, W, C) with 1 or 3 channels, got {images.shape}")
    return np.broadcast_to(images, (*images.shape[:3], 3))


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
        return f"{self.name};weights={self.stamp()};layer={self.layer};d={self.dims};{self.resizing};v{self.version}"

    @property
    def resizing(self) -> str:
        """How pictures come to the network's size."""
        return f"resize=pil_bicubic,8bit,{self.side}"

    def extract(self, images: np.ndarray) -> np.ndarray:
        """Float32 rows (N, d) of uint8 pictures (N, H, W, C), C in {1, 3}, of any size.

        Raises ValueError for other arrays, `UserError` where the weights are missing.
        """
        import torch

        rows = np.empty((len(images), self.dims), dtype=np.float32)
        with torch.inference_mode():
            for row, image in zip(rows, checked_pictures(images), strict=True):
                row[:] = self.rows(self.tensor(image))[0].numpy()
        return rows

    def tensor(self, image: np.ndarray) -> torch.Tensor:
        """One picture uint8 (H, W, 3) resized, before the network's own scaling: (1, 3, side, side) in [0, 1]."""
        import torch

        pixels = torch.from_numpy(pil_bicubic(image, self.side).copy())
        return pixels.permute(2, 0, 1)[None].float() / 255

    @abstractmethod
    def stamp(self) -> str:
        """The hash of the weights. Must not import torch. Raises `UserError` where they are missing."""

    @abstractmethod
    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """The row of one picture: (1, 3, side, side) to (1, d)."""
