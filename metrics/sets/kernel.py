"""Kernel distance of two sets of feature rows."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from metrics.base import SetMetric
from metrics.sets.base import Rows, centred, checked, multiplicities, network
from registry import register

BLOCK = 512  # rows of the kernel matrix held at a time: memory stays linear in n


def polynomial(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(x.y / d + 1)^3 for each pair of rows, (N, M): the kernel of KID (Binkowski et al., ICLR 2018, section 4)."""
    return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)


def discrepancies(
    made: np.ndarray, real: np.ndarray, ours: np.ndarray, theirs: np.ndarray, paired: bool = False
) -> np.ndarray:
    """Unbiased MMD^2 (Gretton et al., JMLR 13, 2012, eq. 3) for each row of weights ours (B, N) and theirs (B, M)::

        sum_i!=j u_i u_j k(x_i, x_j) / sum_i!=j u_i u_j  +  the same of y and v
            -  2 sum_ij u_i v_j k(x_i, y_j) / sum_ij u_i v_j

    i != j leaves out a row beside itself also when it is drawn twice: its k(x, x) would pull every replicate up.
    ``paired`` rows show the same picture and are no independent draws: the last sum leaves out i = j too (eq. 4),
    else a restoration's likeness to its own truth would pull the figure below 0.
    NaN where all weight lies on one row, which has no pair.
    """
    same = ours * theirs if paired else np.zeros((len(ours), 1))
    alike = (np.einsum("ij,ij->i", made, real) / made.shape[1] + 1) ** 3 if paired else np.zeros(1)
    pairs = ours.sum(1) * theirs.sum(1) - same.sum(1)
    cross = (_form(made, real, ours, theirs) - same @ alike) / np.where(pairs > 0, pairs, np.nan)
    return _within(made, ours) + _within(real, theirs) - 2 * cross


def _within(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    squares = np.square(weights)
    itself = (np.square(x).sum(1) / x.shape[1] + 1) ** 3
    pairs = weights.sum(1) ** 2 - squares.sum(1)
    return np.asarray((_form(x, x, weights, weights) - squares @ itself) / np.where(pairs > 0, pairs, np.nan))


def _form(x: np.ndarray, y: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """sum_ij left_bi k(x_i, y_j) right_bj, (B,)."""
    total = np.zeros(len(left))
    for start in range(0, len(x), BLOCK):
        block = polynomial(x[start : start + BLOCK], y)
        total += np.einsum("bi,bi->b", left[:, start : start + BLOCK], right @ block.T)
    return total


@register("metrics", "kernel")
class Kernel(SetMetric):
    """The squared maximum mean discrepancy under KID's polynomial kernel, unbiased and of all pictures at once.

    Its expectation does not depend on n, so it suits few pictures; for two sets of one law it is 0 on average and may
    be negative. KID's own average over random subsets only adds their noise; over Inception features
    (``features=inception_v3``) this is the quantity that KID estimates. Not scaled by 1000.
    """

    version = 1
    higher_is_better = False
    unit = ""

    def __init__(
        self,
        *,
        features: str = "effnet_lite0",
        weights: str = "",
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = network(features, weights)
        self.bootstrap = bootstrap

    @property
    def protocol(self) -> str:
        """Network, weights, resizing and dimensions; the kernel; unbiased, no subsets."""
        return f"kernel;{self.features.protocol};kernel=(xy/d+1)^3;unbiased;subsets=none;v{self.version}"

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The squared discrepancy."""
        made, real = checked(made, real)
        return float(discrepancies(made, real, np.ones((1, len(made))), np.ones((1, len(real))), self.paired)[0])

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The discrepancy for each resampling, all from one pass over the kernel, `centred` at the figure.

        No picture is compared with itself, however often it is drawn. A draw of one single picture (1 in n^(n-1))
        has no pairs and counts as the figure itself. Time and memory: n^2 d + B n^2 operations, B n numbers.
        """
        value = self.value(made, real)
        made, real = checked(made, real)
        figures = discrepancies(made, real, *multiplicities(rows, (len(made), len(real))), self.paired)
        return centred(np.where(np.isnan(figures), value, figures), value)
