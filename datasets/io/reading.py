"""Picture files to 8-bit RGB arrays, kept while memory lasts, with every way in which a file can be bad in one line."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.io.pixels import to_uint8
from errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

CACHE_BYTES = 2**30  # per data set; what does not fit is decoded again at each use
_ORIENTATION = 0x0112  # EXIF tag; 5 to 8 exchange width and height


def upright_size(path: Path) -> tuple[int, int]:
    """(height, width) after EXIF rotation, from the header alone."""
    with _opened(path) as image:
        width, height = image.size
        turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    return (width, height) if turned else (height, width)


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """The picture file, open; what is wrong with it becomes a `UserError`."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            yield image
    except UserError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: cannot be read ({reason}); mend or remove the file") from error


def read_rgb(path: Path) -> np.ndarray:
    """One picture as uint8 (H, W, 3), turned upright by its EXIF tag; several frames: the first.

    Grey is copied to three channels; transparency is composited over white; 16-bit grey x becomes
    rint(255 x / 65535). 16-bit colour is cut to its high byte by Pillow, less than one level away from that. CMYK
    becomes (255 - ink)(255 - black) / 255, without a colour profile; in a JPEG the stored values count as inverted,
    with Adobe's marker or without, as in all common decoders. 32-bit pixels, and a file that is damaged, cut off or
    empty: `UserError`.
    """
    from PIL import Image, ImageOps

    with _opened(path) as file:
        image = ImageOps.exif_transpose(file)
        if image.mode.startswith("I;16"):
            grey = to_uint8(np.asarray(image, dtype=np.float64) / 65535.0)
            return np.repeat(grey[:, :, None], 3, axis=2)
        if image.mode in ("I", "F"):
            raise UserError(f"{path}: 32-bit pixels have no agreed range; save it as 8 or 16 bit")
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.asarray(image.convert("RGB"))


def read_mask(path: Path) -> np.ndarray:
    """One mask as uint8 (H, W); a picture in colour is no mask: `UserError`."""
    image = read_rgb(path)
    if (image != image[:, :, :1]).any():
        raise UserError(f"{path}: a mask is grey, this picture is in colour; put the mask there")
    return np.ascontiguousarray(image[:, :, 0])


class Cache:
    """Arrays by their key, from ``load``. Nothing is ever thrown out: items are drawn uniformly, any is as good."""

    def __init__(self, load: Callable[[Any], np.ndarray]) -> None:
        self.load = load
        self.arrays: dict[Hashable, np.ndarray] = {}
        self.left = CACHE_BYTES

    def get(self, key: Hashable) -> np.ndarray:
        """The array of a key, read-only; the same whether it was kept or not."""
        if key in self.arrays:
            return self.arrays[key]
        array = self.load(key)
        array.setflags(write=False)
        if array.nbytes <= self.left:
            self.left -= array.nbytes
            self.arrays[key] = array
        return array
