"""Random numbers that depend on their axes and on nothing else.

A seed is the hash of the axes that a draw may depend on: (base seed, data set, image id, purpose, draw). There
is no global generator, hence no history. Three things follow.

- Every method sees the same degraded images, the same first noise and the same noise at each step: differences
  between methods are paired.
- Results do not depend on batch size, on the order of the images, on the device or on what ran before.
- Purposes do not share streams: more steps, or another eta, move neither the degradation nor the first noise.

Noise is drawn on the CPU, one generator per image, then moved to the device by the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.store import keys

if TYPE_CHECKING:
    import torch

PURPOSES = ("split", "degrade", "crop", "init", "step", "train", "real", "bound", "z")


def derive(base: int, *axes: str | int) -> int:
    """A seed in [0, 2^63): the leading 63 bits of sha256 of the axes' canonical JSON list.

    JSON quotes strings and separates items, so ("a", "bc") is not ("ab", "c") and 1 is not "1".
    Raises `TypeError` for an axis that is neither str nor int (bool and numpy scalars included).
    """
    values = [base, *axes]
    for value in values:
        if type(value) not in (str, int):
            raise TypeError(f"a seed depends on str and int only, not on {value!r}")
    digest = hashlib.sha256(keys.canonical(values).encode("ascii")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_rng(base: int, *axes: str | int) -> np.random.Generator:
    """A numpy generator of its own for these axes. The algorithm is named, as numpy's default may change."""
    return np.random.Generator(np.random.PCG64(derive(base, *axes)))


@dataclass(frozen=True)
class SeededNoise:
    """Gaussian noise of a batch of images, each row a function of its own image's id.

    ``base`` is the sampling seed, ``dataset`` the name of the data set, ``ids`` the B image ids. An id that
    occurs twice gets the same noise twice.
    """

    base: int
    dataset: str
    ids: Sequence[str]

    def normal(self, purpose: str, draw: int, shape: tuple[int, ...]) -> torch.Tensor:
        """N(0, I) as a float32 CPU tensor (B, *shape).

        ``purpose`` is one of `PURPOSES` (else `ValueError`), ``draw`` counts the draws for that purpose. numpy's
        generators are used because torch's CPU generator keeps only the low 32 bits of a seed, so that among a
        million rows some would coincide.
        """
        import torch

        if purpose not in PURPOSES:
            raise ValueError(f"no such purpose of randomness: {purpose}; there are: {', '.join(PURPOSES)}")
        rows = np.empty((len(self.ids), *shape), dtype=np.float32)
        for index, image in enumerate(self.ids):
            rng = numpy_rng(self.base, self.dataset, image, purpose, draw)
            rows[index] = rng.standard_normal(shape, dtype=np.float32)
        return torch.from_numpy(rows)
