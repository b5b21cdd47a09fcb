"""ImageNet: the pictures of ILSVRC2012, without their labels."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, singles
from registry import register


@register("dataset", "imagenet")
class ImageNet(Copied):
    """ILSVRC2012 (Russakovsky et al., IJCV 2015): 1,281,167 training and 50,000 validation pictures to test on.

    ::

        root/train/n01440764/n01440764_10026.JPEG ...
        root/val/ILSVRC2012_val_00000001.JPEG ...   or in one folder for each class

    The default protocol is guided-diffusion's and DiffBIR's at 512: halving by area mean, then bicubic to a short
    side of 512, then the central square; smaller pictures are enlarged. The few CMYK files are converted.
    """

    version = 1

    def __init__(
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 1024]"] = 512,
        crop: Literal["center", "none", "window"] = "center",
        resize: Literal["halving", "bicubic", "bilinear", "lanczos", "box"] = "halving",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is the authors'
        place = Place("imagenet", root, copy, "ILSVRC2012 (Russakovsky et al., IJCV 2015, train and val unpacked)")
        training, tests = (
            singles(split, place.pictures(folder, count, deep=True))
            for split, folder, count in (("train", "train", 1_281_167), ("test", "val", 50_000))
        )
        super().__init__(place, Frame(size, crop, resize), training, tests)
