"""Real photographs out of the scikit-image and scikit-learn wheels and of this repository: nothing to download.

=====================  ============  ==========================================================================
file                   wheel         rights, as stated by scikit-image (data/_fetchers.py) and scikit-learn
=====================  ============  ==========================================================================
astronaut.png          scikit-image  public domain (NASA)
chelsea.png            scikit-image  CC0, Stefan van der Walt
coffee.png             scikit-image  CC0, Rachel Michetti
motorcycle_left.png    scikit-image  Middlebury 2014 stereo set (Scharstein et al., GCPR 2014); no licence stated
rocket.jpg             scikit-image  public domain (SpaceX)
china.jpg              scikit-learn  CC BY 2.0, Daniel Buechele (flickr.com/photos/danielbuechele)
flower.jpg             scikit-learn  CC BY 2.0, vultilion (flickr.com/photos/vultilion)
ihc.png                scikit-image  no known copyright restrictions (CMMI); micrograph, training only
retina.jpg             scikit-image  CC0, Mikael Haeggstroem; eye fundus, training only
seven more             none          files/photographs/LICENCES.md: public domain, CC0, CC BY 4.0
=====================  ============  ==========================================================================

Left out after looking at them: grey pictures (they would teach colorization that the world is grey),
drawings and renders, motorcycle_right (the same scene as motorcycle_left) and hubble_deep_field (most of
it is sensor noise, which must not be called clean). The files are the same in scikit-image 0.25 and 0.26.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from datasets.base import digest, round_robin, shuffled
from datasets.io import crops
from datasets.io.pixels import from_uint8, to_uint8
from datasets.io.reading import read_rgb
from datasets.sources.windows import ByArea
from errors import UserError
from registry import register

_SKIMAGE = "skimage/data"
_SEVEN = ("bee.jpg", "bridge.jpg", "citrus.jpg", "dandelions.jpg", "fig.jpg", "mountains.jpg", "stream.jpg")
_NATURAL = {
    _SKIMAGE: ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg"),
    "sklearn/datasets/images": ("china.jpg", "flower.jpg"),
    "datasets/files/photographs": _SEVEN,
}


@dataclass(frozen=True)
class _Photo:
    folder: str
    file: str
    natural: bool = True  # only natural photographs are ever held out
    extra: int = 1  # further shrinking, so that no picture outweighs the others


PHOTOS = {
    Path(photo.file).stem: photo
    for photo in (
        *(_Photo(folder, file) for folder, files in _NATURAL.items() for file in files),
        _Photo(_SKIMAGE, "ihc.png", natural=False),
        _Photo(_SKIMAGE, "retina.jpg", natural=False, extra=2),
    )
}


def locate(photo: _Photo) -> Path:
    """Where a package keeps a photograph, without importing it."""
    package, _, rest = photo.folder.partition("/")
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise UserError(f"dataset=photos needs the package {package}: pip install -e . brings it")
    return Path(places[0], rest, photo.file)


@functools.lru_cache(maxsize=64)
def decode(name: str, downscale: int) -> np.ndarray:
    """A photograph after the area-mean shrink in sRGB values; uint8 (H, W, 3), read-only, once per process."""
    photo = PHOTOS[name]
    factor = downscale * photo.extra
    image = to_uint8(crops.shrink(from_uint8(read_rgb(locate(photo))), factor))
    image.setflags(write=False)
    return image


def _fold(seed: int, split: int, fold: int) -> tuple[str, ...]:
    """That one of the natural photographs in the seed's order, ``split`` at a time; `UserError` where there is none."""
    order = shuffled((name for name, photo in PHOTOS.items() if photo.natural), seed, "split")
    folds = [tuple(order[first : first + split]) for first in range(0, len(order), split)]
    if fold >= len(folds):
        raise UserError(
            f"dataset.fold={fold}: with dataset.split={split} the {len(order)} photographs are tested in "
            f"{len(folds)} folds, 0 to {len(folds) - 1}"
        )
    return folds[fold]


@register("dataset", "photos")
class Photos(ByArea):
    """Crops of sixteen real colour photographs, split by photograph and never by crop.

    Most are JPEG, so all are shrunk ``downscale`` times (area mean) before they are called clean. The fourteen
    natural photographs are put into an order by the seed and dealt into folds of ``split``; those of fold ``fold`` are
    tested and nothing of them is trained on. Over all folds (``dataset.fold=0,1`` with the default split) each is
    tested exactly once; the last fold is smaller where ``split`` is no divisor. Test crops are disjoint windows of a
    grid with a seeded offset, taken from the photographs in turn and not selected by content: with the defaults at
    least 80 of seven photographs. A training item is a window of a photograph drawn with probability proportional to
    its area, mirrored half of the time.
    """

    version = 2
    label = "photos"
    remedy = "raise dataset.split or lower dataset.size"

    def __init__(
        self,
        seed: int,
        size: Annotated[int, "[16, 300]"] = 64,
        split: Annotated[int, "[1, 12]"] = 7,
        fold: Annotated[int, "[0, 13]"] = 0,
        downscale: Annotated[int, "[1, 4]"] = 2,
    ) -> None:
        self.shape = (3, size, size)
        self.options = (size, split, fold, downscale)
        self.held_out = _fold(seed, split, fold)
        self.training = tuple(name for name in PHOTOS if name not in self.held_out)
        self.images = {name: decode(name, downscale) for name in PHOTOS}
        name, side = min(((name, min(image.shape[:2])) for name, image in self.images.items()), key=lambda x: x[1])
        if size > side:
            raise UserError(
                f"dataset.size={size}: {PHOTOS[name].file} has {side} pixels on its short side after "
                f"dataset.downscale={downscale}; set dataset.size to {side} or less"
            )
        self.weigh([self.images[name].shape[0] * self.images[name].shape[1] for name in self.training])
        self.tests = round_robin([self.corners(name, self.images[name].shape[:2], seed) for name in self.held_out])

    def manifest(self) -> str:
        """Over the decoded pixels of every photograph, the split, the test corners, the options, the version."""
        pixels = [part for name in PHOTOS for part in (name, self.images[name])]
        return digest("photos", self.version, self.options, self.held_out, self.tests, *pixels)

    def pictures(self, name: str) -> list[np.ndarray]:
        """A photograph, shrunk."""
        return [self.images[name]]
