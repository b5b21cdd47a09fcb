"""CelebA, cut to the faces as DDIM and RDDM do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from datasets.io.preprocessing import Preprocessing
from datasets.papers.copied import Copied, Split
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

    version = 1
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


def _part(copy: LocalCopy, listed: list[str], pictures: set[str], code: str) -> list[str]:
    """The pictures of a part; of a whole copy all that are listed, of a part those that are there."""
    names = [f"{_IMAGES}/{name}" for name in listed]
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
