"""The command line of sweeps: ``python -m sweeps plan|status|retry|cancel|logs|collect|gc``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from errors import CommandParser, UserError, page, visible
from harness.config.commandline import read, results_dir
from harness.config.results_folder import results_folder
from harness.planning.plan import plan
from harness.progress import say
from sweeps import retry as again
from sweeps.folder import sweep_folder
from sweeps.gc import collect as gc
from sweeps.gc.removal import remove
from sweeps.progress import status as progress
from sweeps.progress.logs import logs
from sweeps.progress.preview import preview
from sweeps.progress.show import show
from sweeps.progress.state import Sweep

EPILOG = "A sweep is named by its folder in RESULTS/sweeps; without a name the newest is meant."


def parser() -> CommandParser:
    """The commands and their options."""
    whole = CommandParser(prog="python -m sweeps", description="Sweeps: planned, watched, repeated.", epilog=EPILOG)
    commands = whole.add_subparsers(dest="command", required=True, parser_class=CommandParser, metavar="COMMAND")
    commands.add_parser("plan", help="what a command line of run.py would do; takes the same words", add_help=False)
    status = commands.add_parser("status", help="done, running, waiting, failed; time and GPU-hours spent and left")
    status.add_argument("--watch", action="store_true", help="a live table until nobody will do any more")
    retry = commands.add_parser("retry", help="do again what failed or was stopped")
    cancel = commands.add_parser("cancel", help="end what waits or runs; what is done stays")
    log = commands.add_parser("logs", help="the ends of the logs of the jobs that make something")
    log.add_argument("key", metavar="KEY", help="a key of a run, training or samples, or its beginning, or a job's id")
    collect = commands.add_parser("collect", help="table, pictures and report of what is done by now")
    for command in (status, retry, cancel, log, collect):
        command.add_argument("sweep", nargs="?", default="", metavar="SWEEP", help="its name (default: the newest)")
    retry.add_argument("settings", nargs="*", metavar="SETTING=VALUE", help="of the launcher: restarts=2")
    free = commands.add_parser("gc", help="remove what nothing needs: old checkpoints, leftovers of killed jobs")
    free.add_argument("--older", type=float, default=14, metavar="DAYS", help="checkpoints untouched so long (14)")
    free.add_argument(
        "--quota", default="", metavar="SIZE", help="also remove what no record needs, down to this: 20GB"
    )
    for command in (retry, cancel, free):
        command.add_argument("--dry-run", action="store_true", help="tell what would be done, and do nothing")
    for command in (status, retry, cancel, log, collect, free):
        command.add_argument("--results", default="results", help="the folder of results (default: results)")
    return whole


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit status: 0, 1 where points failed, or 2 for what the user can mend."""
    try:
        if arguments and arguments[0] == "plan":  # its words are run.py's, flags and all
            command = read(arguments[1:])
            return _print(preview([plan(point) for point in command.points], results_dir(command)))
        chosen = parser().parse_args(_apart(arguments))
        root = results_folder(chosen.results)
        if chosen.command == "gc":
            return _gc(root, chosen)
        return COMMANDS[chosen.command](Sweep(root, sweep_folder(root, chosen.sweep)), chosen)
    except UserError as error:
        sys.stderr.write(f"error: {visible(str(error))}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _apart(arguments: Sequence[str]) -> list[str]:
    """``retry`` without a name but with settings: the empty name stands for the newest sweep."""
    words = list(arguments)
    named = [word for word in words[1:] if not word.startswith("-")]
    if words and words[0] == "retry" and named and "=" in named[0]:
        words.insert(words.index(named[0]), "")
    return words


def _print(text: str) -> int:
    sys.stdout.write(text + "\n")
    return 0


def _status(sweep: Sweep, chosen: argparse.Namespace) -> int:
    if chosen.watch:
        progress.watch(sweep.root, sweep.folder)
        sweep = Sweep(sweep.root, sweep.folder)
    return _print(progress.status(sweep))


def _retry(sweep: Sweep, chosen: argparse.Namespace) -> int:
    if chosen.dry_run:
        lost = [row for row in sweep.lost() if row["status"] != "identity"]
        return _print(page([*(" ".join(row["overrides"]) for row in lost), f"{len(lost)} points"]))
    if not again.retry(sweep, chosen.settings):
        say("nothing failed or was stopped")
        return 0
    if progress.elsewhere(Sweep(sweep.root, sweep.folder)):
        say(f"python -m sweeps status --watch {sweep.folder.name}{progress.results_words(sweep.root)}")
        return 0
    return show(sweep.root, sweep.folder, [], report=True)


def _cancel(sweep: Sweep, chosen: argparse.Namespace) -> int:
    if chosen.dry_run:
        return _print(progress.status(sweep) + "\nnothing was cancelled")
    name = f"{sweep.folder.name}{progress.results_words(sweep.root)}"
    say(f"{again.cancel(sweep)} jobs cancelled; python -m sweeps retry {name} goes on with them")
    return 0


def _gc(root: Path, chosen: argparse.Namespace) -> int:
    quota = gc.parse_size(chosen.quota) if chosen.quota else None
    found = gc.collectable(root, chosen.older, quota)
    return _print(gc.text(found, None if chosen.dry_run else remove(root, found.garbage)))


COMMANDS: dict[str, Callable[[Sweep, argparse.Namespace], int]] = {
    "status": _status,
    "retry": _retry,
    "cancel": _cancel,
    "logs": lambda sweep, chosen: _print(logs(sweep, chosen.key)),
    "collect": lambda sweep, chosen: show(sweep.root, sweep.folder, [], report=True),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
