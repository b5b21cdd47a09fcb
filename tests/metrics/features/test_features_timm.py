"""timm beside a torch without CUDA, weights by position, and DINOv2 from a named file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from errors import UserError
from metrics.networks import timm_models
from metrics.networks.timm_models import lite0_file, timm_or_refuse
from metrics.networks.weights import named_file, read_named, read_state_dict
from metrics.sets.frechet import FdDinov2
from registry import create

ROOT = Path(__file__).parents[3]


@pytest.fixture
def timm_there() -> None:
    try:
        timm_or_refuse("this test")
    except UserError as missing:
        pytest.skip(str(missing))


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_timm_imports_beside_any_torch_and_torchs_own_operators_still_work(timm_there: None) -> None:
    run(
        "from metrics.networks.timm_models import import_timm\n"
        "timm = import_timm('this test'); assert import_timm('again') is timm\n"
        "import torch, torchvision\n"
        "x = torch.ones(1, 1, 4, 4)\n"
        "assert torch.nn.functional.conv2d(x, torch.ones(1, 1, 3, 3)).eq(9).all()\n"
        "assert torch.ops.aten.add(x, x).eq(2).all() and torch.compiler is not None\n"
        "assert torchvision.transforms.functional.hflip(x).shape == x.shape\n"
        "assert timm.create_model('resnet18', pretrained=False).eval()(torch.ones(1, 3, 32, 32)).shape == (1, 1000)\n"
    )


def test_weights_go_by_position_only_where_every_name_and_shape_fits(
    timm_there: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        given = read_state_dict(lite0_file("this test"))
    except UserError as missing:
        pytest.skip(str(missing))
    network = timm_models.efficientnet_lite0("this test")
    assert len(given) == len(network.state_dict()) == 296 and not network.training
    pairs = zip(given.values(), network.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    swapped = dict([*list(given.items())[:1], *reversed(list(given.items())[1:3]), *list(given.items())[3:]])
    for wrong in (dict(list(given.items())[:-1]), swapped):
        monkeypatch.setattr(timm_models, "read_state_dict", lambda path, wrong=wrong: wrong)
        with pytest.raises(UserError, match=r"do not fit this version of timm; pip install timm==") as caught:
            timm_models.efficientnet_lite0.__wrapped__("this test")
        assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def dinov2_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the layout of timm's file: for 518 pixels."""
    try:
        timm = timm_models.import_timm("this test")
    except UserError as missing:
        pytest.skip(str(missing))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = timm.create_model("vit_small_patch14_dinov2", pretrained=False, num_classes=0)
        torch.nn.init.normal_(network.pos_embed, std=0.5)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(network.state_dict(), path)
    return path


def test_dinov2_reads_timms_file_and_keeps_the_contract_of_features(dinov2_file: Path) -> None:
    features = create("features", "dinov2_small", {"weights": str(dinov2_file)})
    images = np.random.default_rng(0).integers(0, 256, (2, 20, 30, 3), dtype=np.uint8)
    rows = features.extract(images)
    assert rows.shape == (2, 384) and np.isfinite(rows).all()
    np.testing.assert_array_equal(features.extract(images[::-1])[::-1], rows)
    np.testing.assert_allclose(rows.mean(1), 0, rtol=0, atol=1e-5)  # what follows the last norm, of weight 1 and bias 0
    assert (
        features.protocol.startswith("dinov2_small;weights=")
        and "d=384;resize=pil_bicubic,8bit,224" in features.protocol
    )


def test_dinov2_of_another_size_is_refused(dinov2_file: Path) -> None:
    metric = FdDinov2(weights=str(dinov2_file))
    assert metric.needed == 1025 and metric.protocol.startswith("fd_dinov2;dinov2;weights=")
    with pytest.raises(UserError, match=r"is not timm's vit_base_patch14_dinov2 \(") as caught:
        timm_models.dinov2("vit_base_patch14_dinov2", dinov2_file, 224, "features=dinov2")
    assert "\n" not in str(caught.value)


def test_fd_dinov2_without_its_file_says_which_in_one_line() -> None:
    for path in ("", "/nowhere/model.safetensors"):
        with pytest.raises(UserError, match=r"features=dinov2 needs .*vit_large_patch14_dinov2\.lvd142m") as caught:
            _ = FdDinov2(weights=path).protocol
        assert "\n" not in str(caught.value) and path in str(caught.value)


def test_named_files_hold_tensors_or_are_refused(tmp_path: Path) -> None:
    good, pth, bad = (tmp_path / name for name in ("a.safetensors", "a.pth", "bad.safetensors"))
    tensors = {"x": torch.arange(3.0)}
    save_file(tensors, good)
    torch.save(tensors, pth)
    bad.write_bytes(b"no weights")
    assert torch.equal(read_named(good)["x"], tensors["x"]) and torch.equal(read_named(pth)["x"], tensors["x"])
    with pytest.raises(UserError, match="not a whole safetensors file") as caught:
        read_named(bad)
    assert "\n" not in str(caught.value)
    assert named_file(str(good), "metrics=fid", "that one") == good.resolve()
    with pytest.raises(UserError, match=r"metrics=fid needs its weights as a file, and there is no .*none: that one"):
        named_file(str(tmp_path / "none"), "metrics=fid", "that one")
