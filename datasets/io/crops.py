"""Square windows of larger pictures, and the protocols that bring a picture of any size to one square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from errors import UserError


def grid(height: int, width: int, size: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Corners (top, left) of disjoint windows: floor(H/size) * floor(W/size) of them.

    The grid's offset within the slack and the order of its cells are random; content plays no part.
    """
    top, left = rng.integers(0, height % size + 1), rng.integers(0, width % size + 1)
    rows, columns = height // size, width // size
    order = rng.permutation(rows * columns)
    return [(int(top + size * (cell // columns)), int(left + size * (cell % columns))) for cell in order]


def window(image: np.ndarray, top: int, left: int, size: int) -> np.ndarray:
    """The (size, size, C) window at a corner, as its own memory."""
    return np.ascontiguousarray(image[top : top + size, left : left + size])


def random_corner(image: np.ndarray, size: int, rng: np.random.Generator) -> tuple[int, int]:
    """A corner (top, left) in an (H, W, C) picture, uniform over all windows that fit."""
    height, width = image.shape[:2]
    return int(rng.integers(0, height - size + 1)), int(rng.integers(0, width - size + 1))


def mirrored(image: np.ndarray) -> np.ndarray:
    """Left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


def shrink(image: np.ndarray, factor: int) -> np.ndarray:
    """Area mean over ``factor`` x ``factor`` blocks; (H, W, C) reals, a remainder at right and bottom is cut off."""
    height, width = (side // factor * factor for side in image.shape[:2])
    blocks = image[:height, :width].reshape(height // factor, factor, width // factor, factor, -1)
    return blocks.mean(axis=(1, 3), dtype=np.float64).astype(image.dtype)


@dataclass(frozen=True)
class Preprocessing:
    """A protocol: ``size`` pixels per side, the part of the picture (``crop``), the filter (``resize``).

    ``none``    the whole picture, stretched to the square: its aspect ratio is lost. RDDM's, with bicubic at 256.
    ``center``  short side to ``size``, then the central square (torchvision's Resize and CenterCrop, same rounding).
    ``window``  no resizing: a window at the picture's own resolution, random in training, central in a test.
    ``face``    CelebA's 128 x 128 square around (x, y) = (89, 121) of its aligned 178 x 218 pictures, then to ``size``.

    The filters are Pillow's, which widen with the factor on the way down (antialiasing) and round after each axis:
    ``bicubic`` (a = -0.5), ``bilinear``, ``lanczos``, ``box`` (area mean), and ``halving``: 2 x 2 means while both
    sides stay at least ``size``, then bicubic (guided-diffusion's image_datasets.py, which DiffBIR uses).
    ``upscale``: before all that, the picture is enlarged so many times (bicubic).
    """

    size: int
    crop: str
    resize: str
    upscale: int = 1

    @property
    def protocol(self) -> str:
        """The four in one word, for manifests."""
        return f"{self.crop}-{self.resize}-{self.size}-x{self.upscale}"

    def fit(self, image: np.ndarray, name: str) -> np.ndarray:
        """A uint8 picture (H, W, 3) or mask (H, W) as the square; for ``window`` still whole, at least that large.

        `UserError` with ``name`` where the picture is too small or not of the size that the crop is made for.
        """
        if self.upscale > 1:
            image = resized(image, image.shape[0] * self.upscale, image.shape[1] * self.upscale, "bicubic")
        return _CROPS[self.crop](image, self, name)

    def corner(self, image: np.ndarray, rng: np.random.Generator | None) -> tuple[int, int]:
        """The corner (top, left) of the square in a fitted picture: random with ``rng``, central without."""
        if rng is not None and image.shape[:2] != (self.size, self.size):
            return random_corner(image, self.size, rng)
        return (image.shape[0] - self.size) // 2, (image.shape[1] - self.size) // 2


def resized(image: np.ndarray, height: int, width: int, name: str) -> np.ndarray:
    """A uint8 picture (H, W, 3) or (H, W) by a filter of `Preprocessing`; of the wanted size already, it is kept."""
    from PIL import Image

    picture = Image.fromarray(image)
    if name == "halving":
        while min(picture.size) >= 2 * min(height, width):
            picture = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)
    kernel = Image.Resampling["BICUBIC" if name == "halving" else name.upper()]
    if picture.size != (width, height):
        picture = picture.resize((width, height), kernel)
    return np.asarray(picture)


def _none(image: np.ndarray, how: Preprocessing, name: str) -> np.ndarray:
    return resized(image, how.size, how.size, how.resize)


def _center(image: np.ndarray, how: Preprocessing, name: str) -> np.ndarray:
    height, width = image.shape[:2]
    short = min(height, width)
    small = resized(image, how.size * height // short, how.size * width // short, how.resize)
    top, left = (round((side - how.size) / 2) for side in small.shape[:2])
    return window(small, top, left, how.size)


def _window(image: np.ndarray, how: Preprocessing, name: str) -> np.ndarray:
    height, width = image.shape[:2]
    if min(height, width) < how.size:
        raise UserError(
            f"{name}: {width}x{height} has no window of dataset.size={how.size}; lower it or set dataset.crop=center"
        )
    return image


def _face(image: np.ndarray, how: Preprocessing, name: str) -> np.ndarray:
    height, width = image.shape[:2]
    if (height, width) != (218, 178):
        raise UserError(f"{name}: {width}x{height}, but CelebA's aligned pictures are 178x218; fetch img_align_celeba")
    return resized(image[121 - 64 : 121 + 64, 89 - 64 : 89 + 64], how.size, how.size, how.resize)


_CROPS = {"none": _none, "center": _center, "window": _window, "face": _face}
