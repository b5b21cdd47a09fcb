"""Pairs for restoration: low light (LOL), shadows (ISTD), rain drops (RainDrop) and motion blur (GoPro)."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.papers.copied import Copied, Split
from datasets.papers.layouts import ItemFiles, LocalCopy, by_scene, stem_of
from errors import UserError
from registry import register


@register("dataset", "lol")
class Lol(Copied):
    """LOL v1 (Wei, Wang, Yang and Liu, BMVC 2018, "Deep Retinex Decomposition"): 485 + 15 pairs of 600 x 400 pixels.

    ::

        root/our485/low/2.png   our485/high/2.png   ...   485 training pairs
        root/eval15/low/1.png   eval15/high/1.png   ...   15 test pairs

    The default protocol is RDDM's: whole pictures stretched to 256 x 256 with bicubic. RDDM also equalises the
    histogram of the degraded input, which this data set does not: its published figures depend on it.
    """

    defaults = {"task": "paired"}
    counts = {"images": {"cpu": 15, "gpu": 15, "paper": 15}}  # the whole test set has 15
    name = "lol"
    published = "LOL (Wei et al., BMVC 2018, LOLdataset.zip)"

    def split(self, copy: LocalCopy) -> Split:
        """The authors' two folders."""
        return (
            copy.matched("our485", 485, clean="our485/high", degraded="our485/low"),
            copy.matched("eval15", 15, clean="eval15/high", degraded="eval15/low"),
        )


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
    name = "istd"
    published = "ISTD (Wang et al., CVPR 2018, ISTD_Dataset of ST-CGAN)"

    def split(self, copy: LocalCopy) -> Split:
        """The authors' train and test."""
        return self._triples(copy, "train", 1330), self._triples(copy, "test", 540)

    def _triples(self, copy: LocalCopy, split: str, count: int) -> list[ItemFiles]:
        shadow, mask, clean = (f"{split}/{split}_{part}" for part in "ABC")
        return by_scene(copy.matched(split, count, clean=clean, degraded=shadow, mask=mask))


@register("dataset", "raindrop")
class RainDrop(Copied):
    """RainDrop (Qian, Tan, Yang, Su and Liu, CVPR 2018, "DeRaindrop"): 861 training pairs, 58 in test_a, and test_b.

    ::

        root/train/data/0_rain.png     train/gt/0_clean.png
        root/test_a/data/0_rain.png    test_a/gt/0_clean.png    well aligned: the one that papers report (RDDM too)
        root/test_b/data/0_rain.jpg    test_b/gt/0_clean.jpg    less well aligned; only for dataset.part=test_b

    The default protocol is RDDM's: whole pictures stretched to 256 x 256 with bicubic.
    """

    defaults = {"task": "paired"}
    counts = {"images": {"paper": 58}}
    name = "raindrop"
    published = "RainDrop (Qian et al., CVPR 2018, DeRaindrop's train, test_a, test_b)"

    def __init__(  # noqa: PLR0913 - the options of a component are its signature
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box", "halving"] = "bicubic",
        part: Literal["test_a", "test_b"] = "test_a",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        self.part = part
        super().__init__(seed, root, size, crop, resize, copy)

    def split(self, copy: LocalCopy) -> Split:
        """The authors' train, and one of their two tests."""
        counts = {"test_a": 58, "test_b": 0}  # of test_b, sources differ: 239 or 249
        return self._pairs(copy, "train", 861), self._pairs(copy, self.part, counts[self.part])

    def _pairs(self, copy: LocalCopy, split: str, count: int) -> list[ItemFiles]:
        folders = {"clean": f"{split}/gt", "degraded": f"{split}/data"}
        return copy.matched(split, count, ("_clean", "_rain"), **folders)


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
    name = "gopro"
    published = "GOPRO_Large (Nah et al., CVPR 2017, GOPRO_Large.zip)"

    def __init__(  # noqa: PLR0913 - the options of a component are its signature
        self,
        seed: int,
        root: str = "",
        size: Annotated[int, "[8, 2048]"] = 256,
        crop: Literal["none", "center", "window"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box", "halving"] = "bicubic",
        blur: Literal["blur", "blur_gamma"] = "blur",
        copy: Literal["whole", "part"] = "whole",
    ) -> None:
        self.folders = {"clean": "sharp", "degraded": blur}
        super().__init__(seed, root, size, crop, resize, copy)

    def split(self, copy: LocalCopy) -> Split:
        """The authors' train and test."""
        return self._sequences(copy, "train", 2103), self._sequences(copy, "test", 1111)

    def _sequences(self, copy: LocalCopy, split: str, count: int) -> list[ItemFiles]:
        """The pairs of all sequences; the frames of two have the same names."""
        root = copy.root / copy.folder(split)
        scenes = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        if not scenes:
            raise UserError(f"dataset=gopro: {root} has no sequences; put those of {copy.published} there")
        parts: dict[str, dict[str, str]] = {part: {} for part in self.folders}
        for scene in scenes:
            for part, folder in self.folders.items():
                for name in copy.pictures(f"{split}/{scene}/{folder}"):
                    parts[part][f"{scene}-{stem_of(name)}"] = name
        items = by_scene(copy.joined(split, parts))
        copy.check_count(len(items), count, str(root))
        return items
