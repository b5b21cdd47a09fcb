"""Frechet distance over DINOv2."""

from __future__ import annotations

from typing import Annotated

from metrics.sets.frechet import FrechetBase
from registry import create, register


@register("metrics", "fd_dinov2")
class FdDinov2(FrechetBase):
    """The Frechet distance over the class token of DINOv2 ViT-L/14, closer to people's judgement than FID.

    Stein et al., NeurIPS 2023, of timm's weights, which ``weights`` names, and of timm's resampling of the position
    embedding to 224 pixels. `frechet` with ``features=dinov2_small`` is the light relative.
    """

    version = 1
    higher_is_better = False
    unit = ""
    name = "fd_dinov2"

    def __init__(
        self,
        *,
        weights: str = "",
        least: Annotated[int, "[2, inf)"] | None = None,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = create("features", "dinov2", {"weights": weights})
        self.least = least
        self.bootstrap = bootstrap
