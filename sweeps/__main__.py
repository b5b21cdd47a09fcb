"""The command line of sweeps: ``python -m sweeps plan|status|retry|cancel|logs|collect|gc``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from errors import CommandParser, UserError, visible

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
    logs = commands.add_parser("logs", help="the ends of the logs of the jobs that make something")
    logs.add_argument("key", metavar="KEY", help="a key of a run, training or samples, or its beginning, or a job's id")
    collect = commands.add_parser("collect", help="table, pictures and report of what is done by now")
    for command in (status, retry, cancel, logs, collect):
        command.add_argument("sweep", nargs="?", default="", metavar="SWEEP", help="its name (default: the newest)")
    retry.add_argument("settings", nargs="*", metavar="SETTING=VALUE", help="of the launcher: restarts=2")
    gc = commands.add_parser("gc", help="remove what nothing needs: old checkpoints, leftovers of killed jobs")
    gc.add_argument("--older", type=float, default=14, metavar="DAYS", help="checkpoints untouched so long (14)")
    gc.add_argument("--quota", default="", metavar="SIZE", help="also remove what no record needs, down to this: 20GB")
    for command in (retry, cancel, gc):
        command.add_argument("--dry-run", action="store_true", help="tell what would be done, and do nothing")
    for command in (status, retry, cancel, logs, collect, gc):
        command.add_argument("--results", default="results", help="the folder of results (default: results)")
    return whole


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit status: 0, 1 where points failed, or 2 for what the user can mend."""
    from sweeps.commands import COMMANDS, plan_words

    try:
        if arguments and arguments[0] == "plan":  # its words are run.py's, flags and all
            sys.stdout.write(plan_words(arguments[1:]) + "\n")
            return 0
        chosen = parser().parse_args(_apart(arguments))
        return COMMANDS[chosen.command](chosen)
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
