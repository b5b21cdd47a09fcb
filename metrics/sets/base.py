"""What the set metrics share: their feature network, their rows, and the weights of a resampling."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from metrics.features.base import Features
from registry import create

Rows = Iterable[tuple[np.ndarray, np.ndarray]]  # the indices drawn of made and of real, one pair per replicate


def network(features: str, weights: str) -> Features:
    """The feature network of that name; ``weights`` names its file, for the networks that no package brings.

    Raises `UserError` for an unknown name, and for a file where the network has its weights from a package.
    """
    made: Features = create("features", features, {"weights": weights} if weights else {})
    return made


def checked(made: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 rows (N, d) and (M, d). Raises ValueError when they are no such rows, below 2, or not finite."""
    for name, rows in (("made", made), ("real", real)):
        if rows.ndim != 2 or len(rows) < 2 or rows.shape[1] == 0:
            raise ValueError(f"{name} must be at least two feature rows (N, d), got {rows.shape}")
        if not np.isfinite(rows).all():
            raise ValueError(f"{name} has feature rows that are not finite")
    if made.shape[1] != real.shape[1]:
        raise ValueError(f"made {made.shape} and real {real.shape} must have the same features")
    return made.astype(np.float64), real.astype(np.float64)


def multiplicities(rows: Rows, sizes: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """How often each replicate draws each row: float64 (B, N) and (B, M)."""
    pairs = [
        tuple(np.bincount(drawn, minlength=size) for drawn, size in zip(pair, sizes, strict=True)) for pair in rows
    ]
    made, real = (np.array([pair[side] for pair in pairs], dtype=np.float64) for side in (0, 1))
    return made.reshape(len(pairs), sizes[0]), real.reshape(len(pairs), sizes[1])


def centred(replicates: np.ndarray, value: float) -> np.ndarray:
    """The replicates moved so that their mean is the figure itself.

    A figure with a bias of c / n has that bias once more when n rows are drawn again from n rows: its replicates lie
    around value + c / n, and their quantiles would be an interval beside the figure. Moved, they tell how much the
    figure of n pictures varies; the bias itself is what the floor (real against real, same n) shows.
    """
    return replicates - replicates.mean() + value if len(replicates) else replicates
