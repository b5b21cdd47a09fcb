"""Where the parts of a published data set lie in a local copy, and which files belong together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from datasets.io.listing import SUFFIXES, safe, walk
from datasets.io.reading import upright_size
from errors import UserError


@dataclass(frozen=True, slots=True)
class ItemFiles:
    """The files of one item, relative to the copy's root; ``id`` and ``source`` as in `datasets.base.Item`."""

    id: str
    clean: str
    degraded: str = ""
    mask: str = ""
    source: str = ""

    def files(self) -> list[str]:
        """What there is of the three."""
        return [name for name in dict.fromkeys((self.clean, self.degraded, self.mask)) if name]


class LocalCopy:
    """A local copy of a published data set, which finds its parts or says in one line which one is missing.

    ``name``       of the data set, as in ``dataset=NAME``.
    ``extent``     "whole": each part must have as many pictures as were published; "part": what is there is used.
    ``published``  the data set in words: authors, venue, the archive's name.
    """

    def __init__(self, name: str, root: str, extent: str, published: str) -> None:
        self.name, self.extent, self.published = name, extent, published
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
        names = " or ".join("a picture in it" if choice == "." else choice for choice in choices)
        raise UserError(f"dataset={self.name}: {self.root}: {names} is missing; it is part of {self.published}")

    def pictures(
        self, folder: str, count: int = 0, *, suffixes: tuple[str, ...] = SUFFIXES, deep: bool = False
    ) -> list[str]:
        """The pictures of a folder by name, relative to the root; ``count`` is how many were published, 0 unknown."""
        place = self.root / folder
        if not place.is_dir():
            raise UserError(f"dataset={self.name}: {place} is missing; it is part of {self.published}")
        prefix = "" if folder == "." else f"{folder}/"
        names = sorted(prefix + name for name in walk(place, suffixes, deep))
        if not names:
            raise UserError(f"dataset={self.name}: {place} has no pictures; put those of {self.published} there")
        self.check_count(len(names), count, str(place))
        return names

    def check_count(self, number: int, count: int, where: str) -> None:
        """`UserError` where a whole copy was promised and the number of pictures is not the published one."""
        if self.extent == "whole" and count and number != count:
            raise UserError(
                f"dataset={self.name}: {where} has {number} pictures, {count} were published: "
                "mend the copy, or say dataset.copy=part to use what is there"
            )

    def check_sizes(self, items: Iterable[ItemFiles], size_of: Callable[[Path], tuple[int, int]]) -> None:
        """`UserError` at the first file that is not as large as the clean picture that it belongs to."""
        for item in items:
            sizes = {name: size_of(self.root / name) for name in item.files()}
            for name, size in sizes.items():
                if size != sizes[item.clean]:
                    height, width = sizes[item.clean]
                    raise UserError(
                        f"{self.root / name}: {size[1]}x{size[0]}, but {item.clean} is {width}x{height}; "
                        "they must be the same size"
                    )

    def singles(self, split: str, folder: str, count: int) -> list[ItemFiles]:
        """Clean pictures that stand alone, called and ordered by their names, whatever subfolders they lie in."""
        return singles(split, self.pictures(folder, count, deep=folder != "."))

    def matched(self, split: str, count: int, endings: tuple[str, ...] = (), **folders: str) -> list[ItemFiles]:
        """One item for each file name that all ``folders`` (clean=, degraded=, mask=) have; ``count`` pictures each.

        ``endings`` are what the names of each folder end with beside that: ("_clean", "_rain").
        """
        ends = endings or ("",) * len(folders)
        parts = zip(folders.items(), ends, strict=True)
        return self.joined(split, {part: stems(self.pictures(name, count), end) for (part, name), end in parts})

    def joined(self, split: str, parts: Mapping[str, Mapping[str, str]]) -> list[ItemFiles]:
        """One item for each key that all parts have; `UserError` at a file without the others."""
        everything = set().union(*parts.values())
        for part, files in parts.items():
            lacking = sorted(everything - files.keys())
            if lacking:
                other = next(files[lacking[0]] for files in parts.values() if lacking[0] in files)
                folder = PurePosixPath(next(iter(files.values()))).parent
                raise UserError(
                    f"{self.root / other}: has no {part} picture of that name in {folder}; add it or remove this file"
                )
        items = [
            ItemFiles(safe(f"{split}-{key}"), **{part: files[key] for part, files in parts.items()})
            for key in sorted(everything)
        ]
        self.check_sizes(items, upright_size)
        return items

    def numbered(self, folder: str, count: int, first_test: int) -> tuple[list[ItemFiles], list[ItemFiles]]:
        """(training, tests) of pictures named by numbers in 0..count-1: those from ``first_test`` on are the tests."""
        names: dict[int, str] = {}
        for name in self.pictures(folder, count, deep=folder != "."):
            stem = stem_of(name)
            number = int(stem) if stem.isascii() and stem.isdecimal() else count
            if number >= count:
                raise UserError(
                    f"{self.root / name}: not named by a number below {count}, which decides the split; move it away"
                )
            if number in names:
                raise UserError(f"{self.root / name}: has the same name as {names[number]}; remove one of them")
            names[number] = name
        training = [ItemFiles(f"train-{key:05d}", name) for key, name in sorted(names.items()) if key < first_test]
        tests = [ItemFiles(f"test-{key:05d}", name) for key, name in sorted(names.items()) if key >= first_test]
        for items, what in ((training, f"below {first_test} to train on"), (tests, f"from {first_test} on to test on")):
            if not items:
                raise UserError(f"dataset={self.name}: {self.root / folder} has no picture {what}; add some")
        return training, tests


def stem_of(name: str) -> str:
    """The file's name without folders and suffix; of a million names, ten times as fast as `pathlib`."""
    return name.rpartition("/")[2].rpartition(".")[0]


def stems(names: Iterable[str], ending: str = "") -> dict[str, str]:
    """The files by their name without suffix and ``ending``: ``{"7": "gt/7_clean.png"}``; `UserError` at a second."""
    files: dict[str, str] = {}
    for name in names:
        key = stem_of(name).removesuffix(ending)
        if key in files:
            raise UserError(f"{name}: has the same name as {files[key]}; remove one of them")
        files[key] = name
    return files


def singles(split: str, names: Iterable[str]) -> list[ItemFiles]:
    """An item of each clean picture, called and ordered by its name."""
    items = [ItemFiles(safe(f"{split}-{stem_of(name)}"), name) for name in names]
    return sorted(items, key=lambda item: item.id)


def by_scene(items: Iterable[ItemFiles]) -> list[ItemFiles]:
    """Items of which several show one scene: their ids are the scene's name and, behind the last "-", a number."""
    return [replace(item, source=item.id.rpartition("-")[0]) for item in items]
