"""FFHQ: faces from Flickr."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, numbered
from registry import register


@register("dataset", "ffhq")
class Ffhq(Copied):
    """FFHQ (Karras, Laine and Aila, CVPR 2019): 70,000 faces; 0 to 59,999 train, the last 10,000 test.

    ::

        root/images1024x1024/00000/00000.png ... 69000/69999.png   as published
        root/images512x512/00000.png ... 69999.png                 or directly in root

    The split is the publisher's recommendation; DiffBIR trains its face model on all 70,000 and tests on other sets
    (celeba_test, lfw_test, wider_test). The default is 512 pixels, from 1024 by area mean.
    """

    version = 1

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 1024]"] = 512,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["box", "bicubic", "bilinear", "lanczos"] = "box",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is by number
        place = Place("ffhq", root, copy, "FFHQ (Karras et al., CVPR 2019, images1024x1024)")
        folder = place.folder("images1024x1024", "images512x512", ".")
        training, tests = numbered(place, folder, 70_000, 60_000)
        super().__init__(place, Frame(size, crop, resize), training, tests)
