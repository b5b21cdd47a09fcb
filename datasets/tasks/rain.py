"""Falling rain: streaks of drops that cross the view while the shutter is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from datasets.tasks.basic import Task
from registry import register

_NEAR, _FAR, _SHELLS = 1.0, 4.0, 3
_JITTER = 3.0  # degrees, standard deviation of a streak's slant about that of the picture
_STEP = 0.5  # pixels between the points that a streak is drawn with


@dataclass(frozen=True)
class Streaks:
    """The drawn drops, each array (n,): middles ``x`` and ``y`` in units of the picture's width and height, the
    ``distance`` in [1, 4], the ``slant`` from the vertical in radians, the ``strength`` in (0, 1]."""

    x: np.ndarray
    y: np.ndarray
    distance: np.ndarray
    slant: np.ndarray
    strength: np.ndarray


def draw_streaks(rng: np.random.Generator, density: float, angle: float) -> Streaks:
    """Poisson(``density``) drops, uniform in the volume that the camera sees (p(distance) ~ distance^2).

    The picture's slant is uniform within ``angle`` degrees to either side, each drop's differs by N(0, 3 degrees),
    and strengths are uniform in [1/2, 1].
    """
    wind = rng.uniform(-angle, angle)
    n = int(rng.poisson(density))
    x, y, volume, gust = rng.uniform(-0.1, 1.1, n), rng.uniform(-0.1, 1.1, n), rng.random(n), rng.standard_normal(n)
    distance = np.cbrt(_NEAR**3 + volume * (_FAR**3 - _NEAR**3))
    return Streaks(x, y, distance, np.deg2rad(wind + _JITTER * gust), rng.uniform(0.5, 1.0, n))


def render(streaks: Streaks, height: int, width: int, length: float, thickness: float) -> np.ndarray:
    """The brightness (height, width) that the streaks leave, float32 and not negative.

    A streak is ``length / distance`` long and its cross-section is a Gaussian of its strength's height and of standard
    deviation ``thickness / distance`` (by three shells of distance), both in units of the shorter side. What is finer
    than a pixel keeps its light: a smaller picture shows what the larger one does when it is shrunk.
    """
    from scipy.ndimage import gaussian_filter

    side, total = min(height, width), np.zeros((height, width), np.float32)
    edges = np.linspace(_NEAR, _FAR, _SHELLS + 1)
    for near, far in zip(edges[:-1], edges[1:], strict=True):
        shell = (streaks.distance >= near) & (streaks.distance < far)
        sigma = side * thickness * 2 / (near + far)
        lines = _lines(streaks, shell, (height, width), length * side)
        peak = np.sqrt(2 * np.pi) * sigma  # of a Gaussian of height 1 the integral across the line
        total += gaussian_filter(lines, sigma, mode="constant", truncate=3.0) * np.float32(peak)
    return total


def _lines(streaks: Streaks, shell: np.ndarray, size: tuple[int, int], length: float) -> np.ndarray:
    """Lines of unit weight per pixel of length times the strength, drawn bilinearly, float32 (H, W)."""
    lengths = length / streaks.distance[shell]
    counts = np.maximum(1, np.ceil(lengths / _STEP)).astype(int)
    drop = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    along = ((np.arange(len(drop)) - first + 0.5) / counts[drop] - 0.5) * lengths[drop]
    y = streaks.y[shell][drop] * size[0] + along * np.cos(streaks.slant[shell][drop])
    x = streaks.x[shell][drop] * size[1] + along * np.sin(streaks.slant[shell][drop])
    return _splat(y, x, (streaks.strength[shell] * lengths / counts)[drop], size)


def _splat(y: np.ndarray, x: np.ndarray, weight: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Points with weights shared among the four pixels around them; what falls outside is lost."""
    height, width = size[0] + 2, size[1] + 2  # a rim that takes what lies outside
    y, x = np.clip(y + 0.5, 0, size[0] + 0.999), np.clip(x + 0.5, 0, size[1] + 0.999)
    top, left = y.astype(int), x.astype(int)
    down, right = y - top, x - left
    canvas = np.zeros(height * width)
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = (down if dy else 1 - down) * (right if dx else 1 - right)
        canvas += np.bincount((top + dy) * width + left + dx, weight * share, height * width)
    return canvas.reshape(height, width)[1:-1, 1:-1].astype(np.float32)


_BLENDS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "screen": lambda clean, light: 1 - (1 - clean) * (1 - np.minimum(light, 1)),
    "add": np.add,
}


@register("task", "rain")
class Rain(Task):
    """Rain streaks: a drop moves many of its diameters during the exposure and is seen as a bright line
    (Garg and Nayar, "Vision and Rain", IJCV 2007); near drops leave longer and wider lines than far ones.

    With S the streaks' light, the same in all channels, y = 1 - (1 - x)(1 - intensity S) (``screen``) or
    y = x + intensity S (``add``, as synthetic rain sets do).
    ``density``    expected number of drops in the picture and a tenth around it.
    ``length``     of the nearest drops' streaks, ``thickness`` their standard deviation across, both as shares of
                   the shorter side: a picture at half the size shows the same rain.
    ``angle``      largest slant from the vertical, degrees.
    ``intensity``  brightness in the middle of the strongest streaks, where they are wider than a pixel.
    """

    name = "rain"

    def __init__(
        self,
        density: Annotated[float, "[0, 100000]"] = 250.0,
        length: Annotated[float, "(0, 2]"] = 0.25,
        angle: Annotated[float, "[0, 80]"] = 20.0,
        intensity: Annotated[float, "[0, 1]"] = 0.6,
        thickness: Annotated[float, "(0, 0.1]"] = 0.008,
        blend: Literal["screen", "add"] = "screen",
    ) -> None:
        self.density, self.length, self.thickness = density, length, thickness
        self.angle, self.intensity = angle, intensity
        self.blend = _BLENDS[blend]

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The picture behind the streaks."""
        streaks = draw_streaks(rng, self.density, self.angle)
        light = render(streaks, clean.shape[0], clean.shape[1], self.length, self.thickness)
        return self.blend(clean, np.float32(self.intensity) * light[:, :, None])
