"""The command line of reports: ``python -m reports build|compare|export``."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from errors import CommandParser, UserError, page, visible
from reports.records.select import located
from reports.writers.terminal import encodable

FORMATS = "csv,tex,md,parquet"
WIDE = 10_000  # characters: a comparison is never broken
CONDITION = "a run's key or its beginning, or a condition such as method=rddm,sampler.eta=0"


def parser() -> CommandParser:
    """The commands and their options."""
    whole = CommandParser(prog="python -m reports", description="Reports of what was run, read from the disk.")
    commands = whole.add_subparsers(dest="command", required=True, parser_class=CommandParser, metavar="COMMAND")
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


def _build(arguments: Namespace) -> str:
    root, sweep = located(arguments.target, arguments.results)
    from reports.build import build

    return f"report: {build(root, sweep, arguments.baseline, arguments.out)}"


def _export(arguments: Namespace) -> str:
    from reports.build import analysis_of, folder_of
    from reports.writers.export import checked, export

    formats = checked(arguments.format.split(","))
    root, sweep = located(arguments.target, arguments.results)
    report = analysis_of(root, sweep, arguments.baseline)
    paths = export(report, formats, arguments.out or folder_of(root, sweep))
    return "\n".join(f"table: {path}" for path in paths)


def _compare(arguments: Namespace) -> str:
    root, _ = located(arguments.results, arguments.results)
    from reports.analysis.compare import compare
    from reports.writers.terminal import show

    return "\n\n".join(show(table, WIDE) for table in compare(root, arguments.A, arguments.B))


COMMANDS = {"build": _build, "export": _export, "compare": _compare}


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit status: 0, or 2 for what the user can mend."""
    chosen = parser().parse_args(arguments)
    try:
        output = COMMANDS[chosen.command](chosen)
    except UserError as error:
        sys.stderr.write(f"error: {visible(str(error))}\n")
        return 2
    sys.stdout.write(f"{encodable(page(output.split(chr(10))))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
