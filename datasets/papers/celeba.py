"""CelebA, cut to the faces as DDIM and RDDM do, and CelebA-HQ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, numbered, singles
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

    version = 1
    defaults = {"task": "generate"}
    counts = {"images": {"paper": 10_000}}

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
        place = Place("celeba", root, copy, "CelebA (Liu et al., ICCV 2015, img_align_celeba and Eval)")
        pictures = set(place.pictures(_IMAGES))
        parts = read_partition(place.root / place.file(_LIST, f"Eval/{_LIST}"))
        training, tests = (
            singles(split, _part(place, parts.get(code, []), pictures, code))
            for split, code in (("train", "0"), ("test", "2"))
        )
        super().__init__(place, Frame(size, crop, resize), training, tests)


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


def _part(place: Place, listed: list[str], pictures: set[str], code: str) -> list[str]:
    """The pictures of a part; of a whole copy all that are listed, of a part those that are there."""
    names = [f"{_IMAGES}/{name}" for name in listed]
    there = [name for name in names if name in pictures]
    if place.copy == "whole" and len(there) < len(names):
        first = next(name for name in names if name not in pictures)
        raise UserError(
            f"dataset=celeba: {place.root / first} is missing, though {_LIST} lists it: "
            "mend the copy, or say dataset.copy=part to use what is there"
        )
    place.check(len(there), _COUNTS[code], f"part {code} of {_LIST}")
    if not there:
        raise UserError(f"dataset=celeba: no picture of part {code} of {_LIST} is in {place.root / _IMAGES}; add some")
    return there


@register("dataset", "celeba_hq")
class CelebAHq(Copied):
    """CelebA-HQ (Karras, Aila, Laine and Lehtinen, ICLR 2018): 30,000 faces; 0 to 26,999 train, the last 3,000 test.

    ::

        root/celeba_hq_256/00000.jpg ... 29999.jpg   or root/CelebA-HQ-img/0.jpg ..., or directly in root

    The files' numbers decide the split (27,000 + 3,000, the sizes since Glow). Larger copies, the published 1024 or
    CelebAMask-HQ's 512, are brought to 256 by area mean. Copies number the faces differently: manifests tell.
    """

    version = 1
    defaults = {"task": "generate"}
    counts = {"images": {"paper": 3000}}

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 1024]"] = 256,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["box", "bicubic", "bilinear", "lanczos"] = "box",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is by number
        place = Place("celeba_hq", root, copy, "CelebA-HQ (Karras et al., ICLR 2018, a folder of 30,000 pictures)")
        training, tests = numbered(place, place.folder("celeba_hq_256", "CelebA-HQ-img", "."), 30_000, 27_000)
        super().__init__(place, Frame(size, crop, resize), training, tests)
