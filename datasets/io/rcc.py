"""Files inside a Qt resource collection (.rcc), which some Debian packages keep their pictures in."""

from __future__ import annotations

import struct
import zlib

from errors import UserError

_MAGIC = b"qres"
_COMPRESSED, _FOLDER, _ZSTD = 1, 2, 4  # flags of a node


def read_member(data: bytes, member: str, name: str) -> bytes:
    """The content of ``member``, a path with "/" without one in front; ``name`` is the collection's, for messages.

    `UserError` where the data are no resource collection of format 1 to 3, or hold no such member.
    """
    try:
        return _find(data, member)
    except (struct.error, zlib.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{name}: no {member} can be read from it ({error}); fetch the package again") from error


def _find(data: bytes, member: str) -> bytes:
    magic, version, tree, contents, names = struct.unpack_from(">4s4I", data)
    if magic != _MAGIC or not 1 <= version <= 3:
        raise ValueError(f"not a resource collection of format 1 to 3: {magic!r} {version}")
    size = 14 if version == 1 else 22  # from 2 on a node has the time of the last change
    node = 0
    for word in member.split("/"):
        flags, count, first = struct.unpack_from(">4xHII", data, tree + size * node)
        inside = range(first, first + count) if flags & _FOLDER else ()
        matches = [child for child in inside if _name(data, names, tree + size * child) == word]
        if not matches:
            raise ValueError("no such member")
        node = matches[0]
    return _content(data, contents, tree + size * node)


def _name(data: bytes, names: int, node: int) -> str:
    start = names + struct.unpack_from(">I", data, node)[0]
    letters = struct.unpack_from(">H", data, start)[0]  # then four bytes of a hash
    return data[start + 6 : start + 6 + 2 * letters].decode("utf-16-be")


def _content(data: bytes, contents: int, node: int) -> bytes:
    flags, offset = struct.unpack_from(">4xH4xI", data, node)
    if flags & (_FOLDER | _ZSTD):
        raise ValueError("a folder, or compressed with zstd")
    start = contents + offset
    length = struct.unpack_from(">I", data, start)[0]
    content = data[start + 4 : start + 4 + length]
    if len(content) != length:
        raise ValueError("cut off")
    return zlib.decompress(content[4:]) if flags & _COMPRESSED else content
