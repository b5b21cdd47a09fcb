"""Frechet distance of two sets of feature rows."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from errors import UserError
from metrics.base import SetMetric
from metrics.sets.base import Rows, centred, checked, network
from registry import register

FIRST_ORDER = 10  # rows per feature from which replicates are linear in the weights of the rows


class Gaussian(NamedTuple):
    """Mean (d,) and a factor (r, d) of the covariance: C = factor' factor, r at most d."""

    mean: np.ndarray
    factor: np.ndarray


def gaussian(rows: np.ndarray, weights: np.ndarray | None = None) -> Gaussian:
    """Mean and covariance (with 1 / (n - 1)) of rows (N, d), each counted ``weights`` times.

    The factor is the centred rows themselves, or with more rows than features their triangular factor: squaring
    neither loses digits to a small eigenvalue nor needs a covariance of full rank.
    """
    weights = np.ones(len(rows)) if weights is None else weights
    drawn, total = weights > 0, weights.sum()
    mean = weights @ rows / total
    factor = np.sqrt(weights[drawn] / (total - 1))[:, None] * (rows[drawn] - mean)
    return Gaussian(mean, np.asarray(np.linalg.qr(factor, mode="r")) if len(factor) > rows.shape[1] else factor)


def frechet_distance(one: Gaussian, two: Gaussian) -> float:
    """|m1 - m2|^2 + tr C1 + tr C2 - 2 tr sqrt(C1 C2), Dowson and Landau, J. Multivariate Anal. 12, 1982, eq. 4.

    With C = F' F the eigenvalues of sqrt(C1 C2) are the singular values of F1 F2', a matrix of the size of the
    smaller of rows and features: no square root of a matrix is taken, and singular covariances are no exception.
    """
    roots = np.linalg.svd(one.factor @ two.factor.T, compute_uv=False).sum()
    traces = np.square(one.factor).sum() + np.square(two.factor).sum()
    return max(0.0, float(np.square(one.mean - two.mean).sum() + traces - 2 * roots))


def slopes(one: Gaussian, two: Gaussian, rows: np.ndarray) -> np.ndarray:
    """What one more share of each row (N, d) of set one adds to the distance, to first order, (N,), of mean 0.

    2 (m1 - m2)'(x - m1) + (x - m1)'(I - T)(x - m1), T = F1^-1 U S U' F1^-T the optimal map from one to two, with
    F1 F2' = U S V': the derivative of the distance by C1 is I - T.
    """
    left, roots, _ = np.linalg.svd(one.factor @ two.factor.T)
    offsets = rows - one.mean
    mapped = offsets @ np.linalg.pinv(one.factor) @ left[:, : len(roots)]
    change = 2 * offsets @ (one.mean - two.mean) + np.square(offsets).sum(1) - np.square(mapped) @ roots
    return np.asarray(change - change.mean())


class FrechetBase(SetMetric):
    """What the Frechet distances over one network or another share."""

    name: str
    least: int | None

    @property
    def protocol(self) -> str:
        """Network, weights, resizing and dimensions; the covariance; float64. Its bias goes with n: compare equal n."""
        return f"{self.name};{self.features.protocol};covariance=n-1;float64;v{self.version}"

    @property
    def needed(self) -> int:
        """How many pictures there must be on each side: more than features, unless ``least`` says another number."""
        return self.features.dims + 1 if self.least is None else self.least

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The distance, 0 or more; `UserError` for fewer pictures than `needed`."""
        made, real = checked(made, real)
        self.refuse_few(min(len(made), len(real)))
        return frechet_distance(gaussian(made), gaussian(real))

    def refuse_few(self, count: int) -> None:
        """Refuse fewer pictures than `needed`: the covariance has no full rank, and bias is most of the distance."""
        if count < self.needed:
            raise UserError(
                f"metrics={self.name} of {count} pictures needs {self.needed}, more than it has features: take "
                f"metrics=kernel, more images, or force it with metrics.{self.name}.least={count}"
            )

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The distance for each resampling, `centred` at the figure.

        A row drawn twice is one row of weight two, so that a replicate costs the singular values of a matrix no larger
        than the distinct rows or the features: 0.1 s for 640 and 0.5 s for 1280 on two cores. From `FIRST_ORDER` rows
        per feature on, where that would grow with n, they are linear in the weights (`slopes`).
        """
        value = self.value(made, real)
        made, real = checked(made, real)
        draws = ([np.bincount(drawn, minlength=len(x)) for drawn, x in zip(p, (made, real), strict=True)] for p in rows)
        if min(len(made), len(real)) >= FIRST_ORDER * made.shape[1]:
            one, two = gaussian(made), gaussian(real)
            ours, theirs = slopes(one, two, made) / len(made), slopes(two, one, real) / len(real)
            return np.array([value + u @ ours + v @ theirs for u, v in draws], dtype=np.float64)
        figures = [frechet_distance(gaussian(made, u), gaussian(real, v)) for u, v in draws]
        return centred(np.array(figures, dtype=np.float64), value)


@register("metrics", "frechet")
class Frechet(FrechetBase):
    """The Frechet distance between Gaussians fitted to the features of made and of real pictures, over any network.

    Not called FID: that is this distance over one network, `fid`. Its bias falls as 1 / n and depends on the method,
    so only equal n may be compared; with fewer pictures than features it is refused, see ``least``.
    """

    version = 1
    higher_is_better = False
    unit = ""
    name = "frechet"

    def __init__(
        self,
        *,
        features: str = "effnet_lite0",
        weights: str = "",
        least: Annotated[int, "[2, inf)"] | None = None,
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = network(features, weights)
        self.least = least
        self.bootstrap = bootstrap
