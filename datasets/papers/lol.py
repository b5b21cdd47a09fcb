"""LOL: low light and normal light of the same scenes."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, Shot, matched, stems
from registry import register


@register("dataset", "lol")
class Lol(Copied):
    """LOL v1 (Wei, Wang, Yang and Liu, BMVC 2018, "Deep Retinex Decomposition"): 485 + 15 pairs of 600 x 400 pixels.

    ::

        root/our485/low/2.png   our485/high/2.png   ...   485 training pairs
        root/eval15/low/1.png   eval15/high/1.png   ...   15 test pairs

    The default protocol is RDDM's: whole pictures stretched to 256 x 256 with bicubic. RDDM also equalises the
    histogram of the degraded input, which this data set does not: its published figures depend on it.
    """

    version = 1
    defaults = {"task": "paired"}
    counts = {"images": {"cpu": 15, "gpu": 15, "paper": 15}}  # the whole test set has 15

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is the authors'
        place = Place("lol", root, copy, "LOL (Wei et al., BMVC 2018, LOLdataset.zip)")
        training, tests = _pairs(place, "our485", 485), _pairs(place, "eval15", 15)
        super().__init__(place, Frame(size, crop, resize), training, tests)


def _pairs(place: Place, split: str, count: int) -> list[Shot]:
    low, high = (stems(place.pictures(f"{split}/{light}", count)) for light in ("low", "high"))
    return matched(place, split, clean=high, degraded=low)
