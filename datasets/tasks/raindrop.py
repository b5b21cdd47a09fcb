"""Drops of water on the pane before the lens: each shows the whole view, small, upside down and out of focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from datasets.io.pixels import from_uint8, to_uint8
from datasets.tasks.basic import MaskedTask
from registry import register

_RIM = 0.25  # share of a drop's radius over which its edge fades
_DARK = 0.35  # how much darker the very edge is: light that the steep rim sends elsewhere


@dataclass(frozen=True)
class Drop:
    """A drawn drop: its middle ``x``, ``y`` in units of width and height, the ``radius`` as a share of the shorter
    side, how much taller than wide it is, and the waves of its outline, three (amplitude, phase)."""

    x: float
    y: float
    radius: float
    tall: float
    waves: tuple[tuple[float, float], ...]


def draw_drops(rng: np.random.Generator, count: float, radius: float) -> list[Drop]:
    """Poisson(``count``) drops, radii uniform in [0.3, 1] ``radius``, height to width uniform in [1, 1.4]."""
    return [
        Drop(
            x=float(rng.random()),
            y=float(rng.random()),
            radius=float(radius * rng.uniform(0.3, 1.0)),
            tall=float(rng.uniform(1.0, 1.4)),
            waves=tuple((float(rng.uniform(0, 0.16 / k)), float(rng.uniform(0, 2 * np.pi))) for k in (1, 2, 3)),
        )
        for _ in range(rng.poisson(count))
    ]


@dataclass
class _Pane:
    """What the drops make of each pixel: the mask, and where (row, column) a pixel looks; each float32 (H, W)."""

    mask: np.ndarray
    row: np.ndarray
    column: np.ndarray
    shade: np.ndarray

    def wet(self, drop: Drop, field: float) -> None:
        """Put a drop on, over those that are there."""
        height, width = self.mask.shape
        reach = drop.radius * min(height, width)
        rows, columns = (
            slice(max(0, int(middle - 2 * reach)), min(side, int(middle + 2 * reach) + 2))
            for middle, side in ((drop.y * height, height), (drop.x * width, width))
        )
        v = ((np.arange(rows.start, rows.stop) + 0.5 - drop.y * height) / (reach * drop.tall))[:, None]
        u = ((np.arange(columns.start, columns.stop) + 0.5 - drop.x * width) / reach)[None, :]
        rho = np.hypot(u, v) / _outline(np.arctan2(v, u), drop)
        cover = np.clip((1 - rho) / _RIM, 0, 1)
        window, over = (rows, columns), cover > self.mask[rows, columns]
        # a lens: the farther from the drop's middle, the farther to the other side it looks, more so near the rim
        bent = field * min(height, width) * (0.6 + 0.4 * rho**2)
        for name, values in (
            ("row", drop.y * height - v * bent),
            ("column", drop.x * width - u * bent),
            ("shade", 1 - _DARK * np.clip(rho, 0, 1) ** 4),
            ("mask", cover),
        ):
            array = getattr(self, name)
            array[window] = np.where(over, values, array[window])


def _outline(angle: np.ndarray, drop: Drop) -> np.ndarray:
    waves = [height * np.sin(k * angle + phase) for k, (height, phase) in enumerate(drop.waves, start=1)]
    return np.asarray(1 + sum(waves))


@register("task", "raindrop")
class Raindrop(MaskedTask):
    """Drops on the pane: y = (1 - m) x + m R, R what the drops show (Qian et al., CVPR 2018, equation 1).

    A drop is a wide-angle lens: its pixel at u (in radii from its middle) shows the view at -u times ``field`` of the
    shorter side, blurred since the camera focuses on the scene, and darker at the rim. m is 8 bit and fades over the
    outer quarter of a drop; the method may see it.
    ``drops``   expected number of drops, ``radius`` that of the largest as a share of the shorter side.
    ``blur``    standard deviation as a share of the shorter side.
    """

    version = 1
    name = "raindrop"

    def __init__(
        self,
        drops: Annotated[float, "[0, 1000]"] = 20.0,
        radius: Annotated[float, "(0, 0.5]"] = 0.08,
        field: Annotated[float, "(0, 2]"] = 0.5,
        blur: Annotated[float, "(0, 0.1]"] = 0.015,
    ) -> None:
        self.drops = drops
        self.radius = radius
        self.field = field
        self.blur = blur

    def degrade_with_mask(self, clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The picture behind the drops, and their mask."""
        from scipy.ndimage import gaussian_filter, map_coordinates

        height, width, channels = clean.shape
        pane = _Pane(*(np.zeros((height, width), np.float32) for _ in range(4)))
        for drop in draw_drops(rng, self.drops, self.radius):
            pane.wet(drop, self.field)
        mask = from_uint8(to_uint8(pane.mask))
        wet = mask > 0
        sigma = self.blur * min(height, width)
        blurred = gaussian_filter(clean, (sigma, sigma, 0), mode="nearest", truncate=3.0)
        places = np.stack([pane.row[wet] - 0.5, pane.column[wet] - 0.5])
        views = [map_coordinates(blurred[:, :, c], places, order=1, mode="mirror") for c in range(channels)]
        degraded, share = clean.copy(), mask[wet][:, None]
        degraded[wet] = (1 - share) * clean[wet] + share * pane.shade[wet][:, None] * np.stack(views, axis=1)
        return degraded, mask
