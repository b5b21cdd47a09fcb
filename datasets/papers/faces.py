"""Faces: CelebA, CelebA-HQ and FFHQ, and the test sets of blind face restoration.

The latter are LFW-Test and WIDER-Test without truth, and CelebA-Test with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from datasets.io.crops import Preprocessing
from datasets.papers.copied import Copied, Split, WithoutTruth
from datasets.papers.layouts import LocalCopy, singles
from errors import UserError
from registry import register

_LIST = "list_eval_partition.txt"
_IMAGES = "img_align_celeba"
_COUNTS = {"0": 162_770, "1": 19_867, "2": 19_962}  # training, validation, test


@register("dataset", "celeba")
class CelebA(Copied):
    """CelebA (Liu, Luo, Wang and Tang, ICCV 2015): 162,770 training and 19,962 test faces, validation left aside.

    ::

        root/img_align_celeba/000001.jpg ...   202,599 aligned pictures of 178 x 218 pixels
        root/list_eval_partition.txt           "000001.jpg 0" a line: 0 training, 1 validation, 2 test
                                               (or in root/Eval/, as published)

    The default protocol is DDIM's and RDDM's at 64 pixels: the square of 128 around (x, y) = (89, 121), then
    bilinear. RDDM's evaluation resizes the real pictures of its FID with bicubic.
    """

    defaults = {"task": "generate"}
    counts = {"images": {"paper": 10_000}}
    name = "celeba"
    published = "CelebA (Liu et al., ICCV 2015, img_align_celeba and Eval)"

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 512]"] = 64,
        crop: Literal["face", "none", "center"] = "face",
        resize: Literal["bilinear", "bicubic", "lanczos", "box"] = "bilinear",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is the authors'
        self.open(root, copy, Preprocessing(size, crop, resize))

    def split(self, copy: LocalCopy) -> Split:
        """The parts 0 and 2 of the list."""
        pictures = set(copy.pictures(_IMAGES))
        parts = read_partition(copy.root / copy.file(_LIST, f"Eval/{_LIST}"))
        return (
            singles("train", _part(copy, parts.get("0", []), pictures, "0")),
            singles("test", _part(copy, parts.get("2", []), pictures, "2")),
        )


def read_partition(path: Path) -> dict[str, list[str]]:
    """The file names of each part, by its digit; `UserError` naming a line that is not a name and a digit."""
    parts: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if words and (len(words) != 2 or words[1] not in _COUNTS):
            raise UserError(f"{path}, line {number}: not a file name and 0, 1 or 2; fetch the file again")
        if words:
            parts.setdefault(words[1], []).append(words[0])
    return parts


def _part(copy: LocalCopy, files: list[str], pictures: set[str], code: str) -> list[str]:
    """The pictures of a part; of a whole copy all that are listed, of a part those that are there."""
    names = [f"{_IMAGES}/{name}" for name in files]
    there = [name for name in names if name in pictures]
    if copy.extent == "whole" and len(there) < len(names):
        first = next(name for name in names if name not in pictures)
        raise UserError(
            f"dataset=celeba: {copy.root / first} is missing, though {_LIST} lists it: "
            "mend the copy, or say dataset.copy=part to use what is there"
        )
    copy.check_count(len(there), _COUNTS[code], f"part {code} of {_LIST}")
    if not there:
        raise UserError(f"dataset=celeba: no picture of part {code} of {_LIST} is in {copy.root / _IMAGES}; add some")
    return there


@register("dataset", "celeba_hq", resize="box")
class CelebAHq(Copied):
    """CelebA-HQ (Karras, Aila, Laine and Lehtinen, ICLR 2018): 30,000 faces; 0 to 26,999 train, the last 3,000 test.

    ::

        root/celeba_hq_256/00000.jpg ... 29999.jpg   or root/CelebA-HQ-img/0.jpg ..., or directly in root

    The files' numbers decide the split (27,000 + 3,000, the sizes since Glow). Larger copies, the published 1024 or
    CelebAMask-HQ's 512, are brought to 256 by area mean. Copies number the faces differently: manifests tell.
    """

    defaults = {"task": "generate"}
    counts = {"images": {"paper": 3000}}
    name = "celeba_hq"
    published = "CelebA-HQ (Karras et al., ICLR 2018, a folder of 30,000 pictures)"

    def split(self, copy: LocalCopy) -> Split:
        """By number."""
        return copy.numbered(copy.folder("celeba_hq_256", "CelebA-HQ-img", "."), 30_000, 27_000)


@register("dataset", "ffhq", size=512, resize="box")
class Ffhq(Copied):
    """FFHQ (Karras, Laine and Aila, CVPR 2019): 70,000 faces; 0 to 59,999 train, the last 10,000 test.

    ::

        root/images1024x1024/00000/00000.png ... 69000/69999.png   as published
        root/images512x512/00000.png ... 69999.png                 or directly in root

    The split is the publisher's recommendation; DiffBIR trains its face model on all 70,000 and tests on other sets
    (celeba_test, lfw_test, wider_test). The default is 512 pixels, from 1024 by area mean.
    """

    name = "ffhq"
    published = "FFHQ (Karras et al., CVPR 2019, images1024x1024)"

    def split(self, copy: LocalCopy) -> Split:
        """By number."""
        return copy.numbered(copy.folder("images1024x1024", "images512x512", "."), 70_000, 60_000)


@register("dataset", "lfw_test", size=512)
class LfwTest(WithoutTruth):
    """LFW-Test (GFPGAN, Wang et al., CVPR 2021): 1,711 mildly degraded faces of 512 x 512 pixels, without truth.

    ::

        root/Aaron_Eckhart_0001_00.png ...

    The first picture of each person in the validation part of LFW (Huang et al., 2007), aligned as FFHQ. Only metrics
    that need no truth apply; the set is there to test on.
    """

    counts = {"images": {"paper": 1711}}
    name = "lfw_test"
    published = "LFW-Test (GFPGAN, Wang et al., CVPR 2021, cropped faces)"


@register("dataset", "wider_test", size=512)
class WiderTest(WithoutTruth):
    """WIDER-Test (CodeFormer, Zhou et al., NeurIPS 2022): 970 badly degraded faces of 512 x 512, without truth.

    ::

        root/0000.png ...

    From WIDER FACE (Yang et al., CVPR 2016), aligned as FFHQ. Only metrics that need no truth apply; the set is there
    to test on.
    """

    counts = {"images": {"paper": 970}}
    name = "wider_test"
    published = "WIDER-Test (CodeFormer, Zhou et al., NeurIPS 2022, cropped faces)"


@register("dataset", "celeba_test", size=512)
class CelebaTest(Copied):
    """CelebA-Test (GFPGAN's protocol): 3,000 pairs of 512 x 512 from CelebA-HQ, degraded by the publisher.

    ::

        root/hq/00000000.png ...   the truth
        root/lq/00000000.png ...   of the same names and size

    GFPGAN and CodeFormer published different degradations of it under one name: the manifest tells them apart, a
    table must say which. The set is there to test on.
    """

    defaults = {"task": "paired"}
    counts = {"images": {"paper": 3000}}
    name = "celeba_test"
    published = "CelebA-Test (GFPGAN or CodeFormer, folders hq and lq)"

    def split(self, copy: LocalCopy) -> Split:
        """All of it tests."""
        return (), copy.matched("test", 3000, clean="hq", degraded="lq")
