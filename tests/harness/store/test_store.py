from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from harness.store.entries import Entry, Store, read_npz, write_atomic, write_npz
from harness.store.keys import key
from harness.store.lock import Lock
from harness.store.sealed import Damaged, seal

ROOT = Path(__file__).resolve().parents[3]
KEY = key("samples", {})  # of an entry that depends on nothing

# Writes the same file over and over, each time full of one byte; the digit at the end is that byte.
SCRIBBLE = """
import sys
from pathlib import Path
from harness.store.keys import key
from harness.store.entries import Store
entry, digit, times = Store(Path(sys.argv[1])).entry("samples", key("samples", {})), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for _ in range(times):
    entry.write("a.bin", digit.encode() * 300_000)
"""

WHOLE_JOB = """
import sys
from pathlib import Path
from harness.store.keys import key
from harness.store.entries import Store
entry = Store(Path(sys.argv[1])).entry("samples", key("samples", {}))
with entry.lock():
    if entry.status != "done":
        for name in ("a", "b", "c"):
            entry.write(name, sys.argv[2].encode() * 1000)
        entry.begin({})
        entry.finish({"by": sys.argv[2]})
        print("worked")
entry.verify()
"""


def start(script: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    return Store(tmp_path).entry("samples", KEY)


def refuse_with(code: int, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    def refuse(*args: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, function, refuse)


def test_what_is_written_is_read(entry: Entry, tmp_path: Path) -> None:
    files = {"a.bin": b"", "b.bin": bytes(range(256)) * 1000, "c": b"\n"}
    assert entry.status == "missing"
    for name, data in files.items():
        entry.write(name, data)
        assert entry.status == "partial"
    entry.begin({})
    entry.finish({"nfe": 5, "eta": 0.5, "sizes": (1, 2)})
    again = Store(tmp_path).entry("samples", KEY)
    assert again.status == "done"
    assert {name: again.read(name) for name in files} == files
    assert again.facts() == {"nfe": 5, "eta": 0.5, "sizes": [1, 2]}
    again.verify()
    assert sorted(os.listdir(again.path)) == ["DONE", *sorted([*files, "facts.json"])]


def test_the_marker_lists_the_files(entry: Entry) -> None:
    entry.write("a", b"abc")
    entry.write("a", b"abcd")  # the last one counts
    entry.begin({})
    entry.finish({})
    marker = json.loads((entry.path / "DONE").read_text())
    assert marker["files"]["a"]["bytes"] == 4
    assert marker["files"]["a"]["sha256"].startswith("88d4266fd4e6338d")  # sha256sum of abcd
    assert marker["finished"].endswith("+00:00")


def test_failure_and_recovery(entry: Entry) -> None:
    entry.write("a", b"1")
    entry.fail("diverged", "Traceback ...\nValueError", {"step": 3})
    assert entry.status == "failed"
    failure = entry.failure()
    assert failure.pop("failed").endswith("+00:00")
    assert failure == {"reason": "diverged", "traceback": "Traceback ...\nValueError", "facts": {"step": 3}}
    with pytest.raises(Damaged, match="DONE"):
        entry.read("a")
    entry.begin({})
    entry.finish({})
    assert entry.status == "done" and entry.read("a") == b"1"
    with pytest.raises(Damaged, match="FAILED"):
        entry.failure()
    entry.fail("found damaged", "", {})
    assert entry.status == "failed"


def test_done_does_not_change(entry: Entry) -> None:
    entry.write("a", b"1")
    entry.begin({})
    entry.finish({"x": 1})
    for change in (lambda: entry.write("a", b"2"), lambda: entry.finish({})):
        with pytest.raises(ValueError, match="discard"):
            change()
    assert entry.read("a") == b"1" and entry.facts() == {"x": 1}


@pytest.mark.parametrize("damage", [b"", b"abx", b"abcd", None])
def test_damage_is_found_and_named(entry: Entry, damage: bytes | None) -> None:
    entry.write("good", b"abc")
    entry.write("bad", b"abc")
    entry.begin({})
    entry.finish({})
    if damage is None:
        (entry.path / "bad").unlink()
    else:
        (entry.path / "bad").write_bytes(damage)
    assert entry.read("good") == b"abc"
    for look in (lambda: entry.read("bad"), entry.verify):
        with pytest.raises(Damaged, match="[0-9a-f]{20}/bad: "):
            look()


def altered(done: bytes) -> list[bytes]:
    """DONE as faulty disks and hostile hands leave it."""
    told = json.loads(done)
    del told["seal"]
    one = {"a": {"sha256": 1, "bytes": 3}}
    wrong = [{"files": {}}, {"files": [1]}, {"files": one}, {"facts": 1}, {"finished": None}]
    texts = [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 1_000_000, b"{" + b'"a":{' * 1_000_000, b"9" * 5000]
    return [
        *texts,
        done[: len(done) // 2],
        done.replace(b'"bytes": 3', b'"bytes": 4'),
        *(seal(told | fault) for fault in wrong),
    ]


@pytest.mark.parametrize("place", range(15))
def test_damaged_marker_is_found_and_named(entry: Entry, place: int) -> None:
    entry.write("a", b"abc")
    entry.begin({})
    entry.finish({})
    marker = entry.path / "DONE"
    marker.write_bytes(altered(marker.read_bytes())[place])
    for look in (lambda: entry.read("a"), entry.verify, entry.facts):
        with pytest.raises(Damaged, match="[0-9a-f]{20}/(DONE|facts.json): "):
            look()
    assert entry.status == "done" and not entry.sound


@pytest.mark.parametrize("marker", [b"", b"[" * 1_000_000, b'{"reason": 1}'])
def test_a_damaged_failure_is_no_traceback(entry: Entry, marker: bytes) -> None:
    entry.fail("diverged", "", {})
    (entry.path / "FAILED").write_bytes(marker)
    with pytest.raises(Damaged, match="/FAILED: "):
        entry.failure()


@pytest.mark.parametrize(("level", "name"), [("trainings", KEY), ("samples", key("samples", {"seed": 1}))])
def test_another_entrys_failure_is_none_of_ours(tmp_path: Path, entry: Entry, level: str, name: str) -> None:
    other = Store(tmp_path).entry(level, name)
    for one in (entry, other):
        one.fail("diverged", "", {})
    (entry.path / "FAILED").write_bytes((other.path / "FAILED").read_bytes())
    with pytest.raises(Damaged, match=f"FAILED: belongs to another entry .{level}/{name}."):
        entry.failure()


@pytest.mark.parametrize("copied", [["DONE", "a", "facts.json"], ["DONE", "a"], ["facts.json"]])
def test_another_entrys_copy_does_not_pass_for_an_entry(tmp_path: Path, copied: list[str]) -> None:
    """Whole and unaltered, and made from something else."""
    ours, theirs = (Store(tmp_path).entry("trainings", key("trainings", {"seed": seed})) for seed in (0, 1))
    for seed, each in enumerate((ours, theirs)):
        each.begin({"seed": seed})
        each.write("a", str(seed).encode())
        each.finish({"train_seconds": 1.5})
    for name in copied:
        (ours.path / name).write_bytes((theirs.path / name).read_bytes())
    for look in (lambda: ours.read("a"), ours.verify, ours.facts):
        with pytest.raises(Damaged, match=f"{ours.path.name}/facts.json: "):
            look()
    assert theirs.sound and theirs.read("a") == b"1"


@pytest.mark.parametrize("facts", [b"[1]", b"{", b'{"a": NaN}', b'{"a": ' + b"[" * 1_000_000, None])
def test_an_entry_without_facts_of_its_own_is_damaged(entry: Entry, facts: bytes | None) -> None:
    if facts is not None:
        entry.write("facts.json", facts)
    entry.finish({})
    with pytest.raises(Damaged, match=r"/facts.json: "):
        entry.verify()


def test_files_of_a_predecessor_are_not_published(entry: Entry, tmp_path: Path) -> None:
    Store(tmp_path).entry("samples", KEY).write("old", b"half of a job that was killed")
    entry.write("new", b"1")
    entry.begin({})
    entry.finish({})
    with pytest.raises(Damaged, match="old"):
        entry.read("old")


BAD = ["../x", "/etc/x", "a/b", "", ".", "..", ".hidden", "a\\b", "a b", "a\n", "ä", "x" * 152]


@pytest.mark.parametrize("bad", [*BAD, "DONE", "FAILED"])
def test_names_that_are_not_plain_are_refused(entry: Entry, tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name"):
        entry.write(bad, b"")
    if bad in BAD:
        for level, name in ((bad, KEY), ("samples", bad)):
            with pytest.raises(ValueError, match="cannot be a name"):
                Store(tmp_path).entry(level, name)
        with pytest.raises(ValueError, match="cannot be a name"):
            entry.read(bad)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("function", ["write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_refusing_disk_leaves_the_old_content_and_nothing_else(
    entry: Entry, monkeypatch: pytest.MonkeyPatch, function: str, code: int
) -> None:
    entry.write("a", b"old")
    with monkeypatch.context() as patch:
        refuse_with(code, patch, function)
        with pytest.raises(UserError, match=rf"{KEY}/a: .*{os.strerror(code)}") as raised:
            entry.write("a", b"new")
        with pytest.raises(UserError):
            entry.finish({})
    assert "\n" not in str(raised.value)
    assert os.listdir(entry.path) == ["a"]
    entry.begin({})
    entry.finish({})
    assert entry.read("a") == b"old"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[:7]))
    write_atomic(tmp_path / "a", bytes(range(100)))
    assert (tmp_path / "a").read_bytes() == bytes(range(100))


def test_interruption_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", b"new")
    assert list(tmp_path.iterdir()) == []


def test_content_is_synced_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def watch(function: str) -> None:
        whole = getattr(os, function)

        def watched(*args: object) -> None:
            order.append(function)
            whole(*args)

        monkeypatch.setattr(os, function, watched)

    watch("fsync")
    watch("replace")
    write_atomic(tmp_path / "a", b"new")
    assert order == ["fsync", "replace", "fsync"]  # the file, its name, the folder


def test_really_full_disk(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    try:
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("no right to mount a small file system here")
    except FileNotFoundError:
        pytest.skip("no mount command here")
    try:
        entry = Store(tmp_path).entry("samples", KEY)
        entry.write("a", b"old")
        with pytest.raises(UserError, match=f"samples/{KEY}/a: .*No space left.*free some space"):
            entry.write("a", bytes(200_000))
        assert os.listdir(entry.path) == ["a"]
        entry.begin({})
        entry.finish({})
        assert entry.read("a") == b"old"
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_old_temporary_files_are_swept_and_young_ones_are_not(entry: Entry) -> None:
    entry.write("a", b"1")
    old, young = entry.path / ".a.1.tmp", entry.path / ".a.2.tmp"
    for path, age in ((old, 90_000), (young, 80_000)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))
    entry.write("b", b"2")
    assert not old.exists() and young.exists()
    entry.begin({})
    entry.finish({})
    entry.verify()  # readers do not care


def test_discard_removes_all_but_the_neighbours(entry: Entry, tmp_path: Path) -> None:
    neighbour = Store(tmp_path).entry("samples", f"{KEY}e")
    for each in (entry, neighbour):
        each.write("a", b"1")
        each.begin({})
        each.finish({})
    entry.discard()
    assert os.listdir(tmp_path / "samples") == [f"{KEY}e"] and neighbour.status == "done"
    entry.discard()
    assert entry.status == "missing"
    entry.begin({})
    entry.finish({})
    entry.verify()  # what was written before the discard is not promised any more


def test_discard_takes_the_name_away_before_it_deletes(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    entry.write("a", b"1")
    entry.begin({})
    entry.finish({})
    seen = []
    monkeypatch.setattr("shutil.rmtree", lambda *args, **kwargs: seen.append(entry.status))
    entry.discard()
    assert seen == ["missing"]


def test_prepare_makes_a_folder_that_can_be_written(tmp_path: Path) -> None:
    root = tmp_path / "a" / "b"
    Store(root).prepare()
    Store(root).prepare()
    assert list(root.iterdir()) == []


def test_prepare_leaves_no_new_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "kept").mkdir()
    with pytest.raises(UserError, match="file/b: .*[Nn]ot a directory"):
        Store(tmp_path / "file" / "b").prepare()
    with pytest.raises(UserError, match="file: .*exists"):
        Store(tmp_path / "file").prepare()
    refuse_with(errno.EROFS, monkeypatch, "fsync")
    for root in (tmp_path / "kept" / "b" / "c", tmp_path / "kept"):
        with pytest.raises(UserError, match="Read-only"):
            Store(root).prepare()
    assert sorted(os.listdir(tmp_path)) == ["file", "kept"] and os.listdir(tmp_path / "kept") == []


def test_nothing_is_made_by_looking(entry: Entry, tmp_path: Path) -> None:
    assert entry.status == "missing"
    with pytest.raises(Damaged):
        entry.verify()
    assert list(tmp_path.iterdir()) == []


def test_lock_lies_beside_the_folder(entry: Entry, tmp_path: Path) -> None:
    with entry.lock() as lock:
        assert entry.status == "missing"
        entry.write("a", b"1")
        entry.discard()
        assert not lock.lost and isinstance(lock, Lock)
    assert os.listdir(tmp_path / "samples") == []


def test_concurrent_writers_never_tear_a_file(tmp_path: Path) -> None:
    writers = [start(SCRIBBLE, tmp_path, digit, 40) for digit in (1, 2, 3)]
    path, looks = tmp_path / "samples" / KEY / "a.bin", 0
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            data = path.read_bytes()
            assert len(data) == 300_000 and data == data[:1] * 300_000
            looks += 1
    assert [writer.wait() for writer in writers] == [0, 0, 0] and looks > 0
    assert os.listdir(path.parent) == ["a.bin"]


def test_killed_writer_never_tears_a_file(tmp_path: Path) -> None:
    path = tmp_path / "samples" / KEY / "a.bin"
    for attempt in range(6):
        writer = start(SCRIBBLE, tmp_path, attempt, 10_000)
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(0.03 + 0.007 * attempt)
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
        data = path.read_bytes()
        assert len(data) == 300_000 and data == data[:1] * 300_000
    entry = Store(tmp_path).entry("samples", KEY)
    assert entry.status == "partial"
    entry.write("a.bin", b"after")
    entry.begin({})
    entry.finish({})
    assert entry.read("a.bin") == b"after"


def test_jobs_with_the_same_key_work_once(tmp_path: Path) -> None:
    jobs = [start(WHOLE_JOB, tmp_path, digit) for digit in (1, 2, 3)]
    said = [job.communicate(timeout=60)[0] for job in jobs]
    assert sorted(said) == ["", "", "worked\n"] and [job.returncode for job in jobs] == [0, 0, 0]
    entry = Store(tmp_path).entry("samples", KEY)
    assert entry.read("a") == entry.facts()["by"].encode() * 1000


ARRAYS = {
    "image": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "scalar": np.array(1.5),
    "none": np.zeros((0, 3), np.float32),
    "ids": np.array(["a", "bcd"]),
    "name": np.array([True, False]),
}


def test_arrays_are_read_as_they_were_written(entry: Entry) -> None:
    write_npz(entry, "a.npz", **ARRAYS)
    entry.begin({})
    entry.finish({})
    found = read_npz(entry, "a.npz")
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_same_arrays_same_bytes(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npz(entry, "a.npz", **ARRAYS)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda *args: time.gmtime(2e9))
    turned = {name: np.asfortranarray(array) if array.ndim else array for name, array in ARRAYS.items()}
    write_npz(entry, "b.npz", **dict(reversed(turned.items())))
    entry.begin({})
    entry.finish({})
    assert entry.read("a.npz") == entry.read("b.npz")
    other = Entry(entry.path.parent.parent / "references" / key("references", {}))
    write_npz(other, "a.npz", **(ARRAYS | {"scalar": np.array(1.5, np.float32)}))
    other.begin({})
    other.finish({})
    assert entry.read("a.npz") != other.read("a.npz")


def test_objects_are_refused(entry: Entry) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        write_npz(entry, "a.npz", a=np.array([{}], dtype=object))
    assert entry.status == "missing"
