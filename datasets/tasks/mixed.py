"""Several degradations of known kinds and unknown strengths in one data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from datasets.tasks.basic import Deblur, Denoise, Lowlight, Task
from datasets.tasks.jpeg import Jpeg
from datasets.tasks.rain import Rain
from errors import UserError
from registry import nearest, register

# the strength of each part is drawn anew for each picture
PARTS: dict[str, Callable[[np.random.Generator], Task]] = {
    "lowlight": lambda rng: Lowlight(exposure=float(np.exp(rng.uniform(np.log(0.05), np.log(0.5))))),
    "rain": lambda rng: Rain(density=float(rng.uniform(50, 500))),
    "blur": lambda rng: Deblur(sigma=float(rng.uniform(0.5, 3.0))),
    "noise": lambda rng: Denoise(sigma=float(rng.uniform(5.0, 50.0))),
    "jpeg": lambda rng: Jpeg(quality=int(rng.integers(10, 81))),
}


def _some(rng: np.random.Generator, names: tuple[str, ...]) -> tuple[str, ...]:
    chosen = rng.random(len(names)) < 0.5
    chosen[int(rng.integers(len(names)))] |= not chosen.any()
    return tuple(name for name, taken in zip(names, chosen, strict=True) if taken)


_CHOICES: dict[str, Callable[[np.random.Generator, tuple[str, ...]], tuple[str, ...]]] = {
    "one": lambda rng, names: (names[int(rng.integers(len(names)))],),
    "some": _some,
    "all": lambda rng, names: names,
}


@register("task", "mixed")
class Mixed(Task):
    """Degradations chosen per picture and applied one after the other, in the order of ``parts``, clamped between.

    ``parts``   names joined by "+", of: lowlight (exposure log-uniform in [0.05, 0.5]), rain (50 to 500 drops), blur
                (sigma 0.5 to 3 pixels), noise (sigma 5 to 50 of 255), jpeg (quality 10 to 80); strengths uniform.
    ``choose``  ``one`` of them, ``some`` (each with probability 1/2, at least one), or ``all``.
    """

    name = "mixed"

    def __init__(self, parts: str = "blur+noise+jpeg", choose: Literal["one", "some", "all"] = "some") -> None:
        self.parts = tuple(parts.split("+"))
        self.choose = _CHOICES[choose]
        for part in self.parts:
            if part not in PARTS:
                raise UserError(f"task.parts={parts}: there is no part {part!r}; {nearest(part, PARTS)}")

    def draw(self, rng: np.random.Generator) -> list[Task]:
        """The parts that one picture gets, in order, with their strengths."""
        return [PARTS[name](rng) for name in self.choose(rng, self.parts)]

    def degrade(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One part after the other."""
        for part in self.draw(rng):
            clean = np.clip(part.degrade(clean, rng), 0, 1)
        return clean
