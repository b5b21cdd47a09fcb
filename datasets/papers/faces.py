"""Faces: CelebA-HQ and FFHQ, split by number, and the test sets of blind face restoration.

The latter are LFW-Test and WIDER-Test without truth, and CelebA-Test with it. CelebA itself is in celeba.py.
"""

from __future__ import annotations

from datasets.papers.copied import Copied, Split
from datasets.papers.layouts import LocalCopy
from registry import register


@register("dataset", "celeba_hq", resize="box")
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

    version = 1
    name = "ffhq"
    published = "FFHQ (Karras et al., CVPR 2019, images1024x1024)"

    def split(self, copy: LocalCopy) -> Split:
        """By number."""
        return copy.numbered(copy.folder("images1024x1024", "images512x512", "."), 70_000, 60_000)


@register("dataset", "lfw_test", size=512)
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
    name = "lfw_test"
    published = "LFW-Test (GFPGAN, Wang et al., CVPR 2021, cropped faces)"

    def split(self, copy: LocalCopy) -> Split:
        """All of it tests."""
        return (), copy.without_truth(1711)


@register("dataset", "wider_test", size=512)
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
    name = "wider_test"
    published = "WIDER-Test (CodeFormer, Zhou et al., NeurIPS 2022, cropped faces)"

    def split(self, copy: LocalCopy) -> Split:
        """All of it tests."""
        return (), copy.without_truth(970)


@register("dataset", "celeba_test", size=512)
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
    name = "celeba_test"
    published = "CelebA-Test (GFPGAN or CodeFormer, folders hq and lq)"

    def split(self, copy: LocalCopy) -> Split:
        """All of it tests."""
        return (), copy.matched("test", 3000, clean="hq", degraded="lq")
