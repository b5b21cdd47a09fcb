"""Filters of blind degradations: blur kernels and how they are drawn, and resizing by PyTorch's conventions."""

from __future__ import annotations

import functools
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


# profile, round; with the probabilities of Real-ESRGAN's kernels
SHAPES = tuple((profile, is_round) for profile in _PROFILES for is_round in (True, False))
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


_CUBIC = -0.75  # PyTorch's and OpenCV's bicubic coefficient; Pillow's is -0.5


def resize(image: np.ndarray, height: int, width: int, mode: str) -> np.ndarray:
    """A float picture (H, W, C) brought to (height, width, C) by ``mode``, without antialiasing filters.

    ``area``      mean over the source pixels that an output pixel touches (`adaptive_avg_pool2d`).
    ``bilinear``  between half-pixel centres, borders repeated (`interpolate(align_corners=False)`, OpenCV's too).
    ``bicubic``   the same with Keys' cubic, a = -0.75; may leave the range of the input.
    """
    rows, columns = _weights(mode, image.shape[0], height), _weights(mode, image.shape[1], width)
    wide = np.tensordot(rows, image, axes=(1, 0))
    return np.ascontiguousarray(np.matmul(columns, wide)).astype(image.dtype, copy=False)


def divided(size: tuple[int, int], factor: float) -> tuple[int, int]:
    """A (height, width) divided by a factor, rounded down, at least one pixel."""
    return max(1, int(size[0] / factor)), max(1, int(size[1] / factor))


def _area(before: int, after: int) -> np.ndarray:
    edges = np.arange(after + 1) * before
    first, last = edges[:-1] // after, -(-edges[1:] // after)
    source = np.arange(before)
    inside = (source >= first[:, None]) & (source < last[:, None])
    return np.asarray(inside / (last - first)[:, None])


def _bilinear(before: int, after: int) -> np.ndarray:
    centre = np.clip((np.arange(after) + 0.5) * before / after - 0.5, 0, None)
    low = np.floor(centre).astype(int)
    return _taps(before, [(low, 1 - (centre - low)), (low + 1, centre - low)])


def _bicubic(before: int, after: int) -> np.ndarray:
    centre = (np.arange(after) + 0.5) * before / after - 0.5
    low = np.floor(centre).astype(int)
    return _taps(before, [(low + k, _keys(np.abs(centre - low - k))) for k in (-1, 0, 1, 2)])


_WEIGHTS = {"area": _area, "bilinear": _bilinear, "bicubic": _bicubic}


@functools.lru_cache(maxsize=768)
def _weights(mode: str, before: int, after: int) -> np.ndarray:
    weights = _WEIGHTS[mode](before, after).astype(np.float32)
    weights.setflags(write=False)
    return weights


def _keys(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic (IEEE Trans. ASSP 29(6), 1981, eq. 15 with a free): 1 at 0, 0 at 1, 2 and beyond."""
    x, a = distance, _CUBIC
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _taps(before: int, taps: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    weights = np.zeros((len(taps[0][0]), before))
    for index, weight in taps:
        np.add.at(weights, (np.arange(len(index)), np.clip(index, 0, before - 1)), weight)
    return weights


def convolve(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A float picture (H, W, C), each channel filtered with an odd (k, k) kernel, borders mirrored (d c b | a b c d).

    The mirror does not repeat the border pixel (OpenCV's default). Through the Fourier transform.
    """
    from scipy.fft import irfft2, next_fast_len, rfft2

    radius = kernel.shape[0] // 2
    padded = np.pad(image, ((radius, radius), (radius, radius), (0, 0)), mode="reflect")
    shape = [next_fast_len(side, real=True) for side in padded.shape[:2]]
    planes = np.moveaxis(padded, -1, 0)
    product = rfft2(planes, shape) * rfft2(kernel.astype(image.dtype), shape)
    full = irfft2(product, shape)[:, 2 * radius : 2 * radius + image.shape[0], 2 * radius : 2 * radius + image.shape[1]]
    return np.ascontiguousarray(np.moveaxis(full, 0, -1)).astype(image.dtype, copy=False)


def sharpen(image: np.ndarray) -> np.ndarray:
    """Real-ESRGAN's unsharp mask of a picture in [0, 1]: radius 51, sigma 8, weight 0.5, threshold 10/255.

    r = x - G x; s = clip(x + 0.5 r, 0, 1); w = G [|r| > 10/255]; y = w s + (1 - w) x.
    """
    offsets = np.arange(-25, 26)
    line = np.exp(-0.5 * (offsets / 8.0) ** 2)
    blur = np.outer(line, line) / line.sum() ** 2
    residual = image - convolve(image, blur)
    weight = convolve((np.abs(residual) * 255 > 10).astype(image.dtype), blur)
    sharp = np.clip(image + np.float32(0.5) * residual, 0, 1)
    return weight * sharp + (1 - weight) * image
