"""The command line, expanded and checked as a whole before the first point starts.

Hydra does the expanding and composing; this asks it the same questions early, so that a mistake in the last point
of a sweep costs nothing, is told in one line, and leaves nothing behind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import initialize_config_module
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError

from errors import UserError
from harness.config.compose import Composer, composed, is_hydras, one_line
from harness.config.nodes import CHOSEN, store_nodes
from harness.config.results_folder import results_folder
from harness.config.run_config import RunConfig
from harness.config.words import expanded
from registry import ROOT, apart, nearest, roles

FOLDER = ROOT / "sweeps"
RESOURCES = "hydra.launcher.resources."
OWN_FLAGS = (DRY_RUN, WAIT) = ("--dry-run", "--wait")


@dataclass(frozen=True)
class Command:
    """A checked command line: its points, in Hydra's order, whether it is a sweep, and who runs it.

    ``settings`` are those of a launcher of ours; Hydra's own (``basic``, ``joblib``, ...) build themselves.
    """

    points: tuple[RunConfig, ...]
    multirun: bool
    config_name: str
    launcher: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Words:
    """The arguments as Hydra's own parser takes them apart."""

    overrides: tuple[str, ...]
    multirun: bool
    config_name: str
    asks_hydra: bool  # --cfg, --info and the like: Hydra answers, nothing runs
    dry_run: bool = False  # --dry-run: tell what would be done
    wait: bool = False  # --wait: stay until a launcher that works elsewhere has ended

    @property
    def sets_hydra(self) -> bool:
        """Whether any word is for Hydra itself, beside those that choose a launcher."""
        return any(is_hydras(word) and not _of_launcher(word) for word in self.overrides)

    def for_hydra(self, *more: str) -> list[str]:
        """The arguments in the order that Hydra's parser takes: flags first."""
        if not self.multirun:
            return ["-cn", self.config_name, *self.overrides, *more]
        return ["-m", "-cn", self.config_name, *map(_of_each_point, self.overrides), *more]


def _of_each_point(word: str) -> str:
    """The word as an axis of one value: Hydra would try a plain one on the components that no point may have."""
    option, sign, value = word.partition("=")
    slot, inner = apart(option)
    if not sign or slot not in (*CHOSEN, *roles()) or not inner:
        return word
    with one_line():
        swept = OverridesParser.create().parse_override(word).is_sweep_override()
    return word if swept else f"{option}=choice({value})"


def parse(arguments: Sequence[str]) -> Words:
    """Take the arguments apart; flags may stand anywhere; unknown ones end the program with Hydra's usage text."""
    parsed = get_args_parser().parse_intermixed_args([word for word in arguments if word not in OWN_FLAGS])
    asks = any((parsed.cfg, parsed.info, parsed.hydra_help, parsed.shell_completion))
    name = (parsed.config_name or "run").removesuffix(".yaml")
    # A launcher may be told more resources than its file lists; it checks the names itself.
    overrides = tuple(f"++{word}" if word.startswith(RESOURCES) else word for word in parsed.overrides)
    # Launchers work on sweeps; one point that names one is a sweep of one.
    multirun = bool(parsed.multirun) or any(word.startswith("hydra/launcher=") for word in overrides)
    return Words(overrides, multirun, name, asks, DRY_RUN in arguments, WAIT in arguments)


def _of_launcher(word: str) -> bool:
    return word.lstrip("+~").startswith(("hydra/launcher=", "hydra.launcher."))


def read(arguments: Sequence[str]) -> Command:
    """Expand, compose and check ``run.py``'s arguments. Raises `UserError` at the first mistake."""
    _check_where()
    parsed = parse(arguments)
    name = parsed.config_name
    experiments = [path.stem for path in FOLDER.glob("*.yaml")]
    if name not in experiments:
        raise UserError(f"-cn {name}: no such experiment in sweeps/; {nearest(name, experiments)}")
    store_nodes()
    with initialize_config_module(FOLDER.name, version_base="1.3"):
        settings = composed(name, [*filter(_of_launcher, parsed.overrides)], hydra=True).hydra
        multirun = parsed.multirun or settings.mode == RunMode.MULTIRUN
        swept = [f"{key}={value}" for key, value in (settings.sweeper.params or {}).items()]
        lines = expand(swept if multirun else [], parsed.overrides) if multirun else [parsed.overrides]
        points = tuple(map(Composer(name).point, lines))
        ours = "_target_" not in settings.launcher
        launcher = OmegaConf.to_container(settings.launcher, resolve=True) if ours else {}
        assert isinstance(launcher, dict)
    chosen = str(settings.runtime.choices["hydra/launcher"])
    return Command(points, multirun, name, chosen, {str(option): value for option, value in launcher.items()})


def _check_where() -> None:
    """Raise `UserError` in a folder whose path Hydra, which notes it down, would take for a broken reference."""
    try:
        OmegaConf.create([os.getcwd()])
    except GrammarParseError as error:
        raise UserError(f"{os.getcwd()}: Hydra can't read the ${{ in this path; start from another folder") from error


def expand(swept: Sequence[str], overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """The points of a sweep as Hydra's basic sweeper makes them: the experiment's own axes, then the user's."""
    with one_line():
        axes = OverridesParser.create().parse_overrides(list(swept) + list(overrides))
        return [tuple(point) for point in expanded(axes)]


def results_dir(command: Command) -> Path:
    """The folder of the store, the same for all points; `UserError` where a sweep names several."""
    folders = {str(point.values["results_dir"]) for point in command.points}
    if len(folders) > 1:
        raise UserError("results_dir: one sweep has one folder; it can't be swept")
    return results_folder(folders.pop())
