from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from datasets.sources import fashion_mnist
from datasets.sources.fashion_mnist import FILES, SUBSET, FashionMnist
from errors import UserError


@pytest.fixture(autouse=True)
def no_debian_package(monkeypatch):
    monkeypatch.setattr(fashion_mnist, "DEBIAN", Path("/nowhere"))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    write(tmp_path / FILES["train"], rng.integers(0, 256, (30, 28, 28), dtype=np.uint8))
    write(tmp_path / FILES["test"], rng.integers(0, 256, (7, 28, 28), dtype=np.uint8))
    return tmp_path


def idx(images):
    return struct.pack(">4I", 0x803, *images.shape) + images.tobytes()


def write(path, images):
    path.write_bytes(gzip.compress(idx(images)))
    return images


def test_subset_is_small_and_padded_with_black():
    data = FashionMnist(0)
    assert SUBSET.stat().st_size < 1_000_000
    assert data.source == "committed subset" and data.shape == (1, 32, 32)
    assert len(data.images["train"]) == 1500 and len(data.images["test"]) == 500
    item = data.test(1)[0]
    assert item.clean.shape == (32, 32, 1) and item.clean.dtype == np.uint8
    np.testing.assert_array_equal(item.clean[2:-2, 2:-2, 0], data.images["test"][0])
    assert item.clean.astype(int).sum() == data.images["test"][0].astype(int).sum() > 0


def test_idx_files_are_read_as_they_were_written(folder):
    data = FashionMnist(0, str(folder))
    with gzip.open(folder / FILES["test"]) as file:
        raw = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 28, 28)
    np.testing.assert_array_equal(np.stack([item.clean[2:-2, 2:-2, 0] for item in data.test(7)]), raw)


def test_order_of_precedence(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(fashion_mnist, "DEBIAN", folder)
    assert FashionMnist(0).source == str(folder) and len(FashionMnist(0).images["train"]) == 30
    with pytest.raises(UserError, match="elsewhere"):
        FashionMnist(0, str(tmp_path / "elsewhere"))


def test_draw_and_test_are_deterministic_and_apart():
    data = FashionMnist(0)
    ids = [item.id for item in data.test(5)]
    drawn = [data.draw(np.random.default_rng(i)) for i in range(30)]
    assert all(item.id.startswith("train-") for item in drawn) and len({item.id for item in drawn}) > 25
    assert data.draw(np.random.default_rng(3)).id == drawn[3].id
    assert [item.id for item in FashionMnist(9).test(3)] == ids[:3]
    test = {image.tobytes() for image in data.images["test"]}
    assert not test & {image.tobytes() for image in data.images["train"]}


def test_manifest_follows_the_pixels_and_not_the_place(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy")
    for name in FILES.values():
        (copy / name).write_bytes((folder / name).read_bytes())
    here = FashionMnist(0, str(folder)).manifest()
    assert FashionMnist(0, str(copy)).manifest() == here != FashionMnist(0).manifest()
    changed = tmp_path_factory.mktemp("changed")
    (changed / FILES["train"]).write_bytes((folder / FILES["train"]).read_bytes())
    write(changed / FILES["test"], FashionMnist(0, str(folder)).images["test"] ^ 1)
    assert FashionMnist(0, str(changed)).manifest() != here


def truncated_gzip(good):
    return gzip.compress(good)[:-40]


def not_gzip(good):
    return good


def flipped_bits(good):
    data = bytearray(gzip.compress(good))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


def invalid_deflate_block(good):
    data = bytearray(gzip.compress(good))
    data[10] = 0xFF  # the first byte behind the gzip header: a block type that does not exist
    return bytes(data)


def missing_pixels(good):
    return gzip.compress(good[:-1])


def header_only(good):
    return gzip.compress(good[:9])


def labels_file(good):
    return gzip.compress(struct.pack(">2I", 0x801, 30) + bytes(30))


@pytest.mark.parametrize(
    "damage", [truncated_gzip, not_gzip, flipped_bits, invalid_deflate_block, missing_pixels, header_only, labels_file]
)
def test_damaged_files_are_named(folder, damage):
    path = folder / FILES["train"]
    path.write_bytes(damage(gzip.decompress(path.read_bytes())))
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte\.gz: not a sound Fashion-MNIST file") as caught:
        FashionMnist(0, str(folder))
    assert "\n" not in str(caught.value)


def test_missing_file_and_too_many_items(folder):
    with pytest.raises(UserError, match=r"^dataset=fashion_mnist has 500 .* install dataset-fashion-mnist"):
        FashionMnist(0).test(501)
    (folder / FILES["test"]).unlink()
    with pytest.raises(UserError, match=r"t10k-images-idx3-ubyte\.gz: no such file"):
        FashionMnist(0, str(folder))
