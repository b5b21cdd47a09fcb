"""Blur kernels of blind degradations (Real-ESRGAN, CodeFormer) and how their parameters are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]

# log profiles of q, the squared Mahalanobis distance, with the shape beta
_PROFILES = {
    "gaussian": lambda q, beta: -0.5 * q,
    "generalized": lambda q, beta: -0.5 * q**beta,
    "plateau": lambda q, beta: -np.log1p(q**beta),
}


@dataclass(frozen=True)
class Bell:
    """A kernel (size, size) that falls off from its middle, size odd, summing to 1.

    With q = d^T S^-1 d, S = R(angle) diag(sigma_x^2, sigma_y^2) R(angle)^T, proportional to
    exp(-q / 2) ("gaussian"), exp(-q^beta / 2) ("generalized"; beta = 1 is the Gaussian) or
    1 / (1 + q^beta) ("plateau").
    """

    profile: str
    size: int
    sigma: tuple[float, float]
    angle: float = 0.0
    beta: float = 1.0

    def kernel(self) -> np.ndarray:
        """Float64 (size, size)."""
        offset = np.arange(self.size) - self.size // 2
        x, y = offset[None, :], offset[:, None]
        along = x * np.cos(self.angle) + y * np.sin(self.angle)
        across = y * np.cos(self.angle) - x * np.sin(self.angle)
        weights = np.exp(
            _PROFILES[self.profile]((along / self.sigma[0]) ** 2 + (across / self.sigma[1]) ** 2, self.beta)
        )
        return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Sinc:
    """The circular ideal low pass of cutoff w in (0, pi], cut to (size, size): w J1(w r) / (2 pi r), summing to 1."""

    size: int
    cutoff: float

    def kernel(self) -> np.ndarray:
        """Float64 (size, size); the limit w^2 / (4 pi) in the middle."""
        from scipy.special import j1

        offset = np.arange(self.size) - self.size // 2
        r = np.hypot(offset[None, :], offset[:, None])
        far = np.where(r > 0, r, 1.0)
        values = np.where(r > 0, self.cutoff * j1(self.cutoff * far) / (2 * np.pi * far), self.cutoff**2 / (4 * np.pi))
        return np.asarray(values / values.sum())


def draw_gaussian(rng: np.random.Generator, size: int, sigma: Range) -> Bell:
    """Round or elongated with probability 1/2 each; each sigma uniform in its range, the angle in [-pi, pi]."""
    return _draw_bell(rng, "gaussian", rng.random() < 0.5, size, sigma)


SHAPES = (  # profile, round; with the probabilities of Real-ESRGAN's kernels
    ("gaussian", True),
    ("gaussian", False),
    ("generalized", True),
    ("generalized", False),
    ("plateau", True),
    ("plateau", False),
)
PROBABILITIES = (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)
_BETA: dict[str, Range] = {"gaussian": (1.0, 1.0), "generalized": (0.5, 4.0), "plateau": (1.0, 2.0)}
_SINC = 0.1
SIZES = tuple(range(7, 22, 2))


def draw_mixed(rng: np.random.Generator, sigma: Range) -> Bell | Sinc:
    """Real-ESRGAN's blur: size 7 to 21; a sinc with probability 0.1 (cutoff uniform in [pi/3, pi], from size 13 on
    in [pi/5, pi]), else one of `SHAPES` by `PROBABILITIES`."""
    size = int(rng.choice(SIZES))
    if rng.random() < _SINC:
        return Sinc(size, float(rng.uniform(np.pi / (3 if size < 13 else 5), np.pi)))
    profile, is_round = SHAPES[int(rng.choice(len(SHAPES), p=PROBABILITIES))]
    return _draw_bell(rng, profile, is_round, size, sigma)


def draw_sinc(rng: np.random.Generator) -> Sinc:
    """Real-ESRGAN's last filter: size 7 to 21, cutoff uniform in [pi/3, pi]."""
    return Sinc(int(rng.choice(SIZES)), float(rng.uniform(np.pi / 3, np.pi)))


def _draw_bell(rng: np.random.Generator, profile: str, is_round: bool, size: int, sigma: Range) -> Bell:
    first, second, angle = rng.uniform(*sigma), rng.uniform(*sigma), rng.uniform(-np.pi, np.pi)
    low, high = _BETA[profile]
    # below and above the Gaussian's beta = 1 equally often, as BasicSR draws it
    beta = rng.uniform(low, 1.0) if rng.random() < 0.5 else rng.uniform(1.0, high)
    if is_round:
        return Bell(profile, size, (first, first), 0.0, beta)
    return Bell(profile, size, (first, second), angle, beta)
