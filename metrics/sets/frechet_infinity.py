"""Frechet distance at infinitely many samples."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from errors import UserError
from metrics.sets.base import Rows, centred, checked, network
from metrics.sets.frechet import FrechetBase, frechet_distance, gaussian
from registry import create, register

SCRAMBLE = 2.0**20  # leaves digits of a projection that look random, far above those that rounding touches


def intercept(counts: np.ndarray, figures: np.ndarray) -> float:
    """Where the least-squares line of the figures over 1 / n meets 0: Chong and Forsyth, CVPR 2020, section 3."""
    design = np.stack([np.ones(len(counts)), 1 / counts], axis=1)
    return float(np.linalg.lstsq(design, figures, rcond=None)[0][0])


class _Infinity(FrechetBase):
    """The intercept of the distance over 1 / n, at ``sizes`` subsets of ``least`` to all rows.

    The bias of the distance is c / n with a c that depends on the method: of finite sets the wrong one can win.
    """

    subsets: str
    sizes: int
    seed: int

    @property
    def protocol(self) -> str:
        """What `FrechetBase` says, and the fit: which sets are thinned out, sizes, smallest size and seed."""
        smallest = "max(d+1,n/10)" if self.least is None else self.least
        fit = f"subsets={self.subsets};sizes={self.sizes};smallest={smallest};seed={self.seed}"
        return f"{self.name};{self.features.protocol};fit=1/n;{fit};covariance=n-1;float64;v{self.version}"

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The extrapolated distance; noise can bring it below 0. `UserError` where the smallest subset is too small.

        Rows are put into an order of their own first, by far digits of a projection: so neither the order that they
        came in nor a sorted one, which a seed's subsets would favour in the same way each time, decides the subsets.
        """
        made, real = checked(made, real)
        self._refuse(min(len(x) for x in ((made, real) if self.subsets == "both" else (made,))))
        return self._extrapolated(made, real)

    def _extrapolated(self, made: np.ndarray, real: np.ndarray) -> float:
        rng = np.random.Generator(np.random.PCG64(self.seed))
        direction = rng.normal(size=made.shape[1])
        made, real = (x[np.argsort(x @ direction * SCRAMBLE % 1)] for x in (made, real))
        thinned = (made, real) if self.subsets == "both" else (made,)
        counts = self._counts(min(len(x) for x in thinned))
        kept = () if self.subsets == "both" else (gaussian(real),)
        figures = [
            frechet_distance(*(gaussian(rng.choice(x, count, replace=False)) for x in thinned), *kept)
            for count in counts
        ]
        return intercept(counts, np.array(figures))

    def _counts(self, most: int) -> np.ndarray:
        """The sizes of the subsets, evenly from the smallest to all; of few resampled rows, from half of them."""
        return np.linspace(min(self._smallest(most), most // 2), most, self.sizes).round().astype(int)

    def _smallest(self, most: int) -> int:
        return max(self.needed, most // 10) if self.least is None else self.least

    def _refuse(self, most: int) -> None:
        least = self._smallest(most)
        if most < 2 * least:
            raise UserError(
                f"metrics={self.name} of {most} pictures needs {2 * least}, twice its smallest subset: take "
                f"metrics=kernel, more images, or smaller subsets with metrics.{self.name}.least={most // 4}"
            )

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The figure for each resampling, `centred` at the figure; each costs ``sizes`` distances."""
        figures = [self._extrapolated(made[ours], real[theirs]) for ours, theirs in rows]
        return centred(np.array(figures, dtype=np.float64), self.value(made, real))


@register("metrics", "frechet_infinity")
class FrechetInfinity(_Infinity):
    """The Frechet distance over any network, extrapolated to n = infinity: both sets are thinned out together.

    So the real set's share of the bias goes too. Not called FID-infinity: that is `fid_infinity`.
    """

    version = 1
    higher_is_better = False
    unit = ""
    name = "frechet_infinity"

    def __init__(
        self,
        *,
        features: str = "effnet_lite0",
        weights: str = "",
        subsets: Literal["both", "made"] = "both",
        sizes: Annotated[int, "[2, inf)"] = 15,
        seed: int = 0,
        least: Annotated[int, "[2, inf)"] | None = None,
        bootstrap: Annotated[int, "[0, inf)"] = 20,
    ) -> None:
        self.features = network(features, weights)
        self.subsets = subsets
        self.sizes, self.seed = sizes, seed
        self.least = least
        self.bootstrap = bootstrap


@register("metrics", "fid_infinity")
class FidInfinity(_Infinity):
    """FID extrapolated to n = infinity, as Chong and Forsyth have it: subsets of made pictures against all real ones.

    Over the published Inception weights alone, in the file that ``weights`` names; with a seed for the subsets.
    """

    version = 1
    higher_is_better = False
    unit = ""
    name = "fid_infinity"
    subsets = "made"

    def __init__(
        self,
        *,
        weights: str = "",
        resize: Literal["tf_legacy", "pil_bicubic", "aa"] = "tf_legacy",
        sizes: Annotated[int, "[2, inf)"] = 15,
        seed: int = 0,
        least: Annotated[int, "[2, inf)"] | None = None,
        bootstrap: Annotated[int, "[0, inf)"] = 20,
    ) -> None:
        self.features = create("features", "inception_v3_fid", {"weights": weights, "resize": resize})
        self.sizes, self.seed = sizes, seed
        self.least = least
        self.bootstrap = bootstrap
