"""RainDrop: photographs through a wet and a dry pane of glass."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, Shot, matched, stems
from registry import register

_COUNTS = {"train": 861, "test_a": 58, "test_b": 0}  # of test_b, sources differ: 239 or 249


@register("dataset", "raindrop")
class RainDrop(Copied):
    """RainDrop (Qian, Tan, Yang, Su and Liu, CVPR 2018, "DeRaindrop"): 861 training pairs, 58 in test_a, and test_b.

    ::

        root/train/data/0_rain.png     train/gt/0_clean.png
        root/test_a/data/0_rain.png    test_a/gt/0_clean.png    well aligned: the one that papers report (RDDM too)
        root/test_b/data/0_rain.jpg    test_b/gt/0_clean.jpg    less well aligned; only for dataset.part=test_b

    The default protocol is RDDM's: whole pictures stretched to 256 x 256 with bicubic.
    """

    version = 1
    defaults = {"task": "paired"}
    counts = {"images": {"paper": 58}}

    def __init__(  # noqa: PLR0913 - the options of a component are its signature
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        part: Literal["test_a", "test_b"] = "test_a",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is the authors'
        place = Place("raindrop", root, copy, "RainDrop (Qian et al., CVPR 2018, DeRaindrop's train, test_a, test_b)")
        super().__init__(place, Frame(size, crop, resize), _pairs(place, "train"), _pairs(place, part))


def _pairs(place: Place, split: str) -> list[Shot]:
    rain = stems(place.pictures(f"{split}/data", _COUNTS[split]), "_rain")
    clean = stems(place.pictures(f"{split}/gt", _COUNTS[split]), "_clean")
    return matched(place, split, clean=clean, degraded=rain)
