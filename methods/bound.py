"""The variational bound on the likelihood of 8-bit pictures under an ancestral sampler, term by term, in nats::

    -log p(x0) <= KL(q(x_T|x0) || p(x_T)) + sum_{t>1} KL(q(x_{t-1}|x_t,x0) || p(x_{t-1}|x_t)) - log p(x0|x_1)
                  prior, L_T                rate, L_{t-1}                                      distortion, L_0

(Ho, Jain and Abbeel, NeurIPS 2020, eq. 5; Sohl-Dickstein et al., ICML 2015, eq. 14). q(x_{t-1}|x_t,x0) is one `step`
with the true components, p(x_{t-1}|x_t) the same step with the estimated ones and a variance of its own: in the plane
this holds for both chains. Given a degraded picture it is the bound on p(x0|degraded).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.special import log_ndtr

from errors import UserError
from methods.process import Chain, Components, Level, mix, posterior_std
from methods.samplers import Denoise, NoiseSource, Waypoint
from methods.schedules import Schedule


def forward_std(p: Level, q: Level, chain: Chain) -> float:
    """Standard deviation of q(x_p | x_q), sqrt(p.b^2 - k^2 q.b^2), k = chain(p, q): sqrt(beta_t) of DDPM (eq. 2)."""
    return math.sqrt(max(float(p.b) ** 2 - (chain(p, q) * float(q.b)) ** 2, 0.0))


# The reverse variance: beta-tilde_t, optimal for x0 a single point, or beta_t, for x0 ~ N(0, I) (DDPM, section 3.2).
VARIANCES = {"small": posterior_std, "large": forward_std}


class BoundTerms(NamedTuple):
    """The parts of the bound, (B,), in nats or in bits per dimension; their sum is the bound."""

    prior: Tensor
    rate: Tensor
    distortion: Tensor

    def bits_per_dimension(self, dimensions: int) -> BoundTerms:
        """From nats of a whole picture: divided by ln 2 and by its number of values."""
        return BoundTerms(*(part / (math.log(2) * dimensions) for part in self))


def gaussian_kl(shift: Tensor, q_std: float, p_std: float) -> Tensor:
    """KL(N(m, q_std^2) || N(m - shift, p_std^2)) per element: log(p/q) + (q^2 + shift^2) / (2 p^2) - 1/2."""
    return math.log(p_std / q_std) + (q_std**2 + shift**2) / (2 * p_std**2) - 0.5


def discretised_log_likelihood(x: Tensor, mean: Tensor, std: float) -> Tensor:
    """log of N(mean, std^2)'s mass in the bin of an 8-bit value, per element (DDPM, eq. 13)::

        [x - 1/255, x + 1/255],  open below at x = -1 and above at x = 1,   127.5 (x + 1) whole

    Computed in float64 from logarithms on the side of the nearer tail: no floor is needed under small masses
    (DDPM's code has one of 1e-12). The 256 masses sum to 1.
    """
    x, mean = x.double(), mean.double()
    upper = torch.where(x > 1 - 1 / 255, math.inf, (x - mean + 1 / 255) / std)
    lower = torch.where(x < -1 + 1 / 255, -math.inf, (x - mean - 1 / 255) / std)
    mirrored = lower + upper > 0  # Phi(u) - Phi(l) = Phi(-l) - Phi(-u)
    lower, upper = torch.where(mirrored, -upper, lower), torch.where(mirrored, -lower, upper)
    above = log_ndtr(upper)
    return above + torch.log(-torch.expm1(log_ndtr(lower) - above))


def strata(schedule: Schedule, count: int) -> list[range]:
    """The levels t = 2..T in ``count`` consecutive groups (at most T - 1) of about equal information.

    Levels are weighed by the fall of log(1 + SNR), SNR = (1 - a)^2 / b^2, which no chain lets rise: the rate that
    pictures of unit variance would have there. Nearly all of a rate lies at small t (DDPM, Table 4), where groups come
    down to single levels.
    """
    total = schedule.T - 1
    count = min(count, total)
    information = torch.log1p(((1 - schedule.a[1:]) / schedule.b[1:]) ** 2)
    shares = (information[0] - information[1:]) / (information[0] - information[-1])
    bounds = torch.searchsorted(shares, torch.arange(1, count, dtype=torch.float64) / count) + 1
    ends = [0]
    for k, end in enumerate([*bounds.tolist(), total], start=1):
        ends.append(min(max(end, ends[-1] + 1), total - (count - k)))
    return [range(low + 2, high + 2) for low, high in zip(ends, ends[1:], strict=False)]


def sample_levels(schedule: Schedule, count: int | None, seed: int) -> list[tuple[int, int]]:
    """The levels t that the rate is estimated from, each with its weight: one of each of `strata`, times its size.

    The weighted sum over them is unbiased for the sum over t = 2..T, and equal to it for ``count`` unset or T - 1.
    """
    groups = strata(schedule, schedule.T - 1 if count is None else count)
    generator = torch.Generator().manual_seed(seed)
    places = torch.rand(len(groups), generator=generator, dtype=torch.float64).tolist()
    return [(group[int(place * len(group))], len(group)) for group, place in zip(groups, places, strict=True)]


class Bound:
    """The bound of a schedule and a denoiser. ``variance`` is one of `VARIANCES`.

    ``denoise(x, waypoint)`` gives the components of x (B, ...), in x's type, and ``edit(components, level)`` those that
    the step is made with. Raises `UserError` for a schedule of one
    level, and for one that has a step without noise, whose bound is infinite.
    """

    def __init__(
        self, schedule: Schedule, denoise: Denoise, variance: str, edit: Callable[[Components, Level], Components]
    ) -> None:
        if schedule.T < 2:
            raise UserError("schedule: a likelihood needs two levels or more; take schedule.T=2 or above")
        self.schedule, self.denoise = schedule, denoise
        self.edit, self.reverse_std = edit, VARIANCES[variance]
        if schedule.start_std == 0 or min(self._stds(t)[0] for t in range(2, schedule.T + 1)) == 0:
            raise UserError("schedule: a likelihood needs noise at each step, this schedule has a step without any")
        if bool((schedule.b[1:] == 0).any()):
            raise UserError("schedule: a likelihood needs noise at each level, this schedule has a level without any")

    def parts(self, x0: Tensor, x_in: Tensor, noise: NoiseSource, levels: Sequence[tuple[int, int]]) -> BoundTerms:
        """The bound of each picture in nats, float64 (B,), the rate from the weighted ``levels``.

        x0 (B, ...) are 8-bit values in [-1, 1], in the type that the denoiser is to see, x_in the process' end. Noise
        is drawn by level: "bound" with draw t, so that a level has the same noise whichever others are drawn.
        """
        rate = _total(torch.zeros_like(x0))
        for t, weight in levels:
            rate += weight * self.rate(t, x0, x_in, noise)
        return BoundTerms(self.prior(x0, x_in), rate, self.distortion(x0, x_in, noise))

    def prior(self, x0: Tensor, x_in: Tensor) -> Tensor:
        """L_T = KL(q(x_T|x0) || N(x_in, start_std^2)), (B,): what the end of the chain still tells of x0."""
        end = self.schedule.point(self.schedule.T, self.schedule.T)
        shift = (1 - end.a) * (x0 - x_in).double()
        return _total(gaussian_kl(shift, float(end.b), self.schedule.start_std))

    def rate(self, t: int, x0: Tensor, x_in: Tensor, noise: NoiseSource) -> Tensor:
        """L_{t-1}, t = 2..T, of one draw of x_t, (B,)."""
        true, estimate = self._pair(t, x0, x_in, noise)
        q, (s, reverse) = self.schedule.point(t - 1, t - 1), self._stds(t)
        # Both means are that of the true posterior, whatever variance the reverse step has (DDPM, eq. 7 and 8).
        still = Level(q.a, math.sqrt(float(q.b) ** 2 - s**2))
        return _total(gaussian_kl(mix(true, still) - mix(estimate, still), s, reverse))

    def distortion(self, x0: Tensor, x_in: Tensor, noise: NoiseSource) -> Tensor:
        """L_0 = -log p(x0|x_1) of one draw of x_1, (B,): the mean is the estimate of x0.

        The last step's own posterior has no variance, so it takes the small one of the step before (t = 2), as
        DDPM's code does for either choice.
        """
        _, estimate = self._pair(1, x0, x_in, noise)
        return -_total(discretised_log_likelihood(x0, estimate.x0, self._stds(2)[0]))

    def _pair(self, t: int, x0: Tensor, x_in: Tensor, noise: NoiseSource) -> tuple[Components, Components]:
        """The components of x_t and their edited estimate, in float64."""
        p, eps = self.schedule.point(t, t), noise.normal("bound", t, tuple(x0.shape[1:])).to(x0)
        true = Components(x0, x_in - x0, eps)
        estimate = self.denoise(mix(true, p), Waypoint(t, t))
        return _double(true), self.edit(_double(estimate), p)

    def _stds(self, t: int) -> tuple[float, float]:
        """Standard deviations of q(x_{t-1}|x_t,x0) and of the reverse step."""
        p, q = self.schedule.point(t, t), self.schedule.point(t - 1, t - 1)
        return posterior_std(p, q, self.schedule.chain), self.reverse_std(p, q, self.schedule.chain)


def _double(components: Components) -> Components:
    return Components(*(part.double() for part in components))


def _total(x: Tensor) -> Tensor:
    """The sum over all of a picture, float64 (B,)."""
    return x.double().flatten(1).sum(1)
