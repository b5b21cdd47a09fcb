"""What a set metric is: one figure of all samples against references, by the rows of a feature network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from metrics.features.base import Features
from registry import create
from registry.facts import MetricFacts

Draws = Iterable[tuple[np.ndarray, np.ndarray]]  # the indices drawn of samples and of references, a pair per replicate


class SetMetric(MetricFacts, ABC):
    """One figure of a whole set: feature rows of the samples against feature rows of the references.

    ``data`` tells what it is of, "pictures" or "points"; ``features`` turns items into rows, once per set and
    network, cached in the store; ``bootstrap`` is the number of replicates behind an interval. A leaf class sets
    ``name``, and ``settings``, what decides the figure beside the features, and defines `figures`.
    """

    kind = "set"
    needs = ()
    unit = ""
    name: str
    settings: str
    features: Features
    bootstrap: int
    paired: bool = False  # row k of both sets shows the same picture: estimators for independent sets must leave it out

    @property
    def protocol(self) -> str:
        """The stamp: metric, feature network with the hash of its weights, resizing, options and version."""
        return f"{self.name};{self.features.protocol};{self.settings};v{self.version}"

    def value(self, samples: np.ndarray, references: np.ndarray) -> float:
        """The figure of feature rows (N, d) against (M, d).

        Raises ValueError where they are no such rows, below 2 or not finite, `UserError` where they are too few.
        """
        samples, references = checked_rows(samples, references)
        self.refuse_sizes(len(samples), len(references))
        return float(self.figures(samples, references, [(np.arange(len(samples)), np.arange(len(references)))])[0])

    def replicates(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The figure for each resampling, float64 (B,), moved so that their mean is the figure itself (`centred`).

        ``draws`` has the indices of each resampling's samples and references.
        """
        value = self.value(samples, references)
        return centred(self.figures(*checked_rows(samples, references), draws), value)

    @abstractmethod
    def figures(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The figure for each resampling of float64 rows (N, d) and (M, d), which are finite and at least two; (B,)."""

    def refuse_sizes(self, samples: int, references: int) -> None:
        """Raise `UserError` where so many rows on each side have no such figure; by default as `refuse_few` says."""
        self.refuse_few(min(samples, references))

    def refuse_few(self, count: int) -> None:
        """Raise `UserError` where so few items have no such figure, before anything is trained; by default none."""

    def prepare(self, source: Any) -> None:
        """Take what the metric must know of the data set beside its items; nothing by default."""


def feature_network(features: str, weights: str) -> Features:
    """The feature network of that name; ``weights`` names its file, for the networks that no package brings.

    Raises `UserError` for an unknown name, and for a file where the network has its weights from a package.
    """
    network: Features = create("features", features, {"weights": weights} if weights else {})
    return network


def checked_rows(samples: np.ndarray, references: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 rows (N, d) and (M, d). Raises ValueError when they are no such rows, below 2, or not finite."""
    for name, rows in (("samples", samples), ("references", references)):
        if rows.ndim != 2 or len(rows) < 2 or rows.shape[1] == 0:
            raise ValueError(f"{name} must be at least two feature rows (N, d), got {rows.shape}")
        if not np.isfinite(rows).all():
            raise ValueError(f"{name} have feature rows that are not finite")
    if samples.shape[1] != references.shape[1]:
        raise ValueError(f"samples {samples.shape} and references {references.shape} must have the same features")
    return samples.astype(np.float64), references.astype(np.float64)


def multiplicities(draws: Draws, sizes: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """How often each replicate draws each row: float64 (B, N) and (B, M)."""
    pairs = [[np.bincount(rows, minlength=size) for rows, size in zip(pair, sizes, strict=True)] for pair in draws]
    counts = [np.array([pair[side] for pair in pairs], dtype=np.float64) for side in (0, 1)]
    return counts[0].reshape(len(pairs), sizes[0]), counts[1].reshape(len(pairs), sizes[1])


def centred(replicates: np.ndarray, value: float) -> np.ndarray:
    """The replicates moved so that their mean is the figure itself; one that has no figure (NaN) counts as it.

    A figure with a bias of c / n has that bias once more when n rows are drawn again from n rows: its replicates lie
    around value + c / n, and their quantiles would be an interval beside the figure. Moved, they tell how much the
    figure of n pictures varies; the bias itself is what the floor (references against references, same n) shows.
    """
    figures = np.where(np.isnan(replicates), value, replicates)
    return figures - figures.mean() + value if len(figures) else figures
