"""Tiny fake copies of the papers' data sets, for every test that needs one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from errors import UserError
from registry import create

SIZE = 16  # of the items that `build`'s words ask for; every fake picture is larger


def picture(name: str, height: int = 24, width: int = 32) -> np.ndarray:
    """Random pixels that belong to a name."""
    seed = np.frombuffer(name.encode(), np.uint8)
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path: Path, height: int = 24, width: int = 32, mode: str = "RGB") -> None:
    """A picture whose pixels belong to its path's last three parts, so that a moved copy is the same copy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture("/".join(path.parts[-3:]), height, width)).convert(mode).save(path)


def _lol(root: Path) -> None:
    for folder, names in (("our485", ("2", "5", "10")), ("eval15", ("1", "22"))):
        for name in names:
            for light in ("low", "high"):
                save(root / folder / light / f"{name}.png")


def _istd(root: Path) -> None:
    for split, names in (("train", ("1-1", "1-2", "2-1")), ("test", ("100-1", "101-3"))):
        for name in names:
            for part, mode in (("A", "RGB"), ("B", "L"), ("C", "RGB")):
                save(root / split / f"{split}_{part}" / f"{name}.png", mode=mode)


def _raindrop(root: Path) -> None:
    for split, suffix, count in (("train", "png", 3), ("test_a", "png", 2), ("test_b", "jpg", 2)):
        for number in range(count):
            save(root / split / "data" / f"{number}_rain.{suffix}")
            save(root / split / "gt" / f"{number}_clean.{suffix}")


def _gopro(root: Path) -> None:
    for split, scenes in (("train", ("GOPR0372_07_00", "GOPR0374_11_00")), ("test", ("GOPR0384_11_00",))):
        for scene in scenes:
            for folder in ("blur", "blur_gamma", "sharp"):
                for frame in (47, 48):
                    save(root / split / scene / folder / f"{frame:06d}.png")


def _sid_rgb(root: Path) -> None:
    for scene in ("00001", "20002", "10003", "10006"):
        for folder, times in (("short_sid2", ("0.1s", "0.04s")), ("long_sid2", ("10s",))):
            for time in times:
                name = f"{scene}_00_{time}.npy"
                (root / folder / scene).mkdir(parents=True, exist_ok=True)
                np.save(root / folder / scene / name, picture(name))


def _faces(root: Path) -> None:
    for number in range(3):
        save(root / f"{number:04d}.png", 24, 24)


def _celeba_test(root: Path) -> None:
    for number in range(3):
        for folder in ("hq", "lq"):
            save(root / folder / f"{number:08d}.png", 24, 24)


def _realsrset(root: Path) -> None:
    for name in ("butterfly", "chip", "old photo 2"):
        save(root / f"{name}.png", 9, 11)


def _celeba(root: Path) -> None:
    lines = []
    for number, part in enumerate((0, 0, 0, 1, 2, 2), 1):
        save(root / "img_align_celeba" / f"{number:06d}.jpg", 218, 178)
        lines.append(f"{number:06d}.jpg {part}\n")
    (root / "list_eval_partition.txt").write_text("".join(lines))


def _celeba_hq(root: Path) -> None:
    for number in (0, 1, 26_999, 27_000, 29_999):
        save(root / "celeba_hq_256" / f"{number:05d}.jpg", 24, 24)


def _ffhq(root: Path) -> None:
    for number in (0, 1, 59_999, 60_000, 69_999):
        save(root / "images1024x1024" / f"{number // 1000 * 1000:05d}" / f"{number:05d}.png", 24, 24)


def _lsun_church(root: Path) -> None:
    for folder, names in (("church_outdoor_train", ("0a/1f/0a1f", "3b/c2/3bc2")), ("church_outdoor_val", ("d4", "e5"))):
        for name in names:
            save(root / folder / f"{name}.webp")


def _imagenet(root: Path) -> None:
    for name in ("n01440764/n01440764_10026", "n01443537/n01443537_1"):
        save(root / "train" / f"{name}.JPEG")
    for number in (1, 2):
        save(root / "val" / f"ILSVRC2012_val_{number:08d}.JPEG", 40, 33)


def _cifar10(root: Path) -> None:
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        records = np.random.default_rng(number).integers(0, 256, (3, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        records.tofile(folder / f"{name}.bin")


def _domains(root: Path) -> None:
    for number in range(6):
        save(root / "dogs" / f"dog{number}.png")
    for number in range(5):
        save(root / "cats" / f"cat{number}.jpg", 30, 20)


COPIES: dict[str, Callable[[Path], None]] = {
    "cifar10": _cifar10,
    "celeba": _celeba,
    "celeba_hq": _celeba_hq,
    "lsun_church": _lsun_church,
    "ffhq": _ffhq,
    "imagenet": _imagenet,
    "istd": _istd,
    "lol": _lol,
    "raindrop": _raindrop,
    "gopro": _gopro,
    "sid_rgb": _sid_rgb,
    "realsrset": _realsrset,
    "lfw_test": _faces,
    "wider_test": _faces,
    "celeba_test": _celeba_test,
    "domains": _domains,
}
TEST_ONLY = ("realsrset", "lfw_test", "wider_test", "celeba_test")


def options(name: str, root: Path) -> dict[str, object]:
    """The options that a fake copy needs: where it lies, that it is a part, a small size."""
    if name == "domains":
        return {"source": str(root / "dogs"), "target": str(root / "cats"), "size": SIZE, "test": 0.4}
    size = {} if name == "cifar10" else {"size": SIZE}
    return {"root": str(root), "copy": "part"} | size


def build(name: str, root: Path) -> list[str]:
    """Write a fake copy below ``root`` and give the command line's words that choose it."""
    root.mkdir(parents=True, exist_ok=True)
    COPIES[name](root)
    return [f"dataset={name}", *(f"dataset.{option}={value}" for option, value in options(name, root).items())]


def files(root: Path) -> list[Path]:
    """Every picture of a fake copy."""
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix not in (".txt",))


def used(name: str, root: Path) -> list[Path]:
    """The files that a data set of default options reads."""
    unused = {"raindrop": "test_b", "gopro": "blur_gamma", "celeba": "000004", "domains": "dog5"}.get(name)
    return [path for path in files(root) if unused is None or unused not in str(path)]


def opened(name: str, root: Path, seed: int = 0, **changed: object) -> Any:
    """The data set on its fake copy, with some options changed."""
    return create("dataset", name, options(name, root) | changed, seed)


def one_line(match: str) -> Any:
    """Expects a `UserError` whose whole text, one line, matches."""
    return pytest.raises(UserError, match=rf"\A{match}\Z")
