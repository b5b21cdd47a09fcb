"""What the commands of ``python -m sweeps`` do, each an exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from errors import page
from harness.config.commandline import read, results_dir
from harness.config.results_folder import results_folder
from harness.planning.plan import plan
from harness.progress import say
from sweeps.folder import sweep_folder
from sweeps.gc import collect as gc
from sweeps.gc.removal import remove
from sweeps.progress.logs import logs
from sweeps.progress.preview import preview
from sweeps.progress.show import show
from sweeps.progress.state import Sweep
from sweeps.progress.status import elsewhere, results_words, status, watch
from sweeps.retry import cancel, retry


def plan_words(arguments: Sequence[str]) -> str:
    """What a command line of ``run.py`` would do."""
    command = read(arguments)
    return preview([plan(point) for point in command.points], results_dir(command))


def _sweep(chosen: argparse.Namespace) -> Sweep:
    root = results_folder(chosen.results)
    return Sweep(root, sweep_folder(root, chosen.sweep))


def _print(text: str) -> int:
    sys.stdout.write(text + "\n")
    return 0


def _status(chosen: argparse.Namespace) -> int:
    sweep = _sweep(chosen)
    if chosen.watch:
        watch(sweep.root, sweep.folder)
        sweep = Sweep(sweep.root, sweep.folder)
    return _print(status(sweep))


def _retry(chosen: argparse.Namespace) -> int:
    sweep = _sweep(chosen)
    if chosen.dry_run:
        lost = [row for row in sweep.lost() if row["status"] != "identity"]
        return _print(page([*(" ".join(row["overrides"]) for row in lost), f"{len(lost)} points"]))
    if not retry(sweep, chosen.settings):
        say("nothing failed or was stopped")
        return 0
    if elsewhere(Sweep(sweep.root, sweep.folder)):
        say(f"python -m sweeps status --watch {sweep.folder.name}{results_words(sweep.root)}")
        return 0
    return show(sweep.root, sweep.folder, [], report=True)


def _cancel(chosen: argparse.Namespace) -> int:
    sweep = _sweep(chosen)
    if chosen.dry_run:
        return _print(status(sweep) + "\nnothing was cancelled")
    name = f"{sweep.folder.name}{results_words(sweep.root)}"
    say(f"{cancel(sweep)} jobs cancelled; python -m sweeps retry {name} goes on with them")
    return 0


def _collect(chosen: argparse.Namespace) -> int:
    sweep = _sweep(chosen)
    return show(sweep.root, sweep.folder, [], report=True)


def _gc(chosen: argparse.Namespace) -> int:
    root = results_folder(chosen.results)
    quota = gc.parse_size(chosen.quota) if chosen.quota else None
    found = gc.collectable(root, chosen.older, quota)
    return _print(gc.text(found, None if chosen.dry_run else remove(root, found.garbage)))


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "status": _status,
    "retry": _retry,
    "cancel": _cancel,
    "logs": lambda chosen: _print(logs(_sweep(chosen), chosen.key)),
    "collect": _collect,
    "gc": _gc,
}
