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
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UserError(f"{ascii(str(path))}: its name is not UTF-8; take another folder for the results") from None
    place = path.resolve()
    top = [folder for folder in (place, *place.parents) if folder.parent == ROOT]
    if place == ROOT or any([*folder.glob("*.py"), *folder.glob("*/__init__.py")] for folder in top):
        raise UserError(f"{path}: the program's own files lie there; take another folder, as results_dir=results")
    return path
