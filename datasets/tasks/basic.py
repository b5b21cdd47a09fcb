"""Degradations that keep the picture's frame: noise, darkness, blur, lost resolution. Each is a formula."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from datasets.base import Item
from datasets.io import crops
from datasets.io.pixels import from_uint8, to_uint8
from datasets.tasks.filters import Bell
from errors import UserError
from registry import register
from registry.facts import TaskFacts


@dataclass(frozen=True)
class Measurement:
    """A linear task in plain values: y = A x + ``noise_std`` n, n ~ N(0, I), x and y in [-1, 1].

    ``operator`` names A, a component of that group, built from ``arguments`` and from what each item has ``per_item``:
    its mask. Not part of it: y is clipped to [-1, 1] and rounded to 8 bit, which adds noise of 2/255 / sqrt(12).
    """

    operator: str
    arguments: tuple[Any, ...] = ()
    noise_std: float = 0.0
    per_item: tuple[str, ...] = ()


class Task(TaskFacts, ABC):
    """From a clean item to what the method is given; where ``masks`` is true, `degrade_with_mask` gives a mask."""

    name: ClassVar[str]  # the one that it is registered by

    @abstractmethod
    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Float32 (H, W, C) from float32 (H, W, C) in [0, 1], of a shape that `check` lets pass; may leave [0, 1]."""

    def degrade_with_mask(self, clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """What `degrade` gives, and the mask (H, W) in [0, 1], 0 where nothing changed; None without one."""
        return self.degrade(clean, rng), None

    def pair(self, item: Item, rng: np.random.Generator) -> Item:
        """The item with ``degraded``, and a mask where there is one, as 8 bit; same ``rng`` state, same bits."""
        self.check(shape_of(item.clean))
        degraded, mask = self.degrade_with_mask(from_uint8(item.clean), rng)
        return replace(item, degraded=to_uint8(degraded), mask=item.mask if mask is None else to_uint8(mask))

    def measurement(self) -> Measurement | None:
        """The operator and the noise of a linear task; None for any other, and where no operator says what it does."""
        return None

    def check(self, shape: tuple[int, ...]) -> None:
        """`UserError` where items of a data set of this shape, (C, H, W) or (D,), cannot be degraded so."""
        if len(shape) != 3:
            raise UserError(f"task={self.name} degrades pictures, this data set has points: use task=generate")


class MaskedTask(Task):
    """A task that marks where it degrades: a leaf defines `degrade_with_mask`."""

    masks = True

    @abstractmethod
    def degrade_with_mask(self, clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The degraded picture and its mask (H, W) in [0, 1], whose values are whole 255ths where it is soft."""

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The degraded picture alone."""
        return self.degrade_with_mask(clean, rng)[0]


def shape_of(clean: np.ndarray) -> tuple[int, ...]:
    """An item's shape as data sets state it: (C, H, W) of an (H, W, C) picture, (D,) of a point."""
    return (clean.shape[2], *clean.shape[:2]) if clean.ndim == 3 else clean.shape


@register("task", "denoise")
class Denoise(Task):
    """White Gaussian noise: y = x + (sigma / 255) n, n ~ N(0, I); ``sigma`` in 8-bit units."""

    name = "denoise"

    def __init__(self, sigma: Annotated[float, "[0, 255]"] = 50.0) -> None:
        self.sigma = sigma

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Y = x + (sigma / 255) n."""
        noise = rng.standard_normal(clean.shape, dtype=np.float32)
        return clean + np.float32(self.sigma / 255.0) * noise

    def measurement(self) -> Measurement:
        """The identity under noise of 2 sigma / 255."""
        return Measurement("identity", noise_std=2 * self.sigma / 255)


def srgb_to_linear(x: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1: x / 12.92 up to 0.04045, ((x + 0.055) / 1.055)^2.4 above; x in [0, 1]."""
    return np.where(x <= 0.04045, x / 12.92, ((np.maximum(x, 0.04045) + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(x: np.ndarray) -> np.ndarray:
    """The inverse of `srgb_to_linear`; negative light counts as none."""
    x = np.maximum(x, 0.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 0.0031308) ** (1 / 2.4) - 0.055)


@register("task", "lowlight")
class Lowlight(Task):
    """A short exposure: less light, and with it shot and read noise (Poisson-Gaussian sensor model).

    L = srgb_to_linear(x);  electrons = Poisson(exposure full_well L) + read N(0, 1);
    y = linear_to_srgb(electrons / full_well).
    ``exposure`` is the share of the light that is left, ``full_well`` the electrons at white under full exposure,
    ``read`` the read noise's standard deviation in electrons. In linear light the mean is exposure L and the
    variance exposure L / full_well + (read / full_well)^2.
    """

    name = "lowlight"

    def __init__(
        self,
        exposure: Annotated[float, "(0, 1]"] = 0.1,
        full_well: Annotated[float, "[10, 1000000]"] = 4000.0,
        read: Annotated[float, "[0, 1000]"] = 3.0,
    ) -> None:
        self.exposure, self.full_well, self.read = exposure, full_well, read

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Through linear light and the sensor, and back."""
        light = srgb_to_linear(clean.astype(np.float64))
        electrons = rng.poisson(self.exposure * self.full_well * light) + self.read * rng.standard_normal(clean.shape)
        return linear_to_srgb(electrons / self.full_well).astype(np.float32)


@register("task", "deblur")
class Deblur(Task):
    """Gaussian blur of standard deviation ``sigma`` pixels, cut at 4 sigma, the border mirrored (d c b a | a b c d)."""

    name = "deblur"

    def __init__(self, sigma: Annotated[float, "(0, 20]"] = 2.0) -> None:
        self.sigma = sigma

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Y = g_sigma * x, each channel by itself; ``rng`` is not used."""
        from scipy.ndimage import gaussian_filter

        blurred: np.ndarray = gaussian_filter(clean, (self.sigma, self.sigma, 0), mode="reflect", truncate=4.0)
        return blurred

    def measurement(self) -> Measurement:
        """The mirrored blur by g_sigma."""
        radius = int(4.0 * self.sigma + 0.5)
        return Measurement("blur_mirror", (Bell("gaussian", 2 * radius + 1, (self.sigma, self.sigma)).kernel(),))


def _block_mean(clean: np.ndarray, factor: int) -> np.ndarray:
    """Block means, each repeated over its block: the projection onto pictures constant per block."""
    return crops.shrink(clean, factor).repeat(factor, axis=0).repeat(factor, axis=1)


def _bicubic(clean: np.ndarray, factor: int) -> np.ndarray:
    """Pillow's bicubic (a = -0.5; widened by the factor on the way down) down and up again, in floating point."""
    from PIL import Image

    height, width = clean.shape[:2]
    planes = []
    for plane in np.moveaxis(clean, -1, 0):
        small = Image.fromarray(plane).resize((width // factor, height // factor), Image.Resampling.BICUBIC)
        planes.append(np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)))
    return np.stack(planes, axis=-1)


_KERNELS = {"block_mean": _block_mean, "bicubic": _bicubic}


@register("task", "sr")
class SuperResolution(Task):
    """Resolution lost by ``factor`` per axis and brought back to the input's size, so that y has x's shape.

    ``block_mean``  mean of each factor x factor block, repeated (nearest): the operator of RGM and DDRM.
    ``bicubic``     bicubic down with antialiasing, bicubic up.
    """

    name = "sr"

    def __init__(
        self, factor: Annotated[int, "[2, 16]"] = 4, kernel: Literal["block_mean", "bicubic"] = "block_mean"
    ) -> None:
        self.factor, self.kernel = factor, kernel

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Down by the factor and up again; ``rng`` is not used."""
        return _KERNELS[self.kernel](clean, self.factor)

    def measurement(self) -> Measurement | None:
        """The average over blocks; there is no operator for the bicubic kernel."""
        return Measurement("block_average", (self.factor,)) if self.kernel == "block_mean" else None

    def check(self, shape: tuple[int, ...]) -> None:
        """`UserError` for points and for sides that the factor does not divide."""
        super().check(shape)
        if shape[1] % self.factor or shape[2] % self.factor:
            raise UserError(f"task.factor={self.factor} does not divide {shape[2]}x{shape[1]}: choose one that does")
