"""ISTD: scenes with a shadow, without it, and the shadow's mask."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, Shot, by_scene, matched, stems
from registry import register


@register("dataset", "istd")
class Istd(Copied):
    """ISTD (Wang, Li and Yang, CVPR 2018, "ST-CGAN"): 1,330 + 540 triples of 640 x 480 pixels.

    ::

        root/train/train_A/1-1.png   with shadow   (degraded)
        root/train/train_B/1-1.png   shadow mask   (255 in the shadow)
        root/train/train_C/1-1.png   shadow-free   (clean)      1,330 of each
        root/test/test_A/100-1.png   test_B   test_C            540 of each

    The default protocol is RDDM's: everything, the mask too, stretched to 256 x 256 with bicubic, which leaves the
    mask soft at its edge. The adjusted set ISTD+ (Le and Samaras, ICCV 2019) has the same layout: its manifest, and
    so every key of its results, differs. The first number of a name is the scene's, which several shadows share: it is
    the items' source.
    """

    version = 2
    defaults = {"task": "paired"}
    counts = {"images": {"paper": 540}}
    masks = True

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
        place = Place("istd", root, copy, "ISTD (Wang et al., CVPR 2018, ISTD_Dataset of ST-CGAN)")
        training, tests = _triples(place, "train", 1330), _triples(place, "test", 540)
        super().__init__(place, Frame(size, crop, resize), training, tests)


def _triples(place: Place, split: str, count: int) -> list[Shot]:
    shadow, mask, clean = (stems(place.pictures(f"{split}/{split}_{part}", count)) for part in "ABC")
    return by_scene(matched(place, split, clean=clean, degraded=shadow, mask=mask))
