"""Kernel distance of two sets of feature rows, and the estimators that MMD and the energy distance share with it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import numpy as np

from metrics.sets.base import Draws, SetMetric, feature_network, multiplicities
from registry import register

BLOCK = 512  # rows of the kernel matrix held at a time: memory stays linear in n


class Discrepancy(SetMetric):
    """E k(X, X') + E k(Y, Y') - 2 E k(X, Y) (Gretton et al., JMLR 13, 2012, lemma 6): MMD^2 under a kernel k.

    ``estimator`` of the first two means, in a replicate of rows of the weights w:
    "unbiased"  sum_i!=j w_i w_j k_ij / sum_i!=j w_i w_j (a U-statistic, eq. 3; the figure may be negative). i != j
                leaves out a row beside itself also when it is drawn twice: its k(x, x) would pull every replicate up.
    "biased"    sum_ij w_i w_j k_ij / (sum w)^2 (a V-statistic; the figure is never negative).
    """

    estimator: str = "unbiased"

    @abstractmethod
    def kernel(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """k for each pair of rows (N, d) and (M, d), (N, M)."""

    @abstractmethod
    def diagonal(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """k(x_i, y_i) of rows (N, d) both, (N,)."""

    def figures(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The squared discrepancy for each resampling, all from one pass over the kernel.

        A draw of one single row (1 in n^(n-1)) has no pairs and counts as the figure itself. Time and memory:
        n^2 d + B n^2 operations, B n numbers.
        """
        return self.weighted(samples, references, *multiplicities(draws, (len(samples), len(references))))

    def weighted(self, x: np.ndarray, y: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The discrepancy for each row of weights u (B, N) of x and v (B, M) of y, (B,).

        Where the sets are ``paired``, the last mean leaves out i = j too (eq. 4): rows that show the same picture are
        no independent draws, and a restoration's likeness to its own truth would pull the figure below 0. NaN where
        all weight lies on one row, which has no pair.
        """
        same = u * v if self.paired else np.zeros((len(u), 1))
        alike = self.diagonal(x, y) if self.paired else np.zeros(1)
        pairs = u.sum(1) * v.sum(1) - same.sum(1)
        cross = (self._form(x, y, u, v) - same @ alike) / np.where(pairs > 0, pairs, np.nan)
        within = _ESTIMATORS[self.estimator]
        return np.asarray(within(self, x, u) + within(self, y, v) - 2 * cross)

    def _apart(self, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
        squares = np.square(weights)
        pairs = weights.sum(1) ** 2 - squares.sum(1)
        form = self._form(x, x, weights, weights) - squares @ self.diagonal(x, x)
        return np.asarray(form / np.where(pairs > 0, pairs, np.nan))

    def _together(self, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.asarray(self._form(x, x, weights, weights) / weights.sum(1) ** 2)

    def _form(self, x: np.ndarray, y: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """sum_ij left_bi k(x_i, y_j) right_bj, (B,)."""
        total = np.zeros(len(left))
        for start in range(0, len(x), BLOCK):
            block = self.kernel(x[start : start + BLOCK], y)
            total += np.einsum("bi,bi->b", left[:, start : start + BLOCK], right @ block.T)
        return total


_ESTIMATORS = {"unbiased": Discrepancy._apart, "biased": Discrepancy._together}


@register("metrics", "kernel")
class Kernel(Discrepancy):
    """The squared maximum mean discrepancy under KID's kernel (x.y / d + 1)^3, unbiased and of all pictures at once.

    Its expectation does not depend on n, so it suits few pictures; for two sets of one law it is 0 on average and may
    be negative. KID's own average over random subsets (Binkowski et al., ICLR 2018, section 4) only adds their noise;
    over Inception features (``features=inception_v3``) this is the quantity that KID estimates. Not scaled by 1000.
    """

    higher_is_better = False
    name = "kernel"
    settings = "kernel=(xy/d+1)^3;unbiased;subsets=none"

    def __init__(
        self,
        *,
        features: str = "effnet_lite0",
        weights: str = "",
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = feature_network(features, weights)
        self.bootstrap = bootstrap

    def kernel(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(x.y / d + 1)^3 for each pair of rows."""
        return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)

    def diagonal(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The same of rows with the same number."""
        return np.asarray((np.einsum("ij,ij->i", x, y) / x.shape[1] + 1) ** 3)
