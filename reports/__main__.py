"""The command line of reports: ``python -m reports build|compare|export``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from errors import UserError, page, visible
from reports.records.select import located

FORMATS = "csv,tex,md,parquet"
PLAIN = str.maketrans({"↑": "^", "↓": "v", "–": "-", "−": "-", "≥": ">=", "─": "-"})  # where output can't show them
CONDITION = "a run's key or its beginning, or a condition such as method=rddm,sampler.eta=0"


class _Parser(argparse.ArgumentParser):
    """Tells an error in one line, with where help is."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {visible(message)}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = _Parser(prog="python -m reports", description="Reports of what was run, read from the disk.")
    commands = whole.add_subparsers(dest="command", required=True, parser_class=_Parser, metavar="COMMAND")
    build = commands.add_parser("build", help="write report.html, report.md with figures, LaTeX tables, CSV, Parquet")
    export = commands.add_parser("export", help="write the main table: table.csv, table.tex, table.md, table.parquet")
    for command in (build, export):
        command.add_argument("target", metavar="RESULTS_OR_SWEEP", help="a folder of results (all records), or a sweep")
        command.add_argument("--baseline", default="", metavar="method=ddim", help="what the others are compared with")
        command.add_argument("--results", default="results", help="where a sweep is looked up by name")
        command.add_argument("--out", type=Path, help="the folder to write to (default: report/ in the target)")
    export.add_argument("--format", default="csv", metavar=FORMATS, help="one or more, with commas (default: csv)")
    compare = commands.add_parser("compare", help="the paired difference of two runs or conditions, on every metric")
    for name in "AB":
        compare.add_argument(name, help=CONDITION)
    compare.add_argument("--results", default="results", help="the folder of results (default: results)")
    return whole


def _build(arguments: argparse.Namespace) -> str:
    root, sweep = located(arguments.target, arguments.results)
    from reports.build import build

    return f"report: {build(root, sweep, arguments.baseline, arguments.out)}"


def _export(arguments: argparse.Namespace) -> str:
    from reports.build import analysed
    from reports.writers.export import checked, export

    formats = checked(arguments.format.split(","))
    root, sweep = located(arguments.target, arguments.results)
    folder = arguments.out or (root / "sweeps" / sweep if sweep else root) / "report"
    return "\n".join(f"table: {path}" for path in export(analysed(root, sweep, arguments.baseline), formats, folder))


def _compare(arguments: argparse.Namespace) -> str:
    root, sweep = located(arguments.results, arguments.results)
    from reports.analysis.compare import compare
    from reports.writers.lines import lines

    del sweep  # the runs are named one by one
    return "\n\n".join(lines(sheet) for sheet in compare(root, arguments.A, arguments.B))


COMMANDS = {"build": _build, "export": _export, "compare": _compare}


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit status: 0, or 2 for what the user can mend."""
    chosen = parser().parse_args(arguments)
    try:
        told = COMMANDS[chosen.command](chosen)
    except UserError as error:
        sys.stderr.write(f"error: {visible(str(error))}\n")
        return 2
    told = page(told.split("\n"))
    encoding = sys.stdout.encoding or "utf-8"
    try:
        told.encode(encoding)
    except UnicodeEncodeError:
        told = told.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
