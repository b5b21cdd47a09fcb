"""FID."""

from __future__ import annotations

from typing import Annotated, Literal

from metrics.sets.frechet import FrechetBase
from registry import create, register


@register("metrics", "fid")
class Fid(FrechetBase):
    """The Frechet Inception distance: Heusel et al., NeurIPS 2017, eq. 6, over the published Inception weights alone.

    ``weights`` names their file; no other file is taken, for no other figure is FID. ``resize`` is the protocol by
    which pictures come to 299 pixels: that of the authors (and of DDPM's and EDM's tables), clean-fid's, or that of
    torchmetrics from 1.8 on. The papers' FIDs are of 50,000 samples; 2049 are the fewest that are taken unforced.
    """

    version = 1
    higher_is_better = False
    unit = ""
    name = "fid"

    def __init__(
        self,
        *,
        weights: str = "",
        resize: Literal["tf_legacy", "pil_bicubic", "aa"] = "tf_legacy",
        least: Annotated[int, "[2, inf)"] | None = None,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = create("features", "inception_v3_fid", {"weights": weights, "resize": resize})
        self.least = least
        self.bootstrap = bootstrap
