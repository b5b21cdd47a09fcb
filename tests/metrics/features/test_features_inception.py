"""FID's Inception-v3: its size, its layers against torch-fidelity's, its resizings, and what may be called FID."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from errors import UserError
from metrics.features import inception_v3 as features
from metrics.networks.inception_v3 import average, inception_v3, load, maximum
from metrics.sets.frechet import Fid
from registry import create


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Random weights and statistics, so that every tensor of the file and the picture matter."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = inception_v3("this test")
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)  # torch's own start lets the picture fade on its way
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 2)
                layer.bias.data.normal_(0, 0.1)
    return network


@pytest.fixture(scope="module")
def files(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same weights as safetensors, and as the published file has them: a pickle of tensors without counters."""
    folder = tmp_path_factory.mktemp("inception")
    state = network.state_dict()
    save_file(state, folder / "inception.safetensors")
    bare = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    torch.save(bare, folder / features.FILE)
    return [folder / "inception.safetensors", folder / features.FILE]


def pictures() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def test_the_network_has_the_published_layout(network: nn.Module) -> None:
    state = network.state_dict()
    assert sum(value.numel() for value in network.parameters()) == 23_850_960
    assert len([name for name in state if name.endswith("conv.weight")]) == 94
    shapes = {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Mixed_5b.branch_pool.conv.weight": (32, 192, 1, 1),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6b.branch7x7dbl_2.conv.weight": (128, 128, 7, 1),
        "Mixed_6e.branch7x7_3.bn.running_var": (192,),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7c.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
        "fc.weight": (1008, 2048),
        "fc.bias": (1008,),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes
    assert network.Conv2d_1a_3x3.bn.eps == 0.001 and network.Conv2d_1a_3x3.conv.bias is None


def test_every_stage_has_its_shape(network: nn.Module) -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    hooks = [
        block.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
        for name, block in network.named_children()
    ]
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 299, 299)).shape == (1, 1008)
    for hook in hooks:
        hook.remove()
    assert shapes["Conv2d_1a_3x3"] == (32, 149, 149) and shapes["Conv2d_4a_3x3"] == (192, 71, 71)
    sizes = {"5b": (256, 35), "5c": (288, 35), "5d": (288, 35), "6a": (768, 17), "6e": (768, 17), "7a": (1280, 8)}
    for block, (channels, side) in {**sizes, "7b": (2048, 8), "7c": (2048, 8)}.items():
        assert shapes[f"Mixed_{block}"] == (channels, side, side)


