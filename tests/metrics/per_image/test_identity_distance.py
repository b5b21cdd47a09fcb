"""The identity distance with a small network of timm in the place of a face network."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from errors import UserError
from metrics.per_image import identity_distance
from metrics.per_image.identity_distance import IdentityDistance

pytest.importorskip("timm", reason="timm brings the architectures", exc_type=ImportError)
NETWORK = "test_resnet"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    from safetensors.torch import save_file

    from metrics.networks.timm_models import import_timm

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "face.safetensors"
    save_file(import_timm("this test").create_model(NETWORK, num_classes=0).state_dict(), path)
    return path


def pair() -> tuple[np.ndarray, np.ndarray]:
    from skimage.data import astronaut

    clean = astronaut()[40:168, 160:288]
    noise = np.random.default_rng(0).normal(0, 25, clean.shape)
    return np.rint(np.clip(clean + noise, 0, 255)).astype(np.uint8)[None], clean[None]


def test_it_is_the_angle_between_the_embeddings(weights):
    import timm
    from safetensors.torch import load_file

    network = timm.create_model(NETWORK, num_classes=0).eval()
    network.load_state_dict(load_file(weights))
    images, clean = pair()
    x, y = (torch.from_numpy(v.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1 for v in (images, clean))
    with torch.no_grad():
        a, b = (torch.nn.functional.interpolate(v, (64, 64), mode="bilinear", antialias=True) for v in (x, y))
        cosine = float(torch.nn.functional.cosine_similarity(network(a).double(), network(b).double()))
    metric = IdentityDistance(network=NETWORK, weights=str(weights), size=64)
    assert metric(images, clean)[0] == pytest.approx(math.degrees(math.acos(cosine)), abs=1e-3)
    assert metric(images, clean)[0] > 0.01


def test_it_is_0_for_the_same_picture_and_symmetric(weights):
    metric = IdentityDistance(network=NETWORK, weights=str(weights))
    images, clean = pair()
    assert metric(clean, clean)[0] == 0
    assert metric(images, clean)[0] == metric(clean, images)[0] > 0


@pytest.mark.parametrize("angle", [1e-6, 0.5, 60.0, 179.0])
def test_the_chord_gives_the_angle(angle, monkeypatch):
    radians = math.radians(angle)
    found = iter([np.array([1.0, 0.0]), np.array([math.cos(radians), math.sin(radians)])])
    monkeypatch.setattr(identity_distance, "_embedding", lambda *rest: next(found))
    monkeypatch.setattr(identity_distance, "_file", lambda *rest: None)
    images, clean = pair()
    assert IdentityDistance().score(images[0], clean[0]) == pytest.approx(angle, rel=1e-6)


def test_the_stamp_follows_network_weights_and_size(weights, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(weights.read_bytes() + b" ")
    made = [
        IdentityDistance(network=NETWORK, weights=str(weights)),
        IdentityDistance(network=NETWORK, weights=str(weights), size=64),
        IdentityDistance(network="test_vit", weights=str(weights)),
        IdentityDistance(network=NETWORK, weights=str(other)),
    ]
    assert len({metric.protocol for metric in made}) == 4


@pytest.mark.parametrize("given", [{}, {"network": NETWORK}, {"weights": "face.safetensors"}])
def test_without_a_network_one_line_says_how_to_give_one(given):
    images, clean = pair()
    metric = IdentityDistance(**given)
    for ask in (lambda: metric.protocol, lambda: metric(images, clean)):
        with pytest.raises(UserError, match=r"metrics\.identity_distance\.weights=\(a safetensors file\)"):
            ask()


@pytest.mark.parametrize("name", ["face.pth", "missing.safetensors"])
def test_only_an_existing_safetensors_file_is_taken(name, tmp_path):
    (tmp_path / "face.pth").write_bytes(b"\x80\x02.")
    with pytest.raises(UserError, match="no such safetensors file"):
        IdentityDistance(network=NETWORK, weights=str(tmp_path / name)).protocol  # noqa: B018


def test_what_does_not_fit_is_refused_in_one_line(weights, tmp_path):
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(weights.read_bytes()[:500])
    images, clean = pair()
    cases = [
        (NETWORK, damaged, "does not fill"),
        ("test_vit", weights, "does not fill"),
        ("facenet", weights, "no such"),
    ]
    for network, path, reason in cases:
        with pytest.raises(UserError, match=reason) as caught:
            IdentityDistance(network=network, weights=str(path))(images, clean)
        assert "\n" not in str(caught.value)
