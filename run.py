"""The entry point: one run, or ``-m`` for a sweep. ``python run.py --help`` lists every group and option."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from errors import UserError, visible
from harness.config.commandline import Command, Words, parse, read, results_dir
from harness.config.compose import plain
from harness.config.nodes import store_nodes
from harness.config.run_config import RunConfig
from harness.config.words import quoted
from harness.planning.plan import Plan, plan
from harness.progress import say
from harness.store.entries import Store
from sweeps import engine
from sweeps.folder import folder_of, list_points
from sweeps.graph import graph, with_identity_baselines
from sweeps.launchers.launch import LAUNCHERS, hand_over
from sweeps.progress.attempts import driving
from sweeps.progress.preview import notes, preview
from sweeps.progress.show import show, show_unwritable
from sweeps.progress.state import Sweep
from sweeps.progress.status import elsewhere, results_words, watch


def main(arguments: Sequence[str]) -> int:
    """Check the whole command line, run its points, show what came out."""
    try:
        if {"-h", "--help"} & set(arguments):
            from harness.config.help import text

            sys.stdout.write(text(parse(arguments).overrides) + "\n")
            return 0
        words = parse(arguments)
        if words.asks_hydra:
            ask_hydra(arguments)
            return 0
        command = read(arguments)
        plans = [plan(point) for point in command.points]
        if words.dry_run:
            sys.stdout.write(preview(plans, results_dir(command)) + "\n")
            return 0
        return sweep(words, command, plans)
    except UserError as error:
        sys.stderr.write(f"error: {visible(str(error))}\n")
        return 2


def sweep(words: Words, command: Command, plans: Sequence[Plan]) -> int:
    """Do the points, or have them done, and show what came of them; the exit status."""
    root, everything = results_dir(command), with_identity_baselines(plans)
    folder = folder_of(root, command.config_name, plans)
    try:
        Store(root).prepare()
    except UserError:
        if graph(everything, root).wanted:
            raise
        return show_unwritable(root, plans, everything)
    list_points(folder, plans, everything)
    try:
        with driving(folder):
            if command.launcher in LAUNCHERS:
                hand_over(everything, root, folder, command.launcher, command.settings)
            elif command.launcher == "basic" and not words.sets_hydra:  # Hydra's own where nobody chose one
                engine.run(everything, Store(root))
            else:
                launch_by_hydra(words, folder)
    except KeyboardInterrupt:
        say("stopped; the same command goes on where it was")
        return 130  # as shells have it
    if elsewhere(Sweep(root, folder)):
        if not words.wait:
            say(f"next:     python -m sweeps status --watch {folder.name}{results_words(root)}")
            return 0
        watch(root, folder)
    return show(root, folder, notes(plans), command.multirun)


def launch_by_hydra(words: Words, folder: Path) -> None:
    """Let a launcher of Hydra's own call `point` for each point."""
    try:
        ask_hydra(words.for_hydra(f"hydra.sweep.dir={quoted(str(folder))}"))
    except SystemExit:  # a launcher that lost a job: what the others made is on the disk
        say("the launcher stopped early; the table holds what was finished")


def ask_hydra(arguments: Sequence[str]) -> None:
    """Hand the arguments to Hydra."""
    sys.argv[1:] = arguments
    store_nodes()
    hydra.main(version_base="1.3", config_path="pkg://sweeps", config_name="run")(point)()


def point(config: DictConfig) -> None:
    """One point, as Hydra's own launchers call it. Never raises: what went wrong is marked in the store."""
    words = OmegaConf.to_container(HydraConfig.get().overrides.task)
    assert isinstance(words, list)
    store_nodes()  # some launchers call this in a process that has only imported it
    try:
        chosen = RunConfig(plain(config), tuple(words))
        engine.run(with_identity_baselines([plan(chosen)]), Store(Path(chosen.values["results_dir"]).absolute()))
    except UserError as error:
        say(f"failed: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
