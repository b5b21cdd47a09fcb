"""BRISQUE: the model read from its text, the regression against scikit-learn's kernel, and the package itself."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.optimize import brentq
from scipy.signal import convolve2d
from scipy.special import gamma

from datasets.sources.photos import decode
from errors import UserError
from metrics.per_image import brisque
from metrics.per_image.brisque import Brisque
from metrics.per_image.scene_statistics import contrast_normalized

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


def jpeg(name: str, quality: int) -> np.ndarray:
    """A photograph as its codec leaves it: flat blocks among textured ones."""
    memory = io.BytesIO()
    Image.fromarray(decode(name, 1)[:256, :256]).save(memory, "JPEG", quality=quality)
    return np.asarray(Image.open(memory))


def reference(image: np.ndarray) -> float:
    """The package's way with other tools: two-dimensional windows, a root instead of a grid, flat pixels set to 0."""
    import torch
    from skimage.color import rgb2gray

    x = rgb2gray(image)
    half = torch.nn.functional.interpolate(
        torch.from_numpy(x)[None, None], scale_factor=0.5, mode="bicubic", align_corners=False
    )
    features = np.array([*of_one_size(x), *of_one_size(half[0, 0].numpy())])
    model = brisque._model()
    scaled = -1 + 2 * (features - model.low) / (model.high - model.low)
    return float(model.weights @ np.exp(-model.gamma * ((model.vectors - scaled) ** 2).sum(1)) - model.rho)


def of_one_size(x: np.ndarray) -> list[float]:
    window = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
    window = np.outer(window, window) / window.sum() ** 2
    mean, square = (convolve2d(values, window, "same") for values in (x, x**2))
    v = (x - mean) / (np.sqrt(np.abs(mean**2 - square)) + 1 / 255)
    v[np.abs(v) < 1e-10] = 0
    shape, left, right, _ = moments(v)
    features = [shape, (left + right) / 2]
    for product in (v[:, :-1] * v[:, 1:], v[:-1] * v[1:], v[:-1, :-1] * v[1:, 1:], v[1:, :-1] * v[:-1, 1:]):
        shape, left, right, mean = moments(product)
        features += [shape, mean, left, right]
    return features


def moments(x: np.ndarray) -> tuple[float, float, float, float]:
    """Shape, the mean squares of x < 0 and x >= 0, and the mean of the fitted law."""
    left, right = (x[x < 0] ** 2).mean(), (x[x >= 0] ** 2).mean()
    g = np.sqrt(left / right)
    sought = np.abs(x).mean() ** 2 / (x**2).mean() * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    shape = brentq(lambda a: gamma(2 / a) ** 2 / gamma(1 / a) / gamma(3 / a) - sought, 0.1, 20)
    mean = (np.sqrt(right) - np.sqrt(left)) * gamma(2 / shape) / np.sqrt(gamma(1 / shape) * gamma(3 / shape))
    return shape, left, right, mean


@pytest.mark.parametrize(
    "name,quality,flat", [("coffee", 5, 0.2), ("china", 40, 0.1), ("rocket", 20, 0.3), ("fig", 5, 0.5), ("bee", 95, 0)]
)
def test_flat_areas_count_as_where_x_is_not_negative(name, quality, flat):
    image = jpeg(name, quality)
    values = contrast_normalized(image / 255 @ brisque.GREY, 1 / 255, "constant")
    assert (np.abs(values) < 1e-10).mean() >= flat
    assert Brisque().score(image) == pytest.approx(reference(image), abs=0.25)


def test_a_figure_does_not_hang_on_rounding():
    """Flat areas are 0, whatever single precision makes of them."""
    image = jpeg("fig", 5)
    model, figures = brisque._model(), []
    for kind in (np.float64, np.float32):
        x = (image / 255 @ brisque.GREY).astype(kind).astype(np.float64)
        features = np.array([*brisque._features(x), *brisque._features(brisque._halved(x))])
        scaled = -1 + 2 * (features - model.low) / (model.high - model.low)
        figures.append(model.weights @ np.exp(-model.gamma * ((model.vectors - scaled) ** 2).sum(1)))
    assert figures[0] == pytest.approx(figures[1], abs=0.01)


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
    x = photo()[..., 0] / 255
    values = contrast_normalized(x, 1 / 255, "constant")
    features = brisque._features(x)
    right = values[:, :-1] * values[:, 1:]
    assert features[4] == pytest.approx((right[right < 0] ** 2).mean(), abs=1e-12)
    assert features[5] == pytest.approx((right[right > -1e-10] ** 2).mean(), abs=1e-12)
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
