"""The one conversion between 8-bit pixels and real numbers; nothing else in the harness may round."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def to_uint8(x: npt.ArrayLike) -> np.ndarray:
    """Reals in [0, 1] to 8 bit: ``rint(255 * min(max(x, 0), 1))``, halves to even; any shape.

    What lies outside [0, 1] is clamped, never wrapped. NaN has no pixel value: ValueError.
    """
    values = np.asarray(x, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError("an image with NaN cannot be written as 8 bit")
    return np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)


def from_uint8(x: np.ndarray) -> np.ndarray:
    """8-bit pixels to float32 in [0, 1]: ``x / 255``. Any other dtype is a mistake of the caller: TypeError."""
    if x.dtype != np.uint8:
        raise TypeError(f"from_uint8 wants uint8, not {x.dtype}")
    return x.astype(np.float32) / np.float32(255.0)
