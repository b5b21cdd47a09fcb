"""SID-RGB: short and long exposures of the same scenes, developed to sRGB."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datasets.io.listing import SUFFIXES, safe
from datasets.io.reading import read_rgb, upright_size
from datasets.papers.copied import Copied, Split
from datasets.papers.layouts import ItemFiles, LocalCopy, stem_of
from errors import UserError
from registry import register

_FIRST_DIGITS = {"train": "02", "test": "1"}  # of a scene's number: SID's training and validation, and its test
_COUNTS = {"train": 2099, "test": 598}


@register("dataset", "sid_rgb")
class SidRgb(Copied):
    """SID's Sony subset (Chen, Chen, Xu and Koltun, CVPR 2018) in sRGB, laid out as SNR-Aware (Xu et al., CVPR 2022).

    ::

        root/short_sid2/00001/00001_00_0.1s.npy   00001/00001_00_0.04s.npy ...   2,099 + 598 short exposures
        root/long_sid2/00001/00001_00_10s.npy                                    one long exposure for each scene

    A file is a picture, or a .npy as SNR-Aware publishes them: uint8 (H, W, 3) in the order blue, green, red. Scenes
    0... and 2... train, scenes 1... test; each short exposure is a pair with its scene's first long one, and the scene
    is the source of all of them. RDDM took
    its SID-RGB from Xu et al. (CVPR 2020, "Decomposition-and-Enhancement"): arrange those pictures in the same way.
    SNR-Aware compares at 960 x 512; the default here is RDDM's 256 x 256, stretched with bicubic.
    """

    version = 2
    defaults = {"task": "paired"}
    counts = {"images": {"paper": 598}}
    name = "sid_rgb"
    published = "SID in sRGB (SNR-Aware, Xu et al., CVPR 2022)"

    def split(self, copy: LocalCopy) -> Split:
        """The authors' scenes, by the first digits of their numbers."""
        return _pairs(copy, "train"), _pairs(copy, "test")

    def read(self, path: Path) -> np.ndarray:
        """A picture, or a .npy with its channels put in the order red, green, blue."""
        if path.suffix.lower() != ".npy":
            return read_rgb(path)
        return np.ascontiguousarray(_load(path)[:, :, ::-1])


def _load(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: not a sound .npy file; fetch it again") from error
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise UserError(f"{path}: {array.dtype} {array.shape}, but uint8 (H, W, 3) is needed; fetch it again")
    return array


def _size(path: Path) -> tuple[int, int]:
    if path.suffix.lower() != ".npy":
        return upright_size(path)
    height, width, _ = _load(path).shape
    return height, width


def _scenes(copy: LocalCopy, folder: str, split: str) -> dict[str, list[str]]:
    """The files of each scene of a split, relative to the root."""
    scenes: dict[str, list[str]] = {}
    for name in copy.pictures(folder, suffixes=(".npy", *SUFFIXES), deep=True):
        scene = name.split("/")[1]
        if scene[0] in _FIRST_DIGITS[split]:
            scenes.setdefault(scene, []).append(name)
    return scenes


def _pairs(copy: LocalCopy, split: str) -> list[ItemFiles]:
    short, long = (_scenes(copy, folder, split) for folder in ("short_sid2", "long_sid2"))
    lonely = sorted(short.keys() ^ long.keys())
    if lonely:
        has, lacks = ("short_sid2", "long_sid2") if lonely[0] in short else ("long_sid2", "short_sid2")
        raise UserError(f"{copy.root / has / lonely[0]}: this scene is not in {lacks}; add it or remove this one")
    items = [
        ItemFiles(safe(f"{split}-{scene}-{stem_of(name)}"), long[scene][0], name, source=safe(f"{split}-{scene}"))
        for scene, names in short.items()
        for name in names
    ]
    if not items:
        digits = " or ".join(_FIRST_DIGITS[split])
        raise UserError(
            f"dataset=sid_rgb: {copy.root}/short_sid2 has no scene {digits}..., the {split} split; add them"
        )
    copy.check_count(len(items), _COUNTS[split], f"{copy.root}/short_sid2 ({split})")
    copy.check_sizes(items, _size)
    return items
