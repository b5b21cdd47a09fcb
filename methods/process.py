"""The plane in which every affine diffusion method here lives, and the one step that walks in it.

A level is a point (a, b) of the plane::

    x(a, b) = x0 + a * res + b * eps,     res = x_in - x0,     eps ~ N(0, I)

with a = alpha-bar and b = beta-bar of RDDM (Liu et al., CVPR 2024, eq. 3 to 5). (0, 0) is the clean image,
(1, b_T) the degraded one under noise. With x_in = 0, a = 1 - sqrt(abar) and b = sqrt(1 - abar) the same line is
DDPM's and DDIM's q(x_t | x0) (Ho et al., NeurIPS 2020, eq. 4). Images are (B, C, H, W) in [-1, 1], points (B, D).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from torch import Tensor, where, zeros_like

Scalar: TypeAlias = "float | Tensor"


class Level(NamedTuple):
    """A level (a, b): floats while sampling, tensors (B, 1, ...) that broadcast against x while training."""

    a: Scalar
    b: Scalar


class Components(NamedTuple):
    """What an x on the line is made of; each has the shape of x, and ``mix`` puts it together again."""

    x0: Tensor
    res: Tensor
    eps: Tensor


Chain = Callable[[Level, Level], float]


def additive(p: Level, q: Level) -> float:
    """k = 1: increments are added, x_t = x_{t-1} + alpha_t res + beta_t eps (RDDM, eq. 1)."""
    del p, q
    return 1.0


def contracting(p: Level, q: Level) -> float:
    """k = (1 - p.a) / (1 - q.a): each step shrinks x, x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) eps (DDPM, eq. 2).

    Levels of equal a keep their scale, so k = 1 there, also where 1 - a is 0.
    """
    return 1.0 if p.a == q.a else float((1 - p.a) / (1 - q.a))


def mix(components: Components, p: Level) -> Tensor:
    """x(a, b) = x0 + a res + b eps (RDDM, eq. 3)."""
    return components.x0 + p.a * components.res + p.b * components.eps


def posterior_std(p: Level, q: Level, chain: Chain) -> float:
    """Standard deviation of q(x_q | x_p, x0, res), for one step p -> q (q the cleaner level)::

        s = sqrt((p.b^2 - k^2 q.b^2) q.b^2 / p.b^2),    k = chain(p, q)

    k = 1 is RDDM's beta_t^2 b_{t-1}^2 / b_t^2 (eq. 7); the contracting k gives DDIM's sigma at eta = 1
    (Song et al., ICLR 2021, eq. 16) and DDPM's beta-tilde (eq. 7). Where p.b = 0, x_p says nothing of eps and s is
    q.b: so a bridge leaves its end (I2SB, Liu et al., ICML 2023).
    """
    if p.b == 0:
        return float(q.b)
    variance = (p.b**2 - (chain(p, q) * q.b) ** 2) * q.b**2 / p.b**2
    return math.sqrt(max(variance, 0.0))


def fresh_std(p: Level, q: Level, chain: Chain, share: float) -> float:
    """Standard deviation of the noise that a step p -> q adds: ``share`` (f(eta), in [0, 1]) times `posterior_std`.

    Where p.b = 0 < q.b it is q.b whatever the share: there is no noise in x_p that could be kept.
    """
    return posterior_std(p, q, chain) * (1.0 if p.b == 0 else share)


def step(components: Components, q: Level, s: float, z: Tensor | None) -> Tensor:
    """Move to q, replacing noise of standard deviation s by fresh noise z ~ N(0, I)::

        x_q = x0 + q.a res + sqrt(q.b^2 - s^2) eps + s z
            = x_p - (p.a - q.a) res - (p.b - sqrt(q.b^2 - s^2)) eps + s z      (RDDM, eq. 9)

    The two lines are equal where ``components`` mix to x_p; the first also defines the step after an edit of x0.
    s = 0 (z may be None) is DDIM and RDDM's implicit sampler, s = q.b degrades the estimate anew.
    Raises ValueError when s > q.b, which no Gaussian with the right marginal has.
    """
    kept_variance = float(q.b) ** 2 - s**2
    if kept_variance < -1e-12:
        raise ValueError(f"a step to b = {q.b} can't add noise of standard deviation {s}")
    mean = mix(components, Level(q.a, math.sqrt(max(kept_variance, 0.0))))
    if s == 0:
        return mean
    if z is None:
        raise ValueError("a step with s > 0 needs noise z")
    return mean + s * z


def noise_of(x: Tensor, x0: Tensor, res: Tensor, p: Level) -> Tensor:
    """eps = (x - x0 - a res) / b, and 0 where b = 0: there is no noise to tell, and it has no weight."""
    rest = x - x0 - p.a * res
    if isinstance(p.b, Tensor):
        return where(p.b > 0, rest / where(p.b > 0, p.b, 1.0), zeros_like(rest))
    return rest / p.b if p.b > 0 else zeros_like(rest)


def shift_x0(components: Components, x0: Tensor, p: Level) -> Components:
    """Replace the x0 estimate by an edited one and derive the rest again, x and x_in = x0 + res held::

        res' = res - (x0' - x0),      eps' = eps - (1 - a) (x0' - x0) / b

    An edit that changes nothing leaves the components as they are. This is the clipping of DDPM (its code's
    ``clip_denoised``) and ``use_clipped_model_output`` of diffusers, and the form of latent guidance. Where b = 0 no
    eps can make up for the change: x0 + res is held there, and x is not.
    """
    change = x0 - components.x0
    eps = components.eps - (1 - p.a) * change / p.b if p.b > 0 else components.eps
    return Components(x0, components.res - change, eps)
