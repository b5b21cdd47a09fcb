"""pyiqa's metrics: what is asked of it, with a stand-in; what is missing is told in one line and never fetched."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import sys
import types

import numpy as np
import pytest
import torch

from errors import UserError
from metrics.per_image import iqa
from registry import catalog, create

pytest.importorskip("timm", reason="pyiqa's networks need timm", exc_type=ImportError)
NAMES = [name for name, component in catalog()["metrics"].items() if component.module == "metrics.per_image.iqa"]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """torch's hub folder with a file of tensors for each metric, and a pyiqa that answers the mean of the picture."""
    import timm

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    program = b"a TorchScript archive"
    for name in NAMES:
        for file in create("metrics", name, {}).weights:
            path = tmp_path / "hub" / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if file.sha256:
                path.write_bytes(program)
            else:
                torch.save({"params": {"w": torch.tensor([float(len(file.path))])}}, path)
    asked = []

    def create_metric(model: str, device: str) -> object:
        asked.append((model, device, timm.create_model("test_resnet", pretrained=True) is not None))
        return lambda x: x.mean().reshape(1, 1)

    fake = types.ModuleType("pyiqa")
    fake.create_metric = create_metric
    fake.__spec__ = importlib.util.spec_from_loader("pyiqa", None)
    monkeypatch.setitem(sys.modules, "pyiqa", fake)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1.16")
    check = iqa.check_tensors
    monkeypatch.setattr(iqa, "check_tensors", lambda path, sha256: sha256 or check(path))
    iqa._network.cache_clear()
    yield types.SimpleNamespace(folder=tmp_path / "hub", asked=asked)
    iqa._network.cache_clear()


def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_it_hands_pyiqa_the_picture_in_0_to_1(hub, name):
    metric, pictures = create("metrics", name, {}), images()
    found = metric(pictures, np.zeros_like(pictures))
    np.testing.assert_allclose(found, pictures.mean((1, 2, 3)) / 255, rtol=0, atol=1e-6)
    assert hub.asked == [(metric.name, "cpu", True)]  # one network for all pictures


def test_the_variant_is_in_the_name_and_in_the_stamp(hub):
    """Trap "MANIQA weights": KonIQ's and PIPAL's are two columns."""
    stamps = {name: create("metrics", name, {}).protocol for name in NAMES}
    assert len(set(stamps.values())) == len(NAMES)
    assert stamps["maniqa_pipal"].startswith("maniqa-pipal;") and "pyiqa=0.1.16" in stamps["maniqa_pipal"]
    weights = hashlib.sha256((hub.folder / "pyiqa/MANIQA_PIPAL-ae6d356b.pth").read_bytes()).hexdigest()[:12]
    assert f"weights={weights};" in stamps["maniqa_pipal"]


def test_nothing_is_a_default_of_the_harness():
    from harness.config.commandline import read

    assert not set(NAMES) & set(read([]).points[0].values["metrics"])


@pytest.mark.parametrize("name", NAMES)
def test_without_pyiqa_one_line_names_the_extra(name, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    metric = create("metrics", name, {})
    for ask in (lambda: metric.protocol, lambda: metric(images(), images())):
        iqa._network.cache_clear()
        with pytest.raises(UserError, match=r"the extra iqa \(non-commercial licence\): pip install pyiqa$"):
            ask()


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named_and_not_fetched(hub, name):
    metric = create("metrics", name, {})
    path = hub.folder / metric.weights[-1].path
    path.unlink()
    for ask in (lambda: metric.protocol, lambda: metric(images(), images())):
        with pytest.raises(UserError) as caught:
            ask()
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert hub.asked == [] and not path.exists()


def test_a_file_that_would_run_is_refused_before_pyiqa_sees_it(hub):
    torch.save({"w": print}, hub.folder / "pyiqa/ckpt_koniq10k.pt")
    with pytest.raises(UserError, match="refused"):
        create("metrics", "maniqa_koniq", {})(images(), images())
    assert hub.asked == []


def test_another_clip_is_refused(hub, monkeypatch):
    from metrics.networks.weights import check_tensors

    monkeypatch.setattr(iqa, "check_tensors", check_tensors)
    with pytest.raises(UserError, match="its SHA-256 is not the published afeb0e10f9e5"):
        create("metrics", "clipiqa", {})(images(), images())


def test_the_hub_folder_is_torchs(monkeypatch, tmp_path):
    for name, value in (("TORCH_HOME", tmp_path / "a"), ("XDG_CACHE_HOME", tmp_path / "b")):
        monkeypatch.delenv("TORCH_HOME", raising=False)
        monkeypatch.setenv(name, str(value))
        assert str(iqa.hub_folder()) == torch.hub.get_dir()


def test_timm_is_as_before_afterwards(hub):
    import timm

    before = timm.create_model
    create("metrics", "maniqa_koniq", {})(images(), images())
    assert timm.create_model is before
