"""RealSRSet: small pictures from the wild, nobody knows the large ones."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, without_truth
from registry import register


@register("dataset", "realsrset")
class RealSrSet(Copied):
    """RealSRSet (Zhang, Liang, Van Gool and Timofte, ICCV 2021, "BSRGAN"): 20 real low-quality pictures, no truth.

    ::

        root/butterfly.png   root/chip.png   root/comic1.png ...

    Each is enlarged ``upscale`` times (bicubic), as DiffBIR tests it at x4, and its central window of ``size`` pixels
    is the item, since items of a data set have one size: papers score whole pictures, so figures compare within this
    harness only. Only metrics that need no truth apply; the set is there to test on.
    """

    version = 1
    truth = False
    defaults = {"task": "paired", "metrics": ["niqe", "brisque"]}
    counts = {"images": {"gpu": 20, "paper": 20}}

    def __init__(  # noqa: PLR0913 - the options of a component are its signature
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "window",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        upscale: Annotated[int, "[1, 8]"] = 4,
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # there is no choice
        place = Place("realsrset", root, copy, "RealSRSet (Zhang et al., ICCV 2021, testsets/RealSRSet of BSRGAN)")
        tests = without_truth(place.pictures(".", 20))
        super().__init__(place, Frame(size, crop, resize, upscale), (), tests)
