"""Inception score, and the same figure over another classifier."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from metrics.base import SetMetric
from metrics.sets.base import Rows, checked, multiplicities
from registry import create, register


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """log p, (N, classes), float64."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def scores(logits: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """exp(mean_x KL(p(y|x) || p(y))) for each row of weights (B, N), (B,): 1 to the number of classes.

    Salimans et al., NeurIPS 2016, section 4; p(y) is the mean over the weighted rows.
    """
    logs = log_softmax(logits)
    probabilities = np.exp(logs)
    shares = weights / weights.sum(axis=1, keepdims=True)
    marginal = shares @ probabilities
    gain = shares @ (probabilities * logs).sum(axis=1)
    return np.asarray(np.exp(gain - (marginal * np.log(np.maximum(marginal, np.finfo(float).tiny))).sum(axis=1)))


class _Score(SetMetric):
    """What the scores over one classifier or another share; real pictures take no part in them."""

    name: str

    @property
    def protocol(self) -> str:
        """Classifier, weights, resizing and classes; one split."""
        return f"{self.name};{self.features.protocol};splits=1;float64;v{self.version}"

    def value(self, made: np.ndarray, real: np.ndarray) -> float:
        """The score of the made pictures."""
        made, _ = checked(made, real)
        return float(scores(made, np.ones((1, len(made))))[0])

    def replicates(self, made: np.ndarray, real: np.ndarray, rows: Rows) -> np.ndarray:
        """The score for each resampling of the made pictures."""
        made, real = checked(made, real)
        ours, _ = multiplicities(rows, (len(made), len(real)))
        return scores(made, ours)


@register("metrics", "classifier_score")
class ClassifierScore(_Score):
    """exp(mean KL(p(y|x) || p(y))) over the 1000 ImageNet classes of EfficientNet-lite0.

    Not the Inception score: another network has another score for the same pictures.
    """

    version = 1
    higher_is_better = True
    unit = ""
    name = "classifier_score"

    def __init__(self, *, bootstrap: Annotated[int, "[0, inf)"] = 200) -> None:
        self.features = create("features", "effnet_lite0_logits", {})
        self.bootstrap = bootstrap


@register("metrics", "inception_score")
class InceptionScore(_Score):
    """The Inception score, over the 1008 outputs of FID's Inception without their bias, as its authors' code has it.

    Of all pictures at once: the papers' mean over 10 splits of 5,000 is lower, since each split knows p(y) less well.
    ``weights`` is the file named in `metrics.features.inception_v3`.
    """

    version = 1
    higher_is_better = True
    unit = ""
    name = "inception_score"

    def __init__(
        self,
        *,
        weights: str = "",
        resize: Literal["tf_legacy", "pil_bicubic", "aa"] = "tf_legacy",
        bootstrap: Annotated[int, "[0, inf)"] = 200,
    ) -> None:
        self.features = create("features", "inception_v3_logits", {"weights": weights, "resize": resize})
        self.bootstrap = bootstrap
