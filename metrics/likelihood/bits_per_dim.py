"""DDPM's likelihood in bits per dimension."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from errors import UserError
from metrics.base import ModelMetric
from registry import create, find, register


@register("metrics", "bpd", levels={"smoke": 4, "cpu": 50, "gpu": None, "paper": None})
class BitsPerDim(ModelMetric):
    """The variational bound on -log2 p(x0) / D of each clean picture (DDPM, eq. 5 and 13; methods/bound.py).

    Parts: ``prior`` (L_T), ``rate`` (the sum of L_{t-1} over t > 1) and ``distortion`` (L_0, the discretised decoder).
    An upper bound, of one draw of the noise per level. With a degraded picture it is that of p(x0|degraded). It is a
    figure of the ancestral chain over all T levels, whatever the sampler's steps. ``levels`` is how many levels of
    the rate are evaluated, unset for all T - 1: fewer give an unbiased estimate, from levels drawn by ``seed``, the
    same for all pictures and methods; an interval over pictures does not cover that draw. Network calls: levels + 1.
    ``variance`` is that of the reverse steps, beta-tilde (small, as samplers with eta = 1 have it) or beta (large);
    ``clip`` is the edit of the estimated x0, as ``sampler.clip``. Points have no bins, hence no bits per dimension.
    """

    parts = ("prior", "rate", "distortion")
    higher_is_better = False
    unit = "bits/dim"

    def __init__(
        self,
        *,
        levels: Annotated[int, "[1, inf)"] | None = None,
        seed: Annotated[int, "[0, inf)"] = 0,
        variance: Literal["small", "large"] = "small",
        clip: Annotated[str, "edit"] = "x0",
    ) -> None:
        self.levels, self.seed, self.variance, self.clip = levels, seed, variance, clip

    @property
    def protocol(self) -> str:
        """8 bit, the levels with their seed where they are drawn, the reverse variance and the edit of x0."""
        clip = f"{self.clip},v{find('edit', self.clip).facts.version}"
        levels = "all" if self.levels is None else f"{self.levels},seed={self.seed}"
        return f"bpd;8bit;bound;levels={levels};variance={self.variance};clip={clip};v{self.version}"

    def measure(self, method: Any, clean: Any, observation: Any, noise: Any) -> dict[str, np.ndarray]:
        """The bound and its parts for a batch, float64 (B,), in bits per dimension.

        ``method`` is a `methods.diffusion.Diffusion`. Raises `UserError` for points, and for a schedule that gives no
        finite bound.
        """
        from methods.bound import Bound, sample_levels

        if clean.ndim != 4:
            raise UserError("metrics=bpd is of 8-bit pictures, this data set has points: choose mmd or energy")
        schedule = method.context.schedule
        edit = create("edit", self.clip, {})
        bound = Bound(
            schedule,
            lambda x, waypoint: method.components(x, observation, waypoint),
            self.variance,
            lambda components, level: edit(components, level, observation),
        )
        levels = sample_levels(schedule, self.levels, self.seed)
        nats = bound.parts(clean, method.end(observation), noise, levels)
        parts = nats.bits_per_dimension(clean[0].numel())
        figures = {name: part.cpu().numpy() for name, part in parts._asdict().items()}
        return {"": sum(figures.values(), np.zeros(len(clean))), **figures}
