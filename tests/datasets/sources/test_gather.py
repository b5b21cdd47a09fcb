"""Photographs out of packages: with packages built here and a stand-in for apt-get that hands them over."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import registry
from datasets.io.crops import shrink
from datasets.io.pixels import from_uint8, to_uint8
from datasets.sources import gather as module
from datasets.sources.gather import Source, licences, place, prepare, sources
from datasets.sources.packages import archive, unpacked
from datasets.sources.photos import PHOTOS
from errors import UserError

RNG = np.random.default_rng(0)
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb, Debian's own, builds the packages")
LISTED = [
    Source("hill", "train", "fake-hills", "usr/share/hill.png", "CC0-1.0", "A. Walker"),
    Source("lake", "test", "fake-hills", "usr/share/lake.png", "CC-BY-4.0", "B. Rower"),
    Source("tree", "train", "fake-trees", "usr/share/tree.png", "GPL-2+", "C. Climber"),
    Source("wheel-coffee", "train", "scikit-image", "coffee", "CC0-1.0", "D. Barista"),
]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder of packages, an apt-get that takes them from there, and the list above."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb, Debian's own, builds the packages")
    store = tmp_path / "shop"
    store.mkdir()
    for package in ("fake-hills", "fake-trees"):
        build(store, package, [s for s in LISTED if s.package == package])
    commands = tmp_path / "bin"
    commands.mkdir()
    script = commands / "apt-get"
    script.write_text(
        f'#!/bin/sh\necho "$2" >> {tmp_path}/asked\n'
        'echo "W: Download is performed unsandboxed" >&2\n'
        f'cp {store}/"$2"_1.0_all.deb . 2>/dev/null || {{ echo "E: Unable to locate package $2" >&2; exit 100; }}\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=":")
    monkeypatch.setattr(module, "sources", lambda: LISTED)
    return store


def build(store: Path, package: str, listed: list[Source]) -> None:
    root = store / package
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: {package}\nVersion: 1.0\nArchitecture: all\nDescription: test\nMaintainer: Nobody <no@example.org>\n"
    )
    for source in listed:
        path = root / source.path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (41, 60, 3), dtype=np.uint8)).save(path)
    out = store / f"{package}_1.0_all.deb"
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", root, out], check=True, capture_output=True)


def run(tmp_path, without=()):
    said = []
    prepare(tmp_path / "out", tmp_path / "cache", without, said.append)
    return said


def test_photographs_are_taken_shrunk_split_and_listed(tmp_path, shop):
    said = run(tmp_path)
    for source in LISTED[:3]:
        original = np.asarray(Image.open(shop / source.package / source.path))
        got = np.asarray(Image.open(tmp_path / "out" / source.part / f"{source.name}.png"))
        assert got.shape == (20, 30, 3)
        np.testing.assert_array_equal(got, to_uint8(shrink(from_uint8(original), 2)))
    assert Image.open(tmp_path / "out" / "train" / "wheel-coffee.png").size == (300, 200)
    table = (tmp_path / "out" / "LICENCES.md").read_text()
    assert "| test/lake.png | fake-hills | `usr/share/lake.png` | CC-BY-4.0 | B. Rower |" in table
    assert said[-2].startswith("4 of 4 photographs") and "3 to train" in said[-2] and "1 to test" in said[-2]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["fake-hills.deb", "fake-trees.deb"]


def test_a_second_run_asks_for_nothing_and_a_lost_file_is_taken_again(tmp_path, shop):
    run(tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")}
    asked = (tmp_path / "asked").read_text()
    assert len(run(tmp_path)) == 2 and (tmp_path / "asked").read_text() == asked == "fake-hills\nfake-trees\n"
    lost = place(tmp_path / "out", LISTED[2])
    lost.unlink()
    shutil.rmtree(shop / "fake-trees")  # the kept package will do
    assert run(tmp_path)[0] == "fake-trees: 1 photographs"
    assert (tmp_path / "asked").read_text() == asked
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")} == files


def test_a_package_can_be_left_out_and_must_be_known(tmp_path, shop):
    assert run(tmp_path, ["fake-trees"])[-2].startswith("3 of 3")
    assert "tree" not in (tmp_path / "out" / "LICENCES.md").read_text()
    with pytest.raises(UserError, match="^--without treees: no such package; there are: fake-hills, fake-trees, sci"):
        run(tmp_path, ["treees"])


def test_a_package_that_cannot_be_had_is_one_line_with_aptgets_reason(tmp_path, shop):
    (shop / "fake-hills_1.0_all.deb").unlink()
    with pytest.raises(UserError) as caught:
        run(tmp_path)
    assert str(caught.value) == (
        "fake-hills cannot be downloaded (E: Unable to locate package fake-hills): "
        "run apt-get update, or leave it out with --without fake-hills"
    )
    assert not list((tmp_path / "cache").iterdir())


def test_an_aptget_that_brings_nothing_is_told(tmp_path, shop):
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(UserError, match="^fake-hills: apt-get download brought 0 packages; run apt-get update, or"):
        run(tmp_path)


def test_a_damaged_package_is_one_line_and_leaves_nothing(tmp_path, shop):
    whole = (shop / "fake-hills_1.0_all.deb").read_bytes()
    (shop / "fake-hills_1.0_all.deb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        UserError, match=r"fake-hills\.deb cannot be unpacked \(.*\): remove .*fake-hills\.deb and run"
    ) as e:
        run(tmp_path)
    assert "\n" not in str(e.value)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["fake-hills.deb"]
    assert not list((tmp_path / "out").rglob("*.png"))


def test_a_full_disk_is_told_from_a_damaged_package(tmp_path, shop):
    script = tmp_path / "bin" / "dpkg-deb"
    script.write_text("#!/bin/sh\necho 'dpkg-deb: error: x' >&2\necho 'tar: No space left on device' >&2\nexit 2\n")
    script.chmod(0o755)
    with pytest.raises(UserError, match=r"cannot be unpacked \(tar: No space left on device\): free some space$"):
        run(tmp_path)


def test_a_photograph_that_the_release_lacks_is_said_and_passed_over(tmp_path, shop, monkeypatch):
    gone = Source("gone", "train", "fake-trees", "usr/share/gone.png", "GPL-2+", "C. Climber")
    monkeypatch.setattr(module, "sources", lambda: [*LISTED[:3], gone])
    said = run(tmp_path)
    assert "  gone: fake-trees has no usr/share/gone.png in this release, passed over" in said
    assert said[-2].startswith("3 of 4 photographs")


def test_a_member_of_a_collection_is_taken_out_of_it(tmp_path, shop, monkeypatch):
    inside = Source("leaf", "train", "fake-trees", "usr/share/tree.png!deep/leaf.png", "GPL-2+", "C. Climber")
    monkeypatch.setattr(module, "sources", lambda: [*LISTED[:3], inside])
    monkeypatch.setattr(module, "read_member", lambda data, member, name: data if member == "deep/leaf.png" else b"")
    run(tmp_path)
    tree, leaf = ((tmp_path / "out" / "train" / f"{name}.png").read_bytes() for name in ("tree", "leaf"))
    assert tree == leaf


def test_a_broken_picture_in_a_package_is_named(tmp_path, shop):
    (shop / "fake-trees" / LISTED[2].path).write_bytes(b"no picture")
    (shop / "fake-trees_1.0_all.deb").unlink()
    rebuilt = ["dpkg-deb", "-b", "--root-owner-group", shop / "fake-trees", shop / "fake-trees_1.0_all.deb"]
    subprocess.run(rebuilt, check=True, capture_output=True)
    with pytest.raises(UserError, match=r"usr/share/tree\.png: cannot be read"):
        run(tmp_path)
    assert place(tmp_path / "out", LISTED[0]).exists() and not place(tmp_path / "out", LISTED[2]).exists()


@pytest.mark.parametrize("command", ["apt-get", "dpkg-deb"])
def test_without_debians_commands_it_says_so(tmp_path, monkeypatch, command):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "kept.deb").write_bytes(b"")
    with pytest.raises(UserError, match=f"^{command} is not there: .* use Debian or Ubuntu$"):
        if command == "apt-get":
            archive("any", tmp_path / "cache")
        else:
            with unpacked(tmp_path / "kept.deb"):
                pass


def test_a_target_that_cannot_be_written_is_one_line(tmp_path, shop):
    (tmp_path / "out").write_text("a file, no folder")
    with pytest.raises(UserError, match="^.*out/train: cannot be written"):
        run(tmp_path)


@needs_dpkg
def test_the_command_ends_with_2_and_one_line_and_help_says_what_it_downloads(tmp_path):
    def call(*words, **more):
        command = [sys.executable, "-m", "datasets", *words]
        return subprocess.run(command, cwd=registry.ROOT, capture_output=True, text=True, check=False, **more)

    done = call("prepare", "photos", "--to", str(tmp_path), "--without", "nothing")
    assert done.returncode == 2 and done.stderr.startswith("--without nothing: no such package") and not done.stdout
    assert len(done.stderr.splitlines()) == 1
    done = call("prepare", "photos", "--help")
    assert done.returncode == 0 and "240 MB" in done.stdout and "--without" in done.stdout


def test_the_committed_list_is_sound():
    listed = sources()
    names = [source.name for source in listed]
    assert len(set(names)) == len(names) == 77
    assert sum(source.part == "test" for source in listed) == 14
    assert {source.part for source in listed} == {"train", "test"}
    assert all(source.licence and source.author and source.path for source in listed)
    assert all("|" not in field for source in listed for field in (source.path, source.licence, source.author))
    assert all(source.path in PHOTOS for source in listed if source.package.startswith("scikit"))
    packages = [source.package for source in listed]
    assert len(set(packages)) == 1 + sum(a != b for a, b in zip(packages, packages[1:], strict=False))  # each together
    assert licences(listed).count("\n| t") == 77