def test_pooling_is_that_of_the_graph(network: nn.Module) -> None:
    """What torchvision's Inception does otherwise: the border's mean, and the last block's maximum."""
    assert average(torch.ones(1, 1, 4, 4)).eq(1).all()
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert average(x)[0, 0, 0, 0] == (0 + 1 + 4 + 5) / 4 and maximum(x)[0, 0, 0, 0] == 5
    blocks = {name: block for name, block in network.named_children() if hasattr(block, "branch_pool")}
    assert list(blocks) == [f"Mixed_{name}" for name in ("5b", "5c", "5d", "6b", "6c", "6d", "6e", "7b", "7c")]
    for name, block in blocks.items():
        channels = block.branch_pool.conv.in_channels
        x = torch.rand(1, channels, 8, 8, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            pooled, out = block.branch_pool((maximum if name == "Mixed_7c" else average)(x)), block(x)
            torch.testing.assert_close(out[:, -pooled.shape[1] :], pooled, rtol=0, atol=0)
            counted = block.branch_pool(nn.functional.avg_pool2d(x, 3, 1, 1))
        assert (out[:, -pooled.shape[1] :] - counted).abs().max() > 1e-3, "torchvision counts the border's zeros"


def test_it_is_torch_fidelitys_network(files: list[Path]) -> None:
    """Bit for bit with the same random weights, resizing included."""
    from metrics.networks.timm_models import import_timm

    try:
        import_timm("this test")  # torch-fidelity imports torchvision too
    except UserError as missing:
        pytest.skip(str(missing))
    peer = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3", reason="pip install torch-fidelity")
    counted = files[0].with_name("counted.pth")
    torch.save(load_file(files[0]), counted)
    theirs = peer.FeatureExtractorInceptionV3("x", ["2048", "logits_unbiased"], str(counted))
    images = pictures()
    with torch.inference_mode():
        rows, logits = theirs(torch.from_numpy(images).permute(0, 3, 1, 2))
    ours = create("features", "inception_v3", {"weights": str(files[0])})
    np.testing.assert_allclose(ours.extract(images), rows.numpy(), rtol=0, atol=1e-5)
    both = (rows @ load(files[0], "this test")[1].T).detach().numpy()
    np.testing.assert_allclose(both, logits.numpy(), rtol=0, atol=1e-5)


def test_both_kinds_of_file_give_the_same_features_whatever_the_batch(files: list[Path]) -> None:
    images = pictures()
    made = [create("features", "inception_v3", {"weights": str(path)}) for path in files]
    rows = made[0].extract(images)
    np.testing.assert_array_equal(rows, made[1].extract(images))
    np.testing.assert_array_equal(made[0].extract(images[1:]), rows[1:])
    assert rows.shape == (2, 2048) and np.abs(rows[0] - rows[1]).max() > 1e-3
    stamp = hashlib.sha256(files[0].read_bytes()).hexdigest()[:12]
    assert made[0].protocol == f"inception_v3;weights={stamp};layer=pool3;d=2048;resize=tf_legacy,299;v1"


@pytest.mark.parametrize("side", [1, 32, 299, 450])
def test_tensorflows_resize_is_its_formula(side: int) -> None:
    """Pixel i at i * in / out, between floor and the next: against loops in float64."""
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    ours = features.tf_legacy(image)[0].permute(1, 2, 0).numpy()
    for i, j in ((0, 0), (0, 298), (150, 7), (298, 298)):
        y, x = i * side / 299, j * side / 299
        top, left = int(y), int(x)
        rows, columns = [top, min(top + 1, side - 1)], [left, min(left + 1, side - 1)]
        corner = image[np.ix_(rows, columns)].astype(float)
        across = corner[:, 0] + (corner[:, 1] - corner[:, 0]) * (x - left)
        assert np.abs(ours[i, j] - (across[0] + (across[1] - across[0]) * (y - top))).max() < 1e-2
    if side == 299:
        np.testing.assert_array_equal(ours, image)


def test_the_three_resizings_differ_and_are_named() -> None:
    image = np.random.default_rng(0).integers(0, 256, (400, 360, 3), dtype=np.uint8)
    results = {name: resize(image) for name, resize in features.RESIZE.items()}
    for name, result in results.items():
        assert result.shape == (1, 3, 299, 299) and result.dtype == torch.float32
        assert f"resize={name}" in create("features", "inception_v3", {"resize": name}).resizing
    assert (results["tf_legacy"] - results["aa"]).abs().mean() > 5, "it aliases"
    assert (results["pil_bicubic"] - results["aa"]).abs().mean() > 1
    assert (results["pil_bicubic"] % 1 != 0).any(), "unrounded, as clean-fid has it"


@pytest.mark.parametrize("loss", ["missing", "more", "shape"])
def test_a_file_of_another_network_is_refused(network: nn.Module, loss: str, tmp_path: Path) -> None:
    state = {name: value for name, value in network.state_dict().items() if "Mixed" not in name or "7c" in name}
    state |= {name: value for name, value in network.state_dict().items() if "Mixed" in name}
    if loss == "missing":
        del state["fc.bias"]
    elif loss == "more":
        state["AuxLogits.fc.weight"] = torch.zeros(3)
    else:
        state["fc.weight"] = torch.zeros(1000, 2048)
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match=r"is not FID's Inception-v3 \(first difference: (fc|AuxLogits)") as caught:
        load(tmp_path / "other.safetensors", "metrics=fid")
    assert "\n" not in str(caught.value)


def test_only_the_published_weights_are_called_fid(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for path in files:
        metric = Fid(weights=str(path))
        with pytest.raises(
            UserError, match=r"SHA-256 6726825d0af5.*no figure over it is FID.*metrics=frechet"
        ) as caught:
            _ = metric.protocol
        assert "\n" not in str(caught.value)
        with pytest.raises(UserError, match="no figure over it is FID"):
            metric.features.extract(pictures())
        general = create("metrics", "frechet", {"features": "inception_v3", "weights": str(path)})
        assert general.protocol.startswith("frechet;inception_v3;") and "fid" not in general.protocol
    monkeypatch.setattr(features, "PUBLISHED", hashlib.sha256(files[1].read_bytes()).hexdigest()[:12])
    metric = Fid(weights=str(files[1]), resize="aa")
    assert metric.protocol.startswith("fid;inception_v3_fid;weights=") and "resize=aa,299" in metric.protocol
    assert metric.needed == 2049 and metric.features.extract(pictures()).shape == (2, 2048)
    logits = create("features", "inception_v3_logits", {"weights": str(files[1])})
    assert logits.extract(pictures()).shape == (2, 1008)


@pytest.mark.parametrize("metric", ["fid", "fid_infinity", "inception_score"])
def test_without_the_file_one_line_says_which_and_where_from(metric: str) -> None:
    for path in ("", "/nowhere/inception.pth"):
        with pytest.raises(UserError, match=r"pt_inception-2015-12-05-6726825d\.pth from the releases of") as caught:
            _ = create("metrics", metric, {"weights": path}).protocol
        assert "\n" not in str(caught.value) and "weights=PATH" in str(caught.value)
