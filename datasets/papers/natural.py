"""Pictures of anything: ImageNet, LSUN Church, and RealSRSet's small pictures from the wild."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.crops import Preprocessing
from datasets.papers.copied import Copied, Split, WithoutTruth
from datasets.papers.layouts import LocalCopy
from registry import register


@register("dataset", "imagenet", size=512, crop="center", resize="halving")
class ImageNet(Copied):
    """ILSVRC2012 (Russakovsky et al., IJCV 2015): 1,281,167 training and 50,000 validation pictures to test on.

    ::

        root/train/n01440764/n01440764_10026.JPEG ...
        root/val/ILSVRC2012_val_00000001.JPEG ...   or in one folder for each class

    The default protocol is guided-diffusion's and DiffBIR's at 512: halving by area mean, then bicubic to a short
    side of 512, then the central square; smaller pictures are enlarged. The few CMYK files are converted.
    """

    name = "imagenet"
    published = "ILSVRC2012 (Russakovsky et al., IJCV 2015, train and val unpacked)"

    def split(self, copy: LocalCopy) -> Split:
        """The challenge's training and validation."""
        return copy.singles("train", "train", 1_281_167), copy.singles("test", "val", 50_000)


@register("dataset", "lsun_church", crop="center", resize="bilinear")
class LsunChurch(Copied):
    """LSUN church_outdoor (Yu et al. 2015): 126,227 training and 300 validation pictures, the latter to test on.

    ::

        root/church_outdoor_train/....webp   126,227 pictures, subfolders or none
        root/church_outdoor_val/....webp     300 pictures

    LSUN comes as two LMDB databases of JPEG-compressed pictures: export them to folders of those names with the
    publisher's own script (`data.py export`). The default is DDPM's and DDIM's 256: short side by bilinear, central
    square. FID against 50,000 training pictures needs a set metric's real pictures, which come from the training part.
    """

    defaults = {"task": "generate"}
    counts = {"images": {"paper": 300}}
    name = "lsun_church"
    published = "LSUN church_outdoor (Yu et al. 2015, exported from its LMDB)"

    def split(self, copy: LocalCopy) -> Split:
        """The publisher's two databases."""
        return (
            copy.singles("train", "church_outdoor_train", 126_227),
            copy.singles("test", "church_outdoor_val", 300),
        )


@register("dataset", "realsrset")
class RealSrSet(WithoutTruth):
    """RealSRSet (Zhang, Liang, Van Gool and Timofte, ICCV 2021, "BSRGAN"): 20 real low-quality pictures, no truth.

    ::

        root/butterfly.png   root/chip.png   root/comic1.png ...

    Each is enlarged ``upscale`` times (bicubic), as DiffBIR tests it at x4, and its central window of ``size`` pixels
    is the item, since items of a data set have one size: papers score whole pictures, so figures compare within this
    harness only. Only metrics that need no truth apply; the set is there to test on.
    """

    counts = {"images": {"gpu": 20, "paper": 20}}
    name = "realsrset"
    published = "RealSRSet (Zhang et al., ICCV 2021, testsets/RealSRSet of BSRGAN)"

    def __init__(  # noqa: PLR0913 - the options of a component are its signature
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "window",
        resize: Literal["bicubic", "bilinear", "lanczos", "box", "halving"] = "bicubic",
        upscale: Annotated[int, "[1, 8]"] = 4,
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # there is no choice
        self.open(root, copy, Preprocessing(size, crop, resize, upscale))
