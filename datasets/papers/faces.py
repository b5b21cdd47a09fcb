"""Test sets of blind face restoration: LFW-Test and WIDER-Test without truth, CelebA-Test with it."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, matched, stems, without_truth
from registry import register


@register("dataset", "lfw_test")
class LfwTest(Copied):
    """LFW-Test (GFPGAN, Wang et al., CVPR 2021): 1,711 mildly degraded faces of 512 x 512 pixels, without truth.

    ::

        root/Aaron_Eckhart_0001_00.png ...

    The first picture of each person in the validation part of LFW (Huang et al., 2007), aligned as FFHQ. Only metrics
    that need no truth apply; the set is there to test on.
    """

    version = 1
    truth = False
    defaults = {"task": "paired", "metrics": ["niqe", "brisque"]}
    counts = {"images": {"paper": 1711}}

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 512,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # there is no choice
        place = Place("lfw_test", root, copy, "LFW-Test (GFPGAN, Wang et al., CVPR 2021, cropped faces)")
        super().__init__(place, Frame(size, crop, resize), (), without_truth(place.pictures(".", 1711)))


@register("dataset", "wider_test")
class WiderTest(Copied):
    """WIDER-Test (CodeFormer, Zhou et al., NeurIPS 2022): 970 badly degraded faces of 512 x 512, without truth.

    ::

        root/0000.png ...

    From WIDER FACE (Yang et al., CVPR 2016), aligned as FFHQ. Only metrics that need no truth apply; the set is there
    to test on.
    """

    version = 1
    truth = False
    defaults = {"task": "paired", "metrics": ["niqe", "brisque"]}
    counts = {"images": {"paper": 970}}

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 512,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # there is no choice
        place = Place("wider_test", root, copy, "WIDER-Test (CodeFormer, Zhou et al., NeurIPS 2022, cropped faces)")
        super().__init__(place, Frame(size, crop, resize), (), without_truth(place.pictures(".", 970)))


@register("dataset", "celeba_test")
class CelebaTest(Copied):
    """CelebA-Test (GFPGAN's protocol): 3,000 pairs of 512 x 512 from CelebA-HQ, degraded by the publisher.

    ::

        root/hq/00000000.png ...   the truth
        root/lq/00000000.png ...   of the same names and size

    GFPGAN and CodeFormer published different degradations of it under one name: the manifest tells them apart, a
    table must say which. The set is there to test on.
    """

    version = 1
    defaults = {"task": "paired"}
    counts = {"images": {"paper": 3000}}

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 512,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # there is no choice
        place = Place("celeba_test", root, copy, "CelebA-Test (GFPGAN or CodeFormer, folders hq and lq)")
        clean, degraded = (stems(place.pictures(folder, 3000)) for folder in ("hq", "lq"))
        tests = matched(place, "test", clean=clean, degraded=degraded)
        super().__init__(place, Frame(size, crop, resize), (), tests)
