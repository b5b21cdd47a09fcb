"""Whether a frozen copy of the code is what was frozen, file by file.

Imports nothing but the standard library: on a cluster's node the text of this file is run by an isolated interpreter
(``python -I -c TEXT FOLDER SHA256``) before anything of the folder is.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

LIST = ".files"  # in a frozen copy: the sha256 of each file, whose own is the copy's name and goes with a submission


def digest(path: str) -> str:
    """The sha256 of a file."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def damage(folder: str, sha256: str) -> str:
    """The first file below ``folder`` that is not as it was frozen, in a few words; empty where all are.

    ``sha256`` is that of the list. What the list does not name counts too: a module laid beside ours, byte code or a
    link would be run instead.
    """
    try:
        if digest(os.path.join(folder, LIST)) != sha256:
            return os.path.join(folder, LIST) + ": is not what was frozen"
        with open(os.path.join(folder, LIST), encoding="ascii") as file:
            rest: dict[str, str] = {**json.load(file), LIST: sha256}
        for path, folders, names in os.walk(folder):
            for name in sorted(names + [one for one in folders if os.path.islink(os.path.join(path, one))]):
                found = os.path.join(path, name)
                said = _damage(found, rest.pop(os.path.relpath(found, folder).replace(os.sep, "/"), None))
                if said:
                    return said
    except OSError as error:
        return f"{error.filename or folder}: cannot be read ({error.strerror})"
    return "".join(f"{os.path.join(folder, name)}: is missing" for name in sorted(rest)[:1])


def _damage(path: str, sha256: str | None) -> str:
    if sha256 is None or os.path.islink(path):
        return path + ": was not among the frozen files"
    return "" if digest(path) == sha256 else path + ": is not what was frozen"


if __name__ == "__main__":
    said = damage(*sys.argv[1:])
    if said:
        shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in said)
        sys.exit(f"error: {shown}; the frozen code is not run: give the sweep's command again, which copies it anew")
