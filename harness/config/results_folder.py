"""The folder of results that a user names: anywhere on the disk but among the program's own files."""

from __future__ import annotations

from pathlib import Path

from errors import UserError
from registry import ROOT


def results_folder(named: str) -> Path:
    """The absolute path of a folder of results.

    Raises `UserError` for no name at all, for a folder of this checkout that holds code, and for the checkout itself,
    whose sweeps/ would take in those of the results; and for a name that is no text, which Parquet can't open.
    """
    if not named.strip():
        raise UserError("the folder of results has no name; name one, as results_dir=results")
    path = Path(named).absolute()
    if not _encodes(str(path)):
        raise UserError(f"{ascii(str(path))}: its name is not UTF-8; take another folder for the results")
    place = path.resolve()
    if place == ROOT or (ROOT in place.parents and _holds_code(ROOT / place.relative_to(ROOT).parts[0])):
        raise UserError(f"{path}: the program's own files lie there; take another folder, as results_dir=results")
    return path


def _encodes(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


def _holds_code(folder: Path) -> bool:
    return any(folder.glob("*.py")) or any(folder.glob("*/__init__.py"))
