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


def _add_drop(pane: np.ndarray, drop: Drop, field: float) -> None:
    """Put a drop on, over those that are there: ``pane`` has each pixel's mask, the row and column where it looks, and
    its shade, float32 (4, H, W)."""
    height, width = pane.shape[1:]
    reach = drop.radius * min(height, width)
    rows, columns = (
        slice(max(0, int(middle - 2 * reach)), min(side, int(middle + 2 * reach) + 2))
        for middle, side in ((drop.y * height, height), (drop.x * width, width))
    )
    v = ((np.arange(rows.start, rows.stop) + 0.5 - drop.y * height) / (reach * drop.tall))[:, None]
    u = ((np.arange(columns.start, columns.stop) + 0.5 - drop.x * width) / reach)[None, :]
    rho = np.hypot(u, v) / _outline(np.arctan2(v, u), drop)
    cover, shade = np.clip((1 - rho) / _RIM, 0, 1), 1 - _DARK * np.clip(rho, 0, 1) ** 4
    # a lens: the farther from the drop's middle, the farther to the other side it looks, more so near the rim
    bent = field * min(height, width) * (0.6 + 0.4 * rho**2)
    window = pane[:, rows, columns]
    values = np.stack([cover, drop.y * height - v * bent, drop.x * width - u * bent, shade])
    np.copyto(window, values, where=cover > window[0])


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

    name = "raindrop"

    def __init__(
        self,
        drops: Annotated[float, "[0, 1000]"] = 20.0,
        radius: Annotated[float, "(0, 0.5]"] = 0.08,
        field: Annotated[float, "(0, 2]"] = 0.5,
        blur: Annotated[float, "(0, 0.1]"] = 0.015,
    ) -> None:
        self.drops, self.radius, self.field, self.blur = drops, radius, field, blur

    def degrade_with_mask(self, clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The picture behind the drops, and their mask."""
        from scipy.ndimage import gaussian_filter, map_coordinates

        height, width, channels = clean.shape
        pane = np.zeros((4, height, width), np.float32)
        for drop in draw_drops(rng, self.drops, self.radius):
            _add_drop(pane, drop, self.field)
        cover, row, column, shade = pane
        mask = from_uint8(to_uint8(cover))
        wet = mask > 0
        sigma = self.blur * min(height, width)
        blurred = gaussian_filter(clean, (sigma, sigma, 0), mode="nearest", truncate=3.0)
        places = np.stack([row[wet], column[wet]]) - 0.5
        views = [map_coordinates(blurred[:, :, c], places, order=1, mode="mirror") for c in range(channels)]
        degraded, share = clean.copy(), mask[wet][:, None]
        degraded[wet] = (1 - share) * clean[wet] + share * shade[wet][:, None] * np.stack(views, axis=1)
        return degraded, mask
