"""RDDM's schedules: a and b^2 follow profiles of their own (Liu et al., CVPR 2024, section 3.3 and Table 2).

P(x, r) is the paper's name of the normalised power x^r (``increased`` here), P(1 - x, r) of its mirror image
(``decreased``). The increments start at x = 0 exactly, as in the reference code (``gen_coefficients`` of its later
experiments), so that b_1 = 0 by default and 1 - a is 0 at the last two indices: both ends are degenerate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from methods.process import additive
from methods.schedules import Schedule
from registry import register
from registry.facts import Facts

# b_T^2 where the user names none: the default of the reference code with and without a conditioning image.
SUM_SCALE = {"generation": 1.0, "restoration": 0.01}


PROFILES: dict[str, Callable[[Tensor, float], Tensor]] = {
    "increased": lambda x, power: x**power,
    "decreased": lambda x, power: (x**power).flip(0),
    "average": lambda x, power: torch.ones_like(x),
    "normal": lambda x, power: torch.exp(-((6 * x - 3) ** 2) / 2),
}


def cumulative(profile: str, T: int, power: float) -> Tensor:
    """The running sum (T + 1,) of a profile's increments, from exactly 0 to exactly 1, in float64.

    Increments at x = 0, 1/(T-1), ..., 1: ``increased`` x^r, ``decreased`` its mirror image, ``average`` 1 (no
    power), ``normal`` the standard normal density over [-3, 3] (no power); divided by their sum. T = 1 is one
    increment of 1 for all.
    """
    x = torch.linspace(0, 1, T, dtype=torch.float64) if T > 1 else torch.ones(1, dtype=torch.float64)
    total = pad(PROFILES[profile](x, power).cumsum(0), (1, 0))
    return total / total[-1]


@register("schedule", "rddm")
class ResidualSchedule(Facts):
    """alpha and beta^2 each along a profile of its own; b_T^2 = sum_scale (1 to generate, 0.01 to restore).

    ``sum_scale`` unset takes the reference code's default for the task's kind. 0 removes all noise, which only
    residual prediction can work with. Generation needs 1, so that sampling starts from N(0, I).
    """

    def __init__(
        self,
        kind: str,
        *,
        T: Annotated[int, "[1, inf)"] = 1000,
        alpha: Literal["decreased", "increased", "average", "normal"] = "decreased",
        alpha_power: Annotated[float, "(0, inf)"] = 1.0,
        beta2: Literal["increased", "decreased", "average", "normal"] = "increased",
        beta2_power: Annotated[float, "(0, inf)"] = 1.0,
        sum_scale: Annotated[float, "[0, inf)"] | None = None,
    ) -> None:
        self.a = cumulative(alpha, T, alpha_power)
        self.b2 = cumulative(beta2, T, beta2_power) * (SUM_SCALE[kind] if sum_scale is None else sum_scale)

    def build(self) -> Schedule:
        """a_t = sum alpha_i, b_t = sqrt(sum beta_i^2), in the additive chain (eq. 4)."""
        return Schedule(self.a, self.b2.sqrt(), additive)
