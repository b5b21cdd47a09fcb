"""The entry point: one run, or ``-m`` for a sweep. ``python run.py --help`` lists every group and option."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

import harness.threads  # noqa: F401 - before anything imports torch
from errors import UserError
from harness.commandline import Command, from_hydra, parse, read, results_dir
from harness.config import store_nodes
from harness.ensure import PointFailed
from harness.execute import execute
from harness.plan import Plan, anchor, plan
from harness.progress import console, say
from harness.store import Entry, Store


def job(config: DictConfig) -> None:
    """One point, as Hydra's launchers call it. Never raises: what went wrong is marked in the store."""
    words = HydraConfig.get().overrides.task
    failed: Entry | None = None
    try:
        say(f"--- {' '.join(words) or 'the default run'}")
        point = from_hydra(config, words)
        store = Store(Path(point.config["results_dir"]).absolute())
        made = plan(point)
        failed = store.entry("failures", made.run)
        failed.discard()
        for wanted in (made, anchor(point)):
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
    hydra.main(version_base="1.3", config_path="sweeps", config_name="run")(job)()


def show(store: Store, command: Command, plans: Sequence[Plan], folder: Path) -> int:
    """Print the table, the pictures' path and the failures; the exit status."""
    from reports.table import show as shown
    from sweeps.collect import collect

    outcome = collect(store, folder, plans)
    if outcome.table is not None:
        console.file.flush()
        sys.stdout.write(shown(outcome.table) + "\n")
    for note in outcome.notes:
        say(f"note: {note}")
    for words, reason in outcome.failures.items():
        say(f"failed: {words or 'the default run'}: {reason}")
    if command.multirun:
        _report(store, folder)
    if outcome.grid is not None:
        say(f"pictures: {outcome.grid}")
    if outcome.table is not None:
        say(f"table:    {folder / 'table.csv'} (and .parquet)")
        say(f"records:  {store.root / 'records'} ({len(plans) - len(outcome.failures)} of {len(plans)} runs)")
    return 1 if outcome.failures else 0


def _report(store: Store, folder: Path) -> None:
    """Say who wins, and write the sweep's report; what was measured is on the disk whatever comes of it."""
    from reports.build import analysed, write

    try:
        report = analysed(store.root, folder.name, "")
        for block in report.blocks:
            for verdict in block.verdicts[: len(block.metrics)]:
                say(f"{block.name}: {verdict}")
        say(report.conditional)
        say(f"report:   {write(report, store.root, folder / 'report')}")
    except UserError as error:
        say(f"no report: {error}")


def main(arguments: Sequence[str]) -> int:
    """Check the whole command line, run its points, show what came out."""
    if {"-h", "--help"} & set(arguments):
        from harness.help import text

        sys.stdout.write(text() + "\n")
        return 0
    words = parse(arguments)
    if words.asks_hydra:
        start(arguments)
        return 0
    try:
        command = read(arguments)
        plans = [plan(point) for point in command.points]
        store = Store(results_dir(command))
        store.prepare()
        from sweeps.collect import folder_of

        folder = folder_of(store.root, command.config_name, plans)
        try:
            start(words.for_hydra(f"hydra.sweep.dir={folder}"))
        except SystemExit:  # a launcher that lost a job: what the others made is on the disk
            say("the launcher stopped early; the table holds what was finished")
        return show(store, command, plans, folder)
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
