"""Two folders of pictures that show different things, for image translation."""

from __future__ import annotations

from typing import Annotated, Literal

from datasets.base import shuffled
from datasets.io.crops import Preprocessing
from datasets.io.listing import list_images, safe
from datasets.papers.copied import Copied, Split
from datasets.papers.layouts import ItemFiles, LocalCopy
from errors import UserError
from registry import register


@register("dataset", "domains")
class Domains(Copied):
    """Unpaired domains, paired by index: the k-th picture of ``source`` with the k-th of ``target``, names in order.

    ::

        source/2.png  10.png ...   given to the method (degraded); RDDM's dogs
        target/a.jpg  b.jpg ...    what it should look like (clean), though no truth of the other; RDDM's cats

    This is how RDDM trains image translation (experiment 5: 64 x 64, stretched with bicubic). Pictures beyond the
    shorter folder's number have no partner and are left out. ``test`` is the share of pairs held out, at least one,
    chosen by the seed and the names of the source. Metrics that need a truth do not apply.
    """

    truth = False
    defaults = {"task": "translate", "metrics": ["kernel"]}
    free = ("source", "target")
    name = "domains"
    published = "two folders of pictures"

    def __init__(
        self,
        seed: int,
        source: str = "",
        target: str = "",
        size: Annotated[int, "[8, 2048]"] = 64,
        crop: Literal["none", "center"] = "none",
        resize: Literal["bicubic", "bilinear", "lanczos", "box"] = "bicubic",
        test: Annotated[float, "(0, 1)"] = 0.1,
    ) -> None:
        for option, folder in (("source", source), ("target", target)):
            if not folder:
                raise UserError(f"dataset=domains: dataset.{option}=FOLDER is needed, the pictures of one domain")
        pictures = zip(list_images(source, "dataset.source"), list_images(target, "dataset.target"))  # noqa: B905
        self.pairs = {  # the longer list's rest has no partner
            path.name: ItemFiles(safe(path.name), str(other.resolve()), str(path.resolve())) for path, other in pictures
        }
        order = shuffled(self.pairs, seed, "split")
        held_out = max(1, round(test * len(order)))
        if held_out >= len(order):
            raise UserError(f"dataset.source={source}: {len(order)} pairs leave none to train on; add pictures")
        self.held_out, self.trained_on = order[:held_out], sorted(order[held_out:])
        self.open("/", "part", Preprocessing(size, crop, resize))

    def split(self, copy: LocalCopy) -> Split:
        """The pairs by the names of their source."""
        return [self.pairs[name] for name in self.trained_on], [self.pairs[name] for name in self.held_out]
