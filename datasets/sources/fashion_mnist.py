"""Fashion-MNIST: from a folder, from its Debian package, or the subset that is committed here."""

from __future__ import annotations

import functools
import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from datasets.base import Item, Listed, digest
from errors import UserError
from registry import register

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist
SUBSET = Path(__file__).parents[1] / "files" / "fashion_mnist_subset.npz"
FILES = {"train": "train-images-idx3-ubyte.gz", "test": "t10k-images-idx3-ubyte.gz"}
_MAGIC = 0x00000803  # idx: unsigned bytes, three dimensions
_SIDE = 28


def read_idx(path: Path) -> np.ndarray:
    """The pictures of a gzipped idx3 file, uint8 (N, 28, 28); `UserError` naming a file that is not one."""
    try:
        data = gzip.decompress(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; dataset.folder needs {' and '.join(FILES.values())}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise _corrupt(path, f"damaged gzip: {error}") from error
    if len(data) < 16:
        raise _corrupt(path, f"{len(data)} bytes, too short for a header")
    magic, count, height, width = struct.unpack(">4I", data[:16])
    if (magic, height, width) != (_MAGIC, _SIDE, _SIDE) or count == 0:
        raise _corrupt(path, f"header {magic:#010x}, {count} x {height} x {width} is not 28 x 28 pictures")
    if len(data) != 16 + count * height * width:
        raise _corrupt(path, f"{len(data)} bytes where its header promises {16 + count * height * width}")
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, height, width)


def _corrupt(path: Path, reason: str) -> UserError:
    return UserError(f"{path}: not a sound Fashion-MNIST file ({reason}); fetch it again")


@functools.lru_cache(maxsize=4)
def load(folder: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """(train, test), uint8 (N, 28, 28), read once per process; None is the committed subset."""
    if folder is not None:
        return read_idx(folder / FILES["train"]), read_idx(folder / FILES["test"])
    with np.load(SUBSET, allow_pickle=False) as arrays:
        return arrays["train"], arrays["test"]


@register("dataset", "fashion_mnist")
class FashionMnist(Listed):
    """Xiao, Rasul and Vollgraf 2017 (MIT licence): grey clothes, padded with black from 28 to 32 pixels.

    The first of these that there is: ``folder`` with the two image files in idx format (60,000 + 10,000), the
    folder of Debian's package dataset-fashion-mnist, or the committed subset: the first 1,500 training and the
    first 500 test pictures. The manifest differs between whole set and subset, so their results never mix; the
    attribute ``source`` says in words which it is. Test items are the test file's, in its order. Not mirrored:
    shoes point one way.
    """

    defaults = {"task": "generate"}
    counts = {"images": {"smoke": 4, "cpu": 64, "gpu": 500, "paper": 500}}
    label = "fashion_mnist"
    mirrors = False

    def __init__(self, seed: int, folder: str = "") -> None:
        del seed  # the split is the authors'
        self.shape = (1, 32, 32)
        place = Path(folder).expanduser() if folder else DEBIAN if DEBIAN.is_dir() else None
        self.source = str(place) if place else "committed subset"
        self.remedy = "" if place else "install dataset-fashion-mnist for all 10,000"
        self.images = dict(zip(FILES, load(place), strict=True))
        self.training, self.tests = (range(len(images)) for images in self.images.values())

    def manifest(self) -> str:
        """Over the pixels of both parts and the version; the same pixels from elsewhere are the same data."""
        return digest("fashion_mnist", self.version, *self.images.values())

    def item(self, entry: int, rng: np.random.Generator | None) -> Item:
        """The picture of that number in its file, padded."""
        part = "test" if rng is None else "train"
        return Item(f"{part}-{entry:05d}", np.pad(self.images[part][entry], 2)[:, :, None])
