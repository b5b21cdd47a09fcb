from __future__ import annotations

import time
from pathlib import Path

import pytest

from datasets.io.listing import by_stem, list_images, natural_key, safe, walk
from errors import UserError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def test_natural_order_and_what_is_passed_over(tmp_path):
    touch(tmp_path, "10.png", "2.png", "1.PNG", "b2.jpg", ".hidden.png", "notes.txt", "sub/3.png")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_images(str(tmp_path), "x")] == ["1.PNG", "2.png", "10.png", "b2.jpg"]
    assert sorted(["a10.png", "a9.png", "A2.png", "B.png"], key=natural_key) == ["A2.png", "a9.png", "a10.png", "B.png"]


def test_walking_goes_deep_only_where_it_is_told_and_never_into_hidden_folders(tmp_path):
    touch(tmp_path, "1.png", "a/2.JPEG", "a/b/3.webp", ".git/4.png", "a/.cache/5.png", "6.npy")
    assert sorted(walk(tmp_path)) == ["1.png"]
    assert sorted(walk(tmp_path, deep=True)) == ["1.png", "a/2.JPEG", "a/b/3.webp"]
    assert list(walk(tmp_path, (".npy",))) == ["6.npy"]


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(UserError, match=r"\Adataset\.clean=.*/none: no such folder; .*\Z"):
        list_images(str(tmp_path / "none"), "dataset.clean")
    with pytest.raises(UserError, match=r"\Adataset\.clean=.*: no pictures in it; .*\Z"):
        list_images(str(tmp_path), "dataset.clean")


def test_a_link_to_a_picture_is_a_picture(tmp_path):
    touch(tmp_path, "there/1.png")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "1.png").symlink_to(tmp_path / "there" / "1.png")
    (tmp_path / "here" / "2.png").symlink_to(tmp_path / "nowhere.png")
    assert list(walk(tmp_path / "here")) == ["1.png"]


def test_many_files_are_listed_fast(tmp_path):
    for number in range(3000):
        (tmp_path / f"{number}.png").touch()
    start = time.perf_counter()
    assert len(list(walk(tmp_path))) == 3000
    assert time.perf_counter() - start < 1.0


def test_two_files_of_one_name():
    assert by_stem([Path("a/1.png"), Path("a/2.png")]) == {"1": Path("a/1.png"), "2": Path("a/2.png")}
    with pytest.raises(UserError, match=r"1\.jpg: has the same name as 1\.png; .*"):
        by_stem([Path("a/1.png"), Path("a/1.jpg")])


def test_names_stay_apart_and_fit():
    names = ["a b", "a_b", "a,b", "ä", "ö", "x" * 120, "x" * 121, "", "a/b"]
    made = [safe(name) for name in names]
    assert len(set(made)) == len(names) and all(len(name) <= 80 and name.isascii() for name in made)
    assert safe("GOPR0384_11_00-000001.x") == "GOPR0384_11_00-000001.x"
    assert not any(set(name) & set(" /,\\:") for name in made)


@pytest.mark.parametrize("name", ["loop.png", "loop"])
def test_a_link_to_itself_is_one_line(tmp_path, name):
    touch(tmp_path, "1.png")
    (tmp_path / name).symlink_to(name)
    with pytest.raises(UserError, match=f"{name}: cannot be read .*mend or remove it") as raised:
        list(walk(tmp_path, deep=True))
    assert "\n" not in str(raised.value)
