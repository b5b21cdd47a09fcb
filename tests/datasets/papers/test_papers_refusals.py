"""What every adapter says, in one line, where a part of its copy is missing, incomplete or damaged."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from errors import UserError
from registry import create, find
from tests.datasets.layouts_for_tests import (
    COPIES,
    build,
    files,
    one_line,
    opened,
    used,
)

NAMES = sorted(COPIES)
WITH_ROOT = [name for name in NAMES if name != "domains"]
FACES = ("lfw_test", "wider_test")


@pytest.fixture
def copy_of(tmp_path):
    def make(name):
        build(name, tmp_path / name)
        return tmp_path / name

    return make


@pytest.mark.parametrize("name", WITH_ROOT)
def test_a_root_is_needed_and_must_be_there(name, tmp_path):
    with one_line(rf"dataset={name}: dataset\.root=FOLDER is needed, a copy of .*"):
        create("dataset", name, {}, 0)
    with one_line(rf"dataset={name}: dataset\.root=.*none: no such folder; put a copy of .* there"):
        create("dataset", name, {"root": str(tmp_path / "none")}, 0)


@pytest.mark.parametrize("name", WITH_ROOT)
def test_an_empty_folder_is_refused(name, tmp_path):
    with one_line(rf"dataset={name}: {tmp_path}.*(is missing; it is part of|has no pictures; put those of) .*"):
        opened(name, tmp_path)


@pytest.mark.parametrize("name", [name for name in WITH_ROOT if name not in ("cifar10",)])
def test_a_copy_that_is_not_whole_is_refused_unless_it_is_called_a_part(name, copy_of):
    root = copy_of(name)
    assert find("dataset", name).options["copy"].default == "whole"
    with one_line(rf"dataset={name}: .* has \d+ pictures, \d+ were published: mend the copy, or say .*copy=part.*"):
        opened(name, root, copy="whole")


def parts(name, root):
    """The folders that hold pictures, and the single files, that a data set of default options needs."""
    if name in FACES or name == "realsrset":
        return []
    if name == "cifar10":
        return files(root)
    folders = {path.parent for path in used(name, root)} | set(root.glob("*.txt"))
    tops = {"ffhq": 1, "celeba_hq": 1, "lsun_church": 1, "imagenet": 1, "sid_rgb": 1}.get(name)
    return sorted({root / path.relative_to(root).parts[0] for path in folders} if tops else folders)


@pytest.mark.parametrize("name", WITH_ROOT)
def test_each_missing_part_is_named(name, copy_of, tmp_path):
    root = copy_of(name)
    for part in parts(name, root):
        part.rename(tmp_path / "away")
        with pytest.raises(UserError) as caught:
            opened(name, root)
        text = str(caught.value)
        relative = str(part.relative_to(root))
        assert "\n" not in text and (relative in text or relative.split("/")[0] in text), text
        assert "is missing" in text or "has no pictures" in text, text
        (tmp_path / "away").rename(part)
    opened(name, root)


@pytest.mark.parametrize("name", ["lol", "istd", "raindrop", "gopro", "celeba_test"])
def test_a_file_without_its_pair_is_named(name, copy_of):
    root = copy_of(name)
    for path in used(name, root):
        data = path.read_bytes()
        path.unlink()
        siblings = [other for other in files(root) if other.stem.split("_")[0] == path.stem.split("_")[0]]
        with one_line(r"\S+: has no (clean|degraded|mask) picture of that name in \S+; add .*") as caught:
            opened(name, root)
        assert any(str(other) in str(caught.value) for other in siblings)
        path.write_bytes(data)


@pytest.mark.parametrize("name", ["lol", "istd", "raindrop", "gopro", "celeba_test"])
def test_a_pair_of_two_sizes_is_named(name, copy_of):
    root = copy_of(name)
    path = used(name, root)[0]
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(path)
    with one_line(r"\S+: \d+x\d+, but \S+ is \d+x\d+; they must be the same size") as caught:
        opened(name, root)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("cifar10", "sid_rgb")])
def test_a_truncated_picture_is_named_when_it_is_used(name, copy_of):
    root = copy_of(name)
    for path in used(name, root):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with one_line(r"\S+: cannot be read \(.*\); mend or remove the file"):
        opened(name, root).test(1)


@pytest.mark.parametrize("name", ["lol", "celeba_hq", "ffhq", "imagenet", "lsun_church"])
def test_two_files_of_one_name_are_refused(name, copy_of):
    root = copy_of(name)
    path = used(name, root)[0]
    other = path.with_suffix(".bmp")
    shutil.copy(path, other)
    with pytest.raises(UserError) as caught:
        opened(name, root)
    text = str(caught.value)
    assert "\n" not in text and "has the same name as" in text and path.stem in text
