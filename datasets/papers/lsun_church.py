"""LSUN Church: churches from outside."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, singles
from registry import register


@register("dataset", "lsun_church")
class LsunChurch(Copied):
    """LSUN church_outdoor (Yu et al. 2015): 126,227 training and 300 validation pictures, the latter to test on.

    ::

        root/church_outdoor_train/....webp   126,227 pictures, subfolders or none
        root/church_outdoor_val/....webp     300 pictures

    LSUN comes as two LMDB databases of JPEG-compressed pictures: export them to folders of those names with the
    publisher's own script (`data.py export`). The default is DDPM's and DDIM's 256: short side by bilinear, central
    square. FID against 50,000 training pictures needs a set metric's real pictures, which come from the training part.
    """

    version = 1
    defaults = {"task": "generate"}
    counts = {"images": {"paper": 300}}

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 1024]"] = 256,
        crop: Literal["center", "none", "window"] = "center",
        resize: Literal["bilinear", "bicubic", "lanczos", "box"] = "bilinear",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is the authors'
        place = Place("lsun_church", root, copy, "LSUN church_outdoor (Yu et al. 2015, exported from its LMDB)")
        training, tests = (
            singles(split, place.pictures(folder, count, deep=True))
            for split, folder, count in (
                ("train", "church_outdoor_train", 126_227),
                ("test", "church_outdoor_val", 300),
            )
        )
        super().__init__(place, Frame(size, crop, resize), training, tests)
