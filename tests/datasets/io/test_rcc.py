from __future__ import annotations

import struct
import zlib

import pytest

from datasets.io.rcc import read_member
from errors import UserError

FILES = {"a/b/one.txt": b"first", "a/two.txt": b"second" * 50, "three.txt": b"", "a/b/ö": b"letters"}


def pack(files, version=2, compressed=()):
    """A resource collection as Qt's rcc lays it out: nodes breadth first, names, contents."""
    tree = {}
    for path, content in files.items():
        *folders, name = path.split("/")
        inner = tree
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[name] = (content, path in compressed)
    nodes, names, contents = [("", tree)], b"", b""
    records, first = [], 1
    for name, node in nodes:  # grows while it is walked
        offset = len(names)
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
        if isinstance(node, dict):
            nodes += list(node.items())
            records.append(struct.pack(">IHII", offset, 2, len(node), first))
            first += len(node)
        else:
            content = struct.pack(">I", len(node[0])) + zlib.compress(node[0]) if node[1] else node[0]
            records.append(struct.pack(">IHHHI", offset, int(node[1]), 0, 0, len(contents)))
            contents += struct.pack(">I", len(content)) + content
    records = [record + b"\0" * (8 if version > 1 else 0) for record in records]
    head = 20 + (4 if version > 2 else 0)
    starts = (head, head + sum(map(len, records)), head + sum(map(len, records)) + len(contents))
    return struct.pack(">4s4I", b"qres", version, *starts) + b"\0" * (head - 20) + b"".join(records) + contents + names


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("compressed", [(), tuple(FILES)])
def test_every_member_comes_back(version, compressed):
    data = pack(FILES, version, compressed)
    for path, content in FILES.items():
        assert read_member(data, path, "x.rcc") == content


@pytest.mark.parametrize("member", ["a", "a/b", "nothing", "a/b/one.txt/more", ""])
def test_what_is_no_file_in_it_is_named(member):
    with pytest.raises(UserError, match=rf"^x\.rcc: no {member} can be read from it .*fetch the package again$"):
        read_member(pack(FILES), member, "x.rcc")


def test_damage_is_one_line_wherever_it_is():
    data = pack(FILES, compressed=("a/two.txt",))
    for damaged in (b"", data[:30], b"\x89PNG" + data[4:], data[:4] + struct.pack(">I", 9) + data[8:]):
        with pytest.raises(UserError, match=r"^x\.rcc: no a/two\.txt can be read"):
            read_member(damaged, "a/two.txt", "x.rcc")
    start = data.index(zlib.compress(FILES["a/two.txt"]))
    with pytest.raises(UserError, match=r"^x\.rcc: no a/two\.txt can be read"):
        read_member(data[:start] + b"garbage" + data[start + 7 :], "a/two.txt", "x.rcc")
