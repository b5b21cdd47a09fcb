"""Inception score, and the same figure over another classifier."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from metrics.sets.base import Draws, SetMetric, checked_rows, multiplicities
from registry import create, register


def scores(logits: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """exp(mean_x KL(p(y|x) || p(y))) for each row of weights (B, N), (B,): 1 to the number of classes.

    Salimans et al., NeurIPS 2016, section 4; p(y) is the mean over the weighted rows.
    """
    from scipy.special import log_softmax, xlogy

    logs = log_softmax(logits, axis=1)
    probabilities = np.exp(logs)
    shares = weights / weights.sum(axis=1, keepdims=True)
    marginal = shares @ probabilities
    return np.asarray(np.exp(shares @ (probabilities * logs).sum(axis=1) - xlogy(marginal, marginal).sum(axis=1)))


class ScoreOfLogits(SetMetric):
    """What the scores over one classifier or another share, of one split; references take no part in them."""

    higher_is_better = True
    settings = "splits=1;float64"

    def figures(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The score for each resampling of the samples."""
        return scores(samples, multiplicities(draws, (len(samples), len(references)))[0])

    def replicates(self, samples: np.ndarray, references: np.ndarray, draws: Draws) -> np.ndarray:
        """The scores as they are."""
        return self.figures(*checked_rows(samples, references), draws)


@register("metrics", "classifier_score")
class ClassifierScore(ScoreOfLogits):
    """exp(mean KL(p(y|x) || p(y))) over the 1000 ImageNet classes of EfficientNet-lite0.

    Not the Inception score: another network has another score for the same pictures.
    """

    name = "classifier_score"

    def __init__(self, *, bootstrap: Annotated[int, "[0, inf)"] = 200) -> None:
        self.features, self.bootstrap = create("features", "effnet_lite0_logits", {}), bootstrap


@register("metrics", "inception_score")
class InceptionScore(ScoreOfLogits):
    """The Inception score, over the 1008 outputs of FID's Inception without their bias, as its authors' code has it.

    Of all pictures at once: the papers' mean over 10 splits of 5,000 is lower, since each split knows p(y) less well.
    ``weights`` is the file named in `metrics.features.inception_v3`.
    """

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
