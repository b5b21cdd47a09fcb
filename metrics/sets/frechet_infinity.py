"""Frechet distance at infinitely many samples."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import numpy as np

from errors import UserError
from metrics.sets.base import Draws, feature_network
from metrics.sets.frechet import FrechetBase, frechet_distance, gaussian
from registry import create, register

_Side = TypeVar("_Side")  # the rows of a set, or their number
SCRAMBLE = 2.0**20  # leaves digits of a projection that look random, far above those that rounding touches


def intercept(counts: np.ndarray, figures: np.ndarray) -> float:
    """Where the least-squares line of the figures over 1 / n meets 0: Chong and Forsyth, CVPR 2020, section 3."""
    design = np.stack([np.ones(len(counts)), 1 / counts], axis=1)
    return float(np.linalg.lstsq(design, figures, rcond=None)[0][0])


class Extrapolated(FrechetBase):
    """The intercept of the distance over 1 / n, at ``sizes`` subsets of ``least`` to all rows.

    The bias of the distance is c / n with a c that depends on the method: of finite sets the wrong one can win.
    ``subsets``: whether "both" sets are thinned out, or the samples alone ("made").
    """

    first_order = np.inf
    subsets: str
    sizes: int
    seed: int

    @property
    def protocol(self) -> str:
        """What `FrechetBase` says, and the fit: which sets are thinned out, sizes, smallest size and seed."""
        smallest = "max(d+1,n/10)" if self.least is None else self.least
        fit = f"subsets={self.subsets};sizes={self.sizes};smallest={smallest};seed={self.seed}"
        return f"{self.name};{self.features.protocol};fit=1/n;{fit};{self.settings};v{self.version}"

    def refuse_sizes(self, samples: int, references: int) -> None:
        """Refuse what is less than twice the smallest subset."""
        most = min(self._thinned(samples, references))
        least = self._smallest(most)
        if most < 2 * least:
            raise UserError(
                f"metrics={self.name} of {most} pictures needs {2 * least}, twice its smallest subset: take "
                f"metrics=kernel, more images, or smaller subsets with metrics.{self.name}.least={most // 4}"
            )

    def figures(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The extrapolated distance for each resampling; noise can bring it below 0. Each costs ``sizes`` distances."""
        return np.array([self._intercept(samples[ours], references[theirs]) for ours, theirs in draws])

    def _intercept(self, samples: np.ndarray, references: np.ndarray) -> float:
        """Rows are put into an order of their own first, by far digits of a projection.

        So neither the order that they came in nor a sorted one, which a seed's subsets would favour in the same way
        each time, decides the subsets. Sizes go evenly from the smallest to all rows; of few resampled ones, from half.
        """
        rng = np.random.Generator(np.random.PCG64(self.seed))
        direction = rng.normal(size=samples.shape[1])
        samples, references = (rows[np.argsort(rows @ direction * SCRAMBLE % 1)] for rows in (samples, references))
        thinned = self._thinned(samples, references)
        whole = () if len(thinned) == 2 else (gaussian(references),)
        most = min(len(rows) for rows in thinned)
        counts = np.linspace(min(self._smallest(most), most // 2), most, self.sizes).round().astype(int)
        figures = [
            frechet_distance(*(gaussian(rng.choice(rows, count, replace=False)) for rows in thinned), *whole)
            for count in counts
        ]
        return intercept(counts, np.array(figures))

    def _thinned(self, samples: _Side, references: _Side) -> list[_Side]:
        return {"both": [samples, references], "made": [samples]}[self.subsets]

    def _smallest(self, most: int) -> int:
        return max(self.needed, most // 10) if self.least is None else self.least


@register("metrics", "frechet_infinity")
class FrechetInfinity(Extrapolated):
    """The Frechet distance over any network, extrapolated to n = infinity: both sets are thinned out together.

    So the references' share of the bias goes too. Not called FID-infinity: that is `fid_infinity`.
    """

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
        self.features, self.bootstrap = feature_network(features, weights), bootstrap
        self.subsets, self.sizes, self.seed, self.least = subsets, sizes, seed, least


@register("metrics", "fid_infinity")
class FidInfinity(Extrapolated):
    """FID extrapolated to n = infinity, as Chong and Forsyth have it: subsets of the samples against all references.

    Over the published Inception weights alone, in the file that ``weights`` names; with a seed for the subsets.
    """

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
        self.sizes, self.seed, self.least, self.bootstrap = sizes, seed, least, bootstrap
