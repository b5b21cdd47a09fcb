"""``python -m datasets prepare photos``: data that no package of Python's brings, made ready once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from datasets.sources.gather import prepare
from errors import UserError, visible

ROOT = "data/photographs"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    commands = argparse.ArgumentParser(prog="python -m datasets", description=__doc__)
    photos = (
        commands.add_subparsers(required=True, metavar="prepare")
        .add_parser("prepare", help="gather a data set")
        .add_subparsers(required=True, metavar="photos")
        .add_parser(
            "photos",
            help="free photographs out of Debian packages (downloads 240 MB)",
            description="Downloads Debian packages (240 MB, nothing is installed), takes the photographs whose licence "
            "is stated, shrinks them twice and writes them, split by photograph, with a table of their licences.",
        )
    )
    photos.add_argument("--to", default=ROOT, metavar="FOLDER", help=f"where they go (default: {ROOT})")
    photos.add_argument("--cache", metavar="FOLDER", help="where packages are kept (default: FOLDER/packages)")
    photos.add_argument("--without", action="append", default=[], metavar="PACKAGE", help="leave a package out")
    return commands


def main(words: Sequence[str]) -> int:
    """Run one command; its exit status, 2 with one line on the standard error for what the user can mend."""
    options = parser().parse_args(words)
    console, target = Console(highlight=False, soft_wrap=True), Path(options.to).expanduser()
    cache = Path(options.cache).expanduser() if options.cache else target / "packages"
    try:
        prepare(target, cache, options.without, lambda line: console.print(visible(line), markup=False))
    except UserError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(visible(str(error)), markup=False)
        return 2
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; run it again to go on", markup=False)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
