"""Blind image spatial quality evaluator: no reference."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from errors import UserError
from metrics.base import Metric
from metrics.networks.weights import package_file, read_numbers, sha
from metrics.per_image.scene_statistics import contrast_normalized, fit, halved, scales
from registry import register

GREY = np.array([0.2125, 0.7154, 0.0721])  # BT.709 luma, as the package that trained the model takes it
# The cubic kernel with a = -3/4 half-way between pixels, borders replicated.
_halved = functools.partial(halved, kernel=np.array([-3, 19, 19, -3]) / 32, pad=(1, 3), border="edge")


class SupportVectorRegression(NamedTuple):
    """A support vector regression with a Gaussian kernel, and the ranges of the features that go in."""

    vectors: np.ndarray  # (770, 36)
    weights: np.ndarray  # (770,)
    gamma: float
    rho: float
    low: np.ndarray  # (36,)
    high: np.ndarray  # (36,)


@register("metrics", "brisque")
class Brisque(Metric):
    """Mittal, Moorthy and Bovik, IEEE TIP 21(12), 2012: a regression from statistics of a scene to people's opinion::

        sum_i w_i exp(-gamma |f - v_i|^2) - rho

    f are 36 features, scaled to [-1, 1]: shape and variance of the contrast-normalised luma, then shape, mean and both
    variances of its products with four neighbours, at full and at half size. About 0 (good) to 100 (bad).

    Model, ranges and the way to the features (BT.709 luma in [0, 1], black borders, cubic halving without antialiasing)
    are those of the package brisque 0.2.0, whose figures these equal to 0.1 where nothing is flat. Flat areas are 0 up
    to rounding, which the package counts as below or above 0 as it falls; here they are 0 and count as not below. On
    80 JPEG files of quality 5 to 80 (256 x 256 pixels of each of `dataset=photos`) the package's way with such zeros
    gives the same to 0.15; as it is, its figures differ by 0.5 (median) and at most 6.3 from these, and by at most 4.6
    from its own when it reads the luma in single precision. None of this is the MATLAB
    release: on five pictures of TID2013 whose figures by the release are published (-0.1 to 94.6) these lie 0.2
    below to 14 above, in the same order but for two that are nearly equal. Compare them among themselves only. NaN for
    a picture without texture.
    """

    version = 2
    needs = ()
    higher_is_better = False
    unit = ""
    name = "brisque"
    smallest = 16  # so that half the size still fills the window

    @property
    def settings(self) -> str:
        """The luma, the borders, the resizing and the hashes of model and ranges."""
        files = ",".join(sha(_file(name)) for name in ("svm.txt", "normalize.pickle"))
        return f"channel=bt709;border=black;half=cubic;model=brisque0.2.0,{files}"

    def score(self, image: np.ndarray, clean: np.ndarray | None = None, mask: np.ndarray | None = None) -> float:
        """The figure of one image; `UserError` below 16 x 16 pixels."""
        x = np.broadcast_to(image, (*image.shape[:2], 3)) / 255 @ GREY
        model = _model()
        features = np.array([*_features(x), *_features(_halved(x))])
        scaled = -1 + 2 * (features - model.low) / (model.high - model.low)
        kernel = np.exp(-model.gamma * np.square(model.vectors - scaled).sum(1))
        return float(model.weights @ kernel - model.rho)


def _features(x: np.ndarray) -> list[float]:
    """The 18 features at one size."""
    values = contrast_normalized(x, 1 / 255, "constant")
    shape, left, right = fit(values, "right")
    features = [shape, (left**2 + right**2) / 2]
    for product in (
        values[:, :-1] * values[:, 1:],
        values[:-1] * values[1:],
        values[:-1, :-1] * values[1:, 1:],
        values[1:, :-1] * values[:-1, 1:],
    ):
        shape, left, right = fit(product, "right")
        width, mean = scales(shape)
        features += [shape, width * (right - left) * mean, left**2, right**2]
    return features


def _file(name: str) -> Path:
    return package_file("brisque", "brisque==0.2.0", "models", name, who="metrics=brisque")


@functools.lru_cache(maxsize=1)
def _model() -> SupportVectorRegression:
    from sklearn.datasets import load_svmlight_file

    ranges = read_numbers(_file("normalize.pickle"))
    low, high = (np.array(ranges[name]) for name in ("min_", "max_"))
    head, _, body = _file("svm.txt").read_text(encoding="ascii").partition("SV\n")
    facts = dict(line.split(maxsplit=1) for line in head.splitlines())
    if (facts["svm_type"], facts["kernel_type"]) != ("epsilon_svr", "rbf"):
        raise UserError(f"{_file('svm.txt')} is not the model of brisque 0.2.0: install it again")
    vectors, weights = load_svmlight_file(io.BytesIO(body.encode()), n_features=len(low), zero_based=False)
    gamma, rho = float(facts["gamma"]), float(facts["rho"])
    return SupportVectorRegression(vectors.toarray(), weights, gamma, rho, low, high)
