"""The entry point: one run, or ``-m`` for a sweep. ``python run.py --help`` lists every group and option."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from errors import UserError, visible
from harness.config.commandline import Command, Words, from_hydra, parse, read, results_dir
from harness.config.nodes import store_nodes
from harness.config.words import quoted
from harness.execute import execute
from harness.planning.plan import Plan, identity_baseline, plan
from harness.progress import say
from harness.store.ensure import PointFailed
from harness.store.entries import Entry, Store
from sweeps.folder import list_points
from sweeps.graph import graph, with_identity_baselines
from sweeps.launchers.driver import driving
from sweeps.launchers.launch import REFUSED
from sweeps.progress.collect import folder_of
from sweeps.progress.notes import notes
from sweeps.progress.planned import planned
from sweeps.progress.show import show, show_unwritable
from sweeps.progress.status import elsewhere, results_words, watch

INTERRUPTED = 130  # the exit status, as shells have it


def job(config: DictConfig) -> None:
    """One point, as Hydra's launchers call it. Never raises: what went wrong is marked in the store."""
    words = OmegaConf.to_container(HydraConfig.get().overrides.task)
    assert isinstance(words, list)
    store_nodes()  # some launchers call this in a process that has only imported it
    failed: Entry | None = None
    try:
        say(f"--- {' '.join(words) or 'the default run'}")
        point = from_hydra(config, words)
        store = Store(Path(point.values["results_dir"]).absolute())
        made = plan(point)
        failed = store.entry("failures", made.run)
        failed.discard()
        for wanted in (made, identity_baseline(point)):
            if wanted is not None:
                execute(wanted, store)
    except (PointFailed, UserError) as error:
        _mark(failed, str(error), words)
    except Exception as error:
        _mark(failed, f"{type(error).__name__}: {error}", words)


def _mark(failed: Entry | None, reason: str, words: Sequence[str]) -> None:
    """Tell and keep why a point failed; a disk that takes no marker changes nothing for the other points."""
    say(f"failed: {reason}")
    if failed is not None:
        with suppress(UserError):
            failed.fail(reason, traceback.format_exc(), {"overrides": list(words)})


def start(arguments: Sequence[str]) -> None:
    """Hand the arguments to Hydra, whose launcher calls `job` for each point."""
    sys.argv[1:] = arguments
    store_nodes()
    hydra.main(version_base="1.3", config_path="pkg://sweeps", config_name="run")(job)()


def main(arguments: Sequence[str]) -> int:
    """Check the whole command line, run its points, show what came out."""
    try:
        if {"-h", "--help"} & set(arguments):
            from harness.config.help import text

            sys.stdout.write(text(parse(arguments).overrides) + "\n")
            return 0
        words = parse(arguments)
        if words.asks_hydra:
            start(arguments)
            return 0
        command = read(arguments)
        plans = [plan(point) for point in command.points]
        if words.dry_run:
            sys.stdout.write(planned(plans, results_dir(command)) + "\n")
            return 0
        return sweep(words, command, plans)
    except UserError as error:
        sys.stderr.write(f"error: {visible(str(error))}\n")
        return 2


def launched(arguments: Sequence[str]) -> int:
    """Start the launcher; the exit status where there is nothing to show afterwards, else 0."""
    try:
        start(arguments)
    except SystemExit as end:  # a launcher that refused, or that lost a job: what the others made is on the disk
        if end.code == REFUSED:
            return REFUSED
        say("the launcher stopped early; the table holds what was finished")
    except KeyboardInterrupt:
        say("stopped; the same command goes on where it was")
        return INTERRUPTED
    return 0


def sweep(words: Words, command: Command, plans: Sequence[Plan]) -> int:
    """Let Hydra's launcher do the points and show what came of them; the exit status."""
    root = results_dir(command)
    folder = folder_of(root, command.config_name, plans)
    try:
        Store(root).prepare()
    except UserError:
        if graph(with_identity_baselines(plans), root).wanted:
            raise
        return show_unwritable(root, plans)
    list_points(folder, plans)
    with driving(folder):
        status = launched(words.for_hydra(f"hydra.sweep.dir={quoted(str(folder))}"))
    if status:
        return status
    if elsewhere(root, folder):
        if not words.wait:
            say(f"next:     python -m sweeps status --watch {folder.name}{results_words(root)}")
            return 0
        watch(root, folder)
    return show(root, folder, notes(plans), command.multirun)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
