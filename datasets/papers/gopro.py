"""GoPro: blurred frames, averaged from a fast camera, and the sharp frames in their middle."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.io.frames import Frame
from datasets.papers.copied import Copied
from datasets.papers.layouts import Place, Shot, by_scene, matched, stem_of
from errors import UserError
from registry import register


@register("dataset", "gopro")
class GoPro(Copied):
    """GOPRO_Large (Nah, Kim and Lee, CVPR 2017): 2,103 + 1,111 pairs of 1280 x 720 pixels in 22 + 11 sequences.

    ::

        root/train/GOPR0372_07_00/blur/000047.png   sharp/000047.png   (and blur_gamma/)
        root/test/GOPR0384_11_00/blur/000001.png    sharp/000001.png

    ``blur`` is the average in linear light, ``blur_gamma`` that of the sRGB values. Copies in two flat folders
    (MPRNet's input/ and target/) are `dataset=folder`'s layout, without the authors' split. The default protocol is
    RDDM's: whole frames stretched to 256 x 256 with bicubic. The frames of a
    sequence show one scene: it is their source.
    """

    version = 2
    defaults = {"task": "paired"}
    counts = {"images": {"paper": 1111}}

    def __init__(  # noqa: PLR0913 - the options of a component are its signature
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        blur: Literal["blur", "blur_gamma"] = "blur",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        del seed  # the split is the authors'
        place = Place("gopro", root, copy, "GOPRO_Large (Nah et al., CVPR 2017, GOPRO_Large.zip)")
        training, tests = _pairs(place, "train", blur, 2103), _pairs(place, "test", blur, 1111)
        super().__init__(place, Frame(size, crop, resize), training, tests)


def _pairs(place: Place, split: str, blur: str, count: int) -> list[Shot]:
    """The sequences one by one: their frames have the same names."""
    root = place.root / place.folder(split)
    scenes = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not scenes:
        raise UserError(f"dataset=gopro: {root} has no sequences; put those of {place.published} there")
    parts: dict[str, dict[str, str]] = {"clean": {}, "degraded": {}}
    for scene in scenes:
        for part, folder in (("clean", "sharp"), ("degraded", blur)):
            for name in place.pictures(f"{split}/{scene}/{folder}"):
                parts[part][f"{scene}-{stem_of(name)}"] = name
    shots = by_scene(matched(place, split, **parts))
    place.check(len(shots), count, str(root))
    return shots
