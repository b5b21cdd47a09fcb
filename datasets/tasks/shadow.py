"""Cast shadows with soft edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from datasets.io.pixels import from_uint8, to_uint8
from datasets.tasks.basic import MaskedTask
from registry import register

_CORNERS = 96
_TINT = (0.0, 0.08, 0.2)  # how much less than red the sky's blue light lets green and blue darken, at most


@dataclass(frozen=True)
class Outline:
    """A drawn shadow: its corners (n, 2) as (x, y) in units of the picture's width and height, and the ``sky``'s
    share of the largest tint, in [0, 1]."""

    corners: np.ndarray
    sky: float


def _round(rng: np.random.Generator) -> np.ndarray:
    """Radius by angle, (n, 2) as (angle, radius): an ellipse with three slow waves, as of a tree or a person."""
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    waves = sum(rng.uniform(0, 0.35 / k) * np.sin(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5))
    return np.stack([angle, 1 + waves], axis=1)


def _cornered(rng: np.random.Generator) -> np.ndarray:
    """The same for a polygon of 3 to 7 corners, as of a wall or a roof."""
    n = int(rng.integers(3, 8))
    angle = 2 * np.pi * (np.arange(n) + rng.uniform(0, 0.8, n)) / n
    return np.stack([angle, rng.uniform(0.7, 1.3, n)], axis=1)


_SHAPES = (_round, _cornered)


def draw_outline(rng: np.random.Generator, area: float) -> Outline:
    """A round or a cornered outline, either with probability 1/2, about ``area`` of the picture large.

    The middle is uniform over the middle three quarters of each axis, the elongation log-uniform in [1/2, 2], the
    direction uniform; part of it may lie outside.
    """
    angle, radius = _SHAPES[int(rng.integers(len(_SHAPES)))](rng).T
    stretch, turn = np.exp2(rng.uniform(-1, 1)), rng.uniform(0, 2 * np.pi)
    x, y = radius * np.cos(angle) * np.sqrt(stretch), radius * np.sin(angle) / np.sqrt(stretch)
    covered = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))  # the shoelace formula
    corners = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    middle = rng.uniform(0.125, 0.875, 2)
    return Outline(middle + corners * np.sqrt(area / covered), float(rng.random()))


def soft_mask(outline: Outline, height: int, width: int, penumbra: float) -> np.ndarray:
    """The outline filled and blurred: float32 (height, width), whole 255ths in [0, 1].

    ``penumbra`` is the blur's standard deviation as a share of the shorter side.
    """
    from PIL import Image, ImageDraw
    from scipy.ndimage import gaussian_filter

    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).polygon([tuple(corner) for corner in outline.corners * (width, height)], fill=255)
    filled = np.asarray(image, dtype=np.float32) / 255
    return from_uint8(to_uint8(gaussian_filter(filled, penumbra * min(height, width), mode="nearest")))


@register("task", "shadow")
class Shadow(MaskedTask):
    """A soft shadow: y = x (1 - strength c m), m the 8-bit mask that the method may see.

    c is 1 for red and down to 0.92 and 0.8 for green and blue (1 for grey pictures): outdoors a shadow is lit by
    the blue sky. ``strength`` is the share of the value that the shadow takes, ``area`` about the share of the
    picture that it covers, ``penumbra`` the softness of its edge as a share of the shorter side.
    """

    name = "shadow"

    def __init__(
        self,
        strength: Annotated[float, "[0, 1]"] = 0.6,
        area: Annotated[float, "(0, 1]"] = 0.25,
        penumbra: Annotated[float, "[0, 0.2]"] = 0.015,
    ) -> None:
        self.strength, self.area, self.penumbra = strength, area, penumbra

    def degrade_with_mask(self, clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The picture in the shadow, and the soft mask."""
        outline = draw_outline(rng, self.area)
        mask = soft_mask(outline, clean.shape[0], clean.shape[1], self.penumbra)
        colour = 1 - outline.sky * np.array(_TINT[: clean.shape[2]])
        light = 1 - np.float32(self.strength) * mask[:, :, None] * colour.astype(np.float32)
        return clean * light, mask
