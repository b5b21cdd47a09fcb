"""The classifier scores: closed forms, torchmetrics' formula, resampling, and who may be called Inception score."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from errors import UserError
from metrics.sets.classifier_score import ClassifierScore, InceptionScore

METRIC = ClassifierScore()


def logits_of(count: int, classes: int, seed: int, scale: float = 3.0) -> np.ndarray:
    return scale * np.random.default_rng(seed).normal(size=(count, classes))


def test_it_is_the_mean_divergence_by_scipy() -> None:
    logits = logits_of(40, 12, 0)
    p = softmax(logits, axis=1)
    expected = np.exp(np.mean([entropy(row, p.mean(0)) for row in p]))
    assert METRIC.value(logits, logits) == pytest.approx(expected, rel=1e-12)


def test_it_is_torchmetrics_with_one_split() -> None:
    torch = pytest.importorskip("torch", reason="torchmetrics' score")
    peer = pytest.importorskip("torchmetrics.image.inception", reason="torchmetrics' score").InceptionScore

    class Given(torch.nn.Module):
        def forward(self, x):
            return x

    logits = logits_of(30, 7, 1)
    score = peer(feature=Given(), splits=1)
    score.update(torch.from_numpy(logits))
    assert METRIC.value(logits, logits) == pytest.approx(float(score.compute()[0]), rel=1e-6)


@pytest.mark.parametrize("classes", [2, 10])
def test_sure_and_even_scores_the_number_of_classes(classes: int) -> None:
    sure = np.tile(1e4 * np.eye(classes), (5, 1))
    assert METRIC.value(sure, sure) == pytest.approx(classes, rel=1e-12)
    assert METRIC.value(np.zeros((6, classes)), sure) == pytest.approx(1, rel=1e-12)
    assert METRIC.value(np.repeat(sure[:1], 6, axis=0), sure) == pytest.approx(1, rel=1e-12)


def test_real_pictures_take_no_part_and_order_no_more() -> None:
    made = logits_of(25, 6, 0)
    figure = METRIC.value(made, logits_of(9, 6, 1))
    assert METRIC.value(made, logits_of(30, 6, 2)) == figure
    assert METRIC.value(made[::-1] + 5, made) == pytest.approx(figure, rel=1e-12)


def test_replicates_are_those_of_the_resampled_rows() -> None:
    made, rng = logits_of(25, 6, 0), np.random.default_rng(0)
    rows = [(rng.integers(0, 25, 25), rng.integers(0, 4, 4)) for _ in range(9)]
    naive = [METRIC.value(made[ours], made) for ours, _ in rows]
    np.testing.assert_allclose(METRIC.replicates(made, made[:4], iter(rows)), naive, rtol=1e-12, atol=0)


def test_the_inception_score_needs_the_published_weights() -> None:
    with pytest.raises(UserError, match=r"pt_inception-2015-12-05-6726825d\.pth") as caught:
        _ = InceptionScore().protocol
    assert "\n" not in str(caught.value) and METRIC.protocol.startswith("classifier_score;effnet_lite0_logits;")
