"""Gathers the photographs of dataset=photographs (files/photographs.csv): out of packages, shrunk, with licences."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from datasets.io import crops
from datasets.io.pixels import from_uint8, to_uint8
from datasets.io.rcc import read_member
from datasets.io.reading import read_rgb
from datasets.sources import photos
from datasets.sources.packages import archive, unpacked
from errors import UserError
from harness.config.words import setting
from harness.store.files import plainly, write_atomic

LIST = Path(__file__).parents[1] / "files" / "photographs.csv"
FACTOR = 2  # nearly all are lossy: their smallest details are the codec's
WHEELS = ("scikit-image", "scikit-learn")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """A row of the list: the photograph's name, its part (train or test), and where it comes from by what right.

    ``path`` is the file's in the package; behind a "!" the member's in a .rcc collection; of a wheel, the name that
    `datasets.sources.photos` knows.
    """

    name: str
    part: str
    package: str
    path: str
    licence: str
    author: str


def sources() -> list[Source]:
    """The list, in its order."""
    with LIST.open(encoding="utf-8", newline="") as lines:
        return [Source(**row) for row in csv.DictReader(lines)]


def prepare(target: Path, cache: Path, without: Iterable[str], say: Say) -> None:
    """Write each photograph to ``target``/train or /test as PNG at half its size, and LICENCES.md beside them.

    What is there already is passed over, so that a broken run can be taken up again; .deb files stay in ``cache``.
    `UserError` in one line for an unknown package in ``without``, and as `datasets.sources.packages` raises it.
    """
    photographs = sources()
    unknown = set(without) - {source.package for source in photographs}
    if unknown:
        names = ", ".join(dict.fromkeys(source.package for source in photographs))
        raise UserError(f"--without {sorted(unknown)[0]}: no such package; there are: {names}")
    photographs = [source for source in photographs if source.package not in without]
    for part in ("train", "test"):
        with plainly(target / part):
            (target / part).mkdir(parents=True, exist_ok=True)
    for package, group in groupby(photographs, key=lambda source: source.package):
        missing = [source for source in group if not place(target, source).exists()]
        if missing:
            say(f"{package}: {len(missing)} photographs")
            _take(missing, target, cache, say)
    _finish(photographs, target, say)


def place(target: Path, source: Source) -> Path:
    """Where a prepared photograph lies."""
    return target / source.part / f"{source.name}.png"


def _take(group: list[Source], target: Path, cache: Path, say: Say) -> None:
    """All of one package or wheel."""
    if group[0].package in WHEELS:
        for source in group:
            _write(read_rgb(photos.locate(photos.PHOTOS[source.path])), place(target, source))
        return
    with unpacked(archive(group[0].package, cache)) as folder:
        for source in group:
            if (folder / source.path.partition("!")[0]).is_file():
                _write(_read(folder, source), place(target, source))
            else:
                say(f"  {source.name}: {source.package} has no {source.path} in this release, passed over")


def _read(folder: Path, source: Source) -> np.ndarray:
    outer, _, member = source.path.partition("!")
    if not member:
        return read_rgb(folder / outer)
    content = read_member((folder / outer).read_bytes(), member, f"{source.package}: {outer}")
    alone = folder / Path(member).name
    with plainly(alone):
        alone.write_bytes(content)
    return read_rgb(alone)


def _write(image: np.ndarray, path: Path) -> None:
    from PIL import Image

    memory = io.BytesIO()
    Image.fromarray(to_uint8(crops.shrink(from_uint8(image), FACTOR))).save(memory, "PNG")
    write_atomic(path, memory.getvalue())


def _finish(photographs: list[Source], target: Path, say: Say) -> None:
    from PIL import Image

    there = [source for source in photographs if place(target, source).exists()]
    pixels = dict.fromkeys(("train", "test"), 0)
    for source in there:
        with Image.open(place(target, source)) as image:
            pixels[source.part] += image.width * image.height
    write_atomic(target / "LICENCES.md", licences(there).encode())
    counts = {part: sum(source.part == part for source in there) for part in pixels}
    parts = ", ".join(f"{counts[part]} to {part} ({pixels[part] / 1e6:.1f} megapixels)" for part in pixels)
    say(f"{len(there)} of {len(photographs)} photographs in {target}: {parts}; rights in {target / 'LICENCES.md'}")
    say(f"use them: python run.py dataset=photographs {setting('dataset.root', str(target))}")


def licences(there: list[Source]) -> str:
    """The table of rights, Markdown."""
    rows = [
        f"| {source.part}/{source.name}.png | {source.package} | `{source.path}` | {source.licence} | {source.author} |"
        for source in there
    ]
    return "\n".join(
        [
            "# Rights in these photographs",
            "",
            "As the packages state them file by file: debian/copyright, or metadata or a licence beside the picture.",
            f"All were shrunk {FACTOR} times (area mean) and saved as PNG; nothing else was changed.",
            "",
            "| file | package | file there | licence | author |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
