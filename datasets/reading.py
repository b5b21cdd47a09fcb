"""Picture files to 8-bit RGB arrays, with every way in which a file can be bad named in one line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datasets.pixels import to_uint8
from errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_ORIENTATION = 0x0112  # EXIF tag; 5 to 8 exchange width and height


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Order that puts ``2.png`` before ``10.png``; the name itself decides between equals."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts] + [(2, 0, path.name)]


def list_images(folder: str, option: str) -> list[Path]:
    """The pictures directly inside a folder in natural order; hidden files and other types are passed over."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise UserError(f"{option}={folder}: no such folder; give a folder with {', '.join(SUFFIXES)} files")
    found = [path for path in root.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    if not found:
        raise UserError(f"{option}={folder}: no pictures in it; put {', '.join(SUFFIXES)} files there")
    return sorted(found, key=natural_key)


def upright_size(path: Path) -> tuple[int, int]:
    """(height, width) after EXIF rotation, from the header alone."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error
    return (width, height) if turned else (height, width)


def read_rgb(path: Path) -> np.ndarray:
    """One picture as uint8 (H, W, 3), turned upright by its EXIF tag; several frames: the first.

    Grey is copied to three channels; transparency is composited over white; 16-bit grey x becomes
    rint(255 x / 65535) (16-bit RGB PNGs are cut to their high byte by Pillow). 32-bit pixels: `UserError`.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            return _rgb(ImageOps.exif_transpose(image), path)
    except UserError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error


def _rgb(image: Image, path: Path) -> np.ndarray:
    from PIL import Image

    if image.mode.startswith("I;16"):
        grey = to_uint8(np.asarray(image, dtype=np.float64) / 65535.0)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise UserError(f"{path}: 32-bit pixels have no agreed range; save it as 8 or 16 bit")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def _unreadable(path: Path, error: Exception) -> UserError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UserError(f"{path}: cannot be read ({reason}); mend or remove the file")
