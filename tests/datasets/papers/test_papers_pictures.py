"""What the adapters of pictures, of unpaired ones and of CIFAR-10 promise beyond the common contract."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from registry import create, find
from tests.datasets.layouts_for_tests import (
    SIZE,
    build,
    one_line,
    opened,
    save,
)


@pytest.fixture
def root(tmp_path):
    def make(name):
        build(name, tmp_path / name)
        return tmp_path / name

    return make


def stretched(path, size=SIZE):
    """RDDM's protocol: Pillow's bicubic to a square, aspect ratio lost."""
    return np.asarray(Image.open(path).resize((size, size), Image.Resampling.BICUBIC))


def test_celeba_follows_its_partition_and_leaves_validation_aside(root):
    place = root("celeba")
    data = opened("celeba", place)
    assert {item.id for item in data.test(2)} == {"test-000005", "test-000006"}
    assert [item.id for item in data.training] == ["train-000001", "train-000002", "train-000003"]
    image = Image.open(place / "img_align_celeba" / "000005.jpg").crop((25, 57, 153, 185))
    item = next(item for item in data.test(2) if item.id == "test-000005")
    np.testing.assert_array_equal(item.clean, np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)))
    (place / "Eval").mkdir()
    (place / "list_eval_partition.txt").rename(place / "Eval" / "list_eval_partition.txt")
    assert opened("celeba", place).manifest() == data.manifest()


def test_celeba_names_a_bad_line_and_a_missing_picture(root, monkeypatch):
    monkeypatch.setattr("datasets.papers.faces._COUNTS", {"0": 3, "1": 1, "2": 3})
    place = root("celeba")
    partition = place / "list_eval_partition.txt"
    good = partition.read_text()
    for bad in ("000007.jpg\n", "000007.jpg 3\n", "000007.jpg 0 0\n", "\xff\xfe\n"):
        partition.write_bytes(good.encode() + bad.encode("latin-1"))
        with one_line(r"\S+list_eval_partition\.txt, line 7: not a file name and 0, 1 or 2; .*"):
            opened("celeba", place)
    partition.write_text(good + "000007.jpg 2\n")
    with one_line(r"dataset=celeba: \S+000007\.jpg is missing, though list_eval_partition\.txt lists it: .*"):
        opened("celeba", place, copy="whole")
    assert len(opened("celeba", place).test(2)) == 2


@pytest.mark.parametrize(("name", "folder"), [("celeba_hq", "celeba_hq_256"), ("ffhq", "images1024x1024")])
def test_numbers_decide_the_split_whatever_folder_they_lie_in(name, folder, root, tmp_path):
    place = root(name)
    data = opened(name, place)
    border = {"celeba_hq": 27_000, "ffhq": 60_000}[name]
    assert all(int(item.id.split("-")[1]) >= border for item in data.test(2))
    assert all(int(item.id.split("-")[1]) < border for item in data.training) and len(data.training) == 3
    for number, path in enumerate(sorted((place / folder).rglob("*.*"))):
        flat = tmp_path / "flat" / f"{int(path.stem)}{path.suffix}"
        flat.parent.mkdir(exist_ok=True)
        flat.write_bytes(path.read_bytes())
        assert number < 5
    assert opened(name, tmp_path / "flat").manifest() == data.manifest()
    save(place / folder / "face.png")
    with one_line(rf"\S+face\.png: not named by a number below {border // 6 * 7 if name == 'ffhq' else 30000}, .*"):
        opened(name, place)


def test_imagenet_takes_a_flat_and_a_sorted_validation_folder_for_the_same(root):
    place = root("imagenet")
    before = opened("imagenet", place).manifest()
    (place / "val" / "n01440764").mkdir()
    path = place / "val" / "ILSVRC2012_val_00000001.JPEG"
    path.rename(path.parent / "n01440764" / path.name)
    assert opened("imagenet", place).manifest() == before


def test_cifar_planes_become_pictures(root):
    place = root("cifar10")
    data = opened("cifar10", place)
    records = np.fromfile(place / "cifar-10-batches-bin" / "test_batch.bin", np.uint8).reshape(3, 3073)
    for number, item in enumerate(data.test(3)):
        for channel in range(3):
            plane = records[number, 1 + 1024 * channel : 1 + 1024 * (channel + 1)].reshape(32, 32)
            np.testing.assert_array_equal(item.clean[:, :, channel], plane)
    assert len(data.training) == 15
    for path in (place / "cifar-10-batches-bin").iterdir():
        path.rename(place / path.name)
    assert opened("cifar10", place).manifest() == data.manifest()


def test_cifars_python_version_is_refused_and_never_unpickled(tmp_path):
    bomb = b"cbuiltins\nexit\n(I7\ntR."  # a pickle that ends the process of who reads it
    for place in (tmp_path / "a" / "cifar-10-batches-py", tmp_path / "b"):
        place.mkdir(parents=True)
        (place / "data_batch_1").write_bytes(bomb)
    for folder in ("a", "b"):
        with one_line(r"\S+: this is CIFAR-10's python version, made of pickles, .*cifar-10-binary\.tar\.gz.*"):
            create("dataset", "cifar10", {"root": str(tmp_path / folder)}, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes are not whole records"),
        (bytes(3072), "3072 bytes are not whole"),
        (b"\x0a" * 3073, "a label of 10"),
    ],
)
def test_damaged_cifar_files_are_named(root, data, reason):
    place = root("cifar10")
    (place / "cifar-10-batches-bin" / "data_batch_3.bin").write_bytes(data)
    with one_line(rf"\S+data_batch_3\.bin: {reason}.*; unpack it again"):
        opened("cifar10", place)


def test_realsrset_is_enlarged_before_it_is_cut(root):
    place = root("realsrset")
    item = next(item for item in opened("realsrset", place).test(3) if item.id == "test-chip")
    large = np.asarray(Image.open(place / "chip.png").resize((44, 36), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(item.degraded, large[10:26, 14:30])
    manifests = {opened("realsrset", place, upscale=scale).manifest() for scale in (2, 3, 4)}
    assert len(manifests) == 3
    with one_line(r"\S+: 11x9 has no window of dataset\.size=16; .*"):
        opened("realsrset", place, upscale=1).test(1)


def test_domains_pair_by_index_in_natural_order(root, tmp_path):
    place = root("domains")
    save(place / "dogs" / "dog10.png")
    data = opened("domains", place)
    items = {item.id: item for item in (*data.training, *data.tests)}
    assert {name.split("-")[0] for name in items} == {f"dog{number}.png" for number in range(5)}
    for number in range(5):
        assert items[f"dog{number}.png"].clean.endswith(f"cat{number}.jpg")
    item = data.test(1)[0]
    number = item.id[3]
    np.testing.assert_array_equal(item.degraded, stretched(place / "dogs" / f"dog{number}.png"))
    np.testing.assert_array_equal(item.clean, stretched(place / "cats" / f"cat{number}.jpg"))
    assert len(data.tests) == 2 and find("dataset", "domains").facts.truth is False


def test_domains_need_both_folders_and_two_pairs(root):
    place = root("domains")
    with one_line(r"dataset=domains: dataset\.source=FOLDER is needed, .*"):
        create("dataset", "domains", {}, 0)
    with one_line(r"dataset=domains: dataset\.target=FOLDER is needed, .*"):
        create("dataset", "domains", {"source": str(place / "dogs")}, 0)
    with one_line(r"dataset\.target=.*none: no such folder; .*"):
        opened("domains", place, target=str(place / "none"))
    for number in range(1, 5):
        (place / "cats" / f"cat{number}.jpg").unlink()
    with one_line(r"dataset\.source=.*: 1 pairs leave none to train on; .*"):
        opened("domains", place)
