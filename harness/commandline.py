"""The command line, expanded and checked as a whole before the first point starts.

Hydra does the expanding and composing; this asks it the same questions early, so that a mistake in the last point
of a sweep costs nothing, is told in one line, and leaves nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from errors import UserError
from harness.config import GROUPS, ROOT_OPTIONS, store_nodes
from harness.points import Point, check_values, check_words, expected
from registry import ROOT, catalog, nearest

FOLDER = ROOT / "sweeps"


@dataclass(frozen=True)
class Command:
    """A checked command line: its points, in Hydra's order, and whether it is a sweep."""

    points: tuple[Point, ...]
    multirun: bool
    config_name: str


@dataclass(frozen=True)
class Words:
    """The arguments as Hydra's own parser takes them apart."""

    overrides: tuple[str, ...]
    multirun: bool
    config_name: str
    asks_hydra: bool  # --cfg, --info and the like: Hydra answers, nothing runs

    def for_hydra(self, *more: str) -> list[str]:
        """The arguments in the order that Hydra's parser takes: flags first."""
        return [*(["-m"] if self.multirun else []), "-cn", self.config_name, *self.overrides, *more]


def parse(arguments: Sequence[str]) -> Words:
    """Take the arguments apart; flags may stand anywhere; unknown ones end the program with Hydra's usage text."""
    parsed = get_args_parser().parse_intermixed_args(list(arguments))
    asks = any((parsed.cfg, parsed.info, parsed.hydra_help, parsed.shell_completion))
    name = (parsed.config_name or "run").removesuffix(".yaml")
    return Words(tuple(parsed.overrides), bool(parsed.multirun), name, asks)


def read(arguments: Sequence[str]) -> Command:
    """Expand, compose and check ``run.py``'s arguments. Raises `UserError` at the first mistake."""
    parsed = parse(arguments)
    name = parsed.config_name
    experiments = [path.stem for path in FOLDER.glob("*.yaml")]
    if name not in experiments:
        raise UserError(f"-cn {name}: no such experiment in sweeps/; {nearest(name, experiments)}")
    store_nodes()
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        settings = _compose(name, [], hydra=True).hydra
        multirun = parsed.multirun or settings.mode == RunMode.MULTIRUN
        swept = [f"{key}={value}" for key, value in (settings.sweeper.params or {}).items()]
        lines = expand(swept if multirun else [], parsed.overrides) if multirun else [parsed.overrides]
        points = tuple(compose_point(name, line) for line in lines)
    return Command(points, multirun, name)


def expand(swept: Sequence[str], overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """The points of a sweep as Hydra's basic sweeper makes them: the experiment's own axes, then the user's."""
    with _one_line():
        axes = OverridesParser.create().parse_overrides(list(swept) + list(overrides))
        return [tuple(point) for batch in BasicSweeper.split_arguments(axes, None) for point in batch]


def compose_point(name: str, line: Sequence[str]) -> Point:
    """Compose and check one point."""
    groups = [word for word in line if word.lstrip("+~").partition("=")[0] in (*GROUPS, "metrics", "scale")]
    check_words(groups, {})
    config = _compose(name, groups)
    check_words(line, {group: config[group].name for group in GROUPS})
    point = Point(_plain(_compose(name, line)), tuple(line))
    check_values(point)
    return point


def from_hydra(config: DictConfig, line: Sequence[str]) -> Point:
    """The point of a configuration that Hydra composed for a job."""
    return Point(_plain(config), tuple(line))


def _plain(config: DictConfig) -> dict[str, Any]:
    with _one_line():
        values = OmegaConf.to_container(config, resolve=True)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items() if key != "hydra"}


def _compose(name: str, line: Sequence[str], hydra: bool = False) -> DictConfig:
    with _one_line():
        return compose(name, overrides=list(line), return_hydra_config=hydra)


@contextmanager
def _one_line() -> Iterator[None]:
    """Turn what Hydra and OmegaConf raise into one line for the user."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(_told(error)) from error


def _told(error: Exception) -> str:
    causes = [str(error), str(error.__cause__ or "")]
    key = next((found[1] for text in causes if (found := re.search(r"full_key: (\S+)", text))), "")
    value = next((found[1] for text in causes if (found := re.search(r"Value '(.*?)'", text))), None)
    group, _, option = key.partition(".")
    if value is not None and key in ROOT_OPTIONS:
        return f"{key}={value}: expected {expected(ROOT_OPTIONS[key][0])}"
    if value is not None and option:
        known = [c for c in catalog().get(group, {}).values() if option in c.options]
        if known:
            return f"{key}={value}: expected {expected(known[0].options[option])}"
    return " ".join(" ".join(causes).split())


def results_dir(command: Command) -> Path:
    """The folder of the store, the same for all points; `UserError` where a sweep names several."""
    folders = {str(point.config["results_dir"]) for point in command.points}
    if len(folders) > 1:
        raise UserError("results_dir: one sweep has one folder; it can't be swept")
    return Path(folders.pop()).absolute()
