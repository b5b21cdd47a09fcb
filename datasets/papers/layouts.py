"""Where the parts of a published data set lie in a local copy, and which files belong together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from datasets.io.listing import SUFFIXES, safe, walk
from datasets.io.reading import upright_size
from errors import UserError


@dataclass(frozen=True, slots=True)
class Shot:
    """The files of one item, relative to the copy's root; ``id`` and ``source`` as in `datasets.base.Item`."""

    id: str
    clean: str
    degraded: str = ""
    mask: str = ""
    source: str = ""

    def files(self) -> list[str]:
        """What there is of the three."""
        return [name for name in dict.fromkeys((self.clean, self.degraded, self.mask)) if name]


class Place:
    """A local copy of a published data set, which finds its parts or says in one line which one is missing.

    ``name``       of the data set, as in ``dataset=NAME``.
    ``copy``       "whole": each part must have as many pictures as were published; "part": what is there is used.
    ``published``  the data set in words: authors, venue, the archive's name.
    """

    def __init__(self, name: str, root: str, copy: str, published: str) -> None:
        self.name, self.copy, self.published = name, copy, published
        if not root:
            raise UserError(f"dataset={name}: dataset.root=FOLDER is needed, a copy of {published}")
        self.root = Path(root).expanduser()
        if not self.root.is_dir():
            raise UserError(f"dataset={name}: dataset.root={root}: no such folder; put a copy of {published} there")

    def folder(self, *choices: str) -> str:
        """The first of these folders that there is, relative to the root; "." where the root itself has pictures."""
        return self._first(lambda place: place.is_dir() and (place != self.root or any(walk(place))), choices)

    def file(self, *choices: str) -> str:
        """The first of these files that there is, relative to the root."""
        return self._first(Path.is_file, choices)

    def _first(self, is_there: Callable[[Path], bool], choices: Collection[str]) -> str:
        for choice in choices:
            if is_there(self.root / choice):
                return choice
        wanted = " or ".join("a picture in it" if choice == "." else choice for choice in choices)
        raise UserError(f"dataset={self.name}: {self.root}: {wanted} is missing; it is part of {self.published}")

    def pictures(
        self, folder: str, count: int = 0, *, suffixes: tuple[str, ...] = SUFFIXES, deep: bool = False
    ) -> list[str]:
        """The pictures of a folder by name, relative to the root; ``count`` is how many were published, 0 unknown."""
        place = self.root / folder
        if not place.is_dir():
            raise UserError(f"dataset={self.name}: {place} is missing; it is part of {self.published}")
        prefix = "" if folder == "." else f"{folder}/"
        found = sorted(prefix + name for name in walk(place, suffixes, deep))
        if not found:
            raise UserError(f"dataset={self.name}: {place} has no pictures; put those of {self.published} there")
        self.check(len(found), count, str(place))
        return found

    def check(self, found: int, count: int, where: str) -> None:
        """`UserError` where a whole copy was promised and the number of pictures is not the published one."""
        if self.copy == "whole" and count and found != count:
            raise UserError(
                f"dataset={self.name}: {where} has {found} pictures, {count} were published: "
                "mend the copy, or say dataset.copy=part to use what is there"
            )

    def same_size(self, shots: Iterable[Shot], size_of: Callable[[Path], tuple[int, int]] = upright_size) -> None:
        """`UserError` at the first file that is not as large as the clean picture that it belongs to."""
        for shot in shots:
            sizes = {name: size_of(self.root / name) for name in shot.files()}
            for name, size in sizes.items():
                if size != sizes[shot.clean]:
                    height, width = sizes[shot.clean]
                    raise UserError(
                        f"{self.root / name}: {size[1]}x{size[0]}, but {shot.clean} is {width}x{height}; "
                        "they must be the same size"
                    )


def stem_of(name: str) -> str:
    """The file's name without folders and suffix; of a million names, ten times as fast as `pathlib`."""
    return name.rpartition("/")[2].rpartition(".")[0]


def stems(names: Iterable[str], ending: str = "") -> dict[str, str]:
    """The files by their name without suffix and ``ending``: ``{"7": "gt/7_clean.png"}``; `UserError` at a second."""
    found: dict[str, str] = {}
    for name in names:
        key = stem_of(name).removesuffix(ending)
        if key in found:
            raise UserError(f"{name}: has the same name as {found[key]}; remove one of them")
        found[key] = name
    return found


def singles(split: str, names: Iterable[str]) -> list[Shot]:
    """Clean pictures that stand alone, called and ordered by their names, whatever subfolders they lie in."""
    shots = [Shot(safe(f"{split}-{stem_of(name)}"), name) for name in names]
    return sorted(shots, key=lambda shot: shot.id)


def without_truth(names: Iterable[str]) -> list[Shot]:
    """Test items of a set that has degraded pictures only: ``clean`` is the same picture (its fact: truth = False)."""
    return [replace(shot, degraded=shot.clean) for shot in singles("test", names)]


def matched(place: Place, split: str, **parts: Mapping[str, str]) -> list[Shot]:
    """One shot for each key that all parts (clean, degraded, mask) have; `UserError` at a file without the others."""
    everything = set().union(*parts.values())
    for part, files in parts.items():
        lacking = sorted(everything - files.keys())
        if lacking:
            other = next(files[lacking[0]] for files in parts.values() if lacking[0] in files)
            folder = PurePosixPath(next(iter(files.values()))).parent
            raise UserError(
                f"{place.root / other}: has no {part} picture of that name in {folder}; add it or remove this file"
            )
    shots = [
        Shot(safe(f"{split}-{key}"), **{part: files[key] for part, files in parts.items()})
        for key in sorted(everything)
    ]
    place.same_size(shots)
    return shots


def by_scene(shots: Iterable[Shot]) -> list[Shot]:
    """Shots of which several show one scene: their ids are the scene's name and, behind the last "-", a number."""
    return [replace(shot, source=shot.id.rpartition("-")[0]) for shot in shots]


def numbered(place: Place, folder: str, count: int, first_test: int) -> tuple[list[Shot], list[Shot]]:
    """(training, tests) of pictures named by numbers in 0..count-1: those from ``first_test`` on are the tests."""
    names: dict[int, str] = {}
    for name in place.pictures(folder, count, deep=folder != "."):
        stem = stem_of(name)
        number = int(stem) if stem.isascii() and stem.isdecimal() else count
        if number >= count:
            raise UserError(
                f"{place.root / name}: not named by a number below {count}, which decides the split; move it away"
            )
        if number in names:
            raise UserError(f"{place.root / name}: has the same name as {names[number]}; remove one of them")
        names[number] = name
    training = [Shot(f"train-{number:05d}", name) for number, name in sorted(names.items()) if number < first_test]
    tests = [Shot(f"test-{number:05d}", name) for number, name in sorted(names.items()) if number >= first_test]
    for shots, what in ((training, f"below {first_test} to train on"), (tests, f"from {first_test} on to test on")):
        if not shots:
            raise UserError(f"dataset={place.name}: {place.root / folder} has no picture {what}; add some")
    return training, tests
