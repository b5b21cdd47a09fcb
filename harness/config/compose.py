"""Points composed by Hydra, once for each choice of groups instead of several times for each point.

The words that choose components and the scale decide what a configuration holds and every default in it. Any other
word ``group.option=value`` sets one leaf of that: Hydra's parser reads it and the option's typed node converts it,
once for each choice and word. A word that is not as plain as that, and whatever is refused, goes the whole way
through Hydra, so that the configurations and the errors are Hydra's own.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hydra import compose
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from errors import UserError
from harness.config.nodes import CHOSEN, ROOT_OPTIONS, leading_slot
from harness.config.run_config import RunConfig, check_values, check_words, expected
from harness.config.words import refusal
from registry import apart, components, roles, slots

# No prefix, package or path before the "="; no interpolation and no "???" behind it.
_PLAIN = re.compile(r"[A-Za-z_][\w.]*=[^$?]*", re.DOTALL)
_OTHER = re.compile(r"\$\{(?!default:[\w.,]+\})")  # an interpolation that is no default
_REFUSALS = (UserError, HydraException, OmegaConfBaseException)


class Composer:
    """Composes and checks the points of one experiment of sweeps/; to be used where Hydra is initialised."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._config = functools.cache(functools.partial(composed, name))
        self._chosen = functools.cache(lambda words: _chosen(self._config(words)))
        self._base = functools.cache(lambda words: _Base(self._config(words)))

    def point(self, line: Sequence[str]) -> RunConfig:
        """The point of a command line. Raises `UserError`, in one line."""
        return self.quick(line) or self.whole(line)

    def whole(self, line: Sequence[str]) -> RunConfig:
        """The point as Hydra composes all of its words together."""
        groups = tuple(word for word in line if _chooses(word))
        check_words(groups, {})
        check_words(line, self._chosen(groups))
        point = RunConfig(plain(composed(self.name, line)), tuple(line))
        check_values(point)
        return point

    def quick(self, line: Sequence[str]) -> RunConfig | None:
        """The same from parts that were composed before; None where a word is not plain or something is refused."""
        groups = tuple(word for word in line if _chooses(word))
        structure = tuple(word for word in line if _chooses(word) or is_hydras(word))
        leaves = [word for word in line if not (_chooses(word) or is_hydras(word))]
        if not all(map(_PLAIN.fullmatch, [*groups, *leaves])):
            return None
        try:
            check_words(line, self._chosen(groups))
            base = self._base(structure)
            point = RunConfig(base.with_leaves(leaves), tuple(line))
            check_values(point)
        except _REFUSALS:
            return None
        return point


class _Base:
    """What Hydra makes of the words that choose groups, and the leaves that were tried on it."""

    def __init__(self, config: DictConfig) -> None:
        written = plain(config, resolve=False)
        if _OTHER.search(str(written)):
            raise UserError("an interpolation may read any word, so that none is a leaf by itself")
        self._values = plain(config)
        self._following = [
            ((slot, option), (group, option))
            for slot in slots(config.method.name)
            for option, value in written[slot].items()
            if str(value).startswith("${") and (group := leading_slot(slot, written[slot]["name"], option, config))
        ]
        # Each leaf is set and read back here; no other leaf is read from it.
        self._tried = copy.deepcopy(config)
        self._leaf = functools.cache(self._converted)

    def with_leaves(self, words: Iterable[str]) -> dict[str, Any]:
        """The plain values with some leaves, and with those that follow them; of one path the last wins."""
        leaves = dict(map(self._leaf, words))
        following = {slot: leaves[group] for slot, group in self._following if group in leaves}
        values = self._values
        for place, value in (following | leaves).items():
            values = _replaced(values, place, value)
        return values

    def _converted(self, word: str) -> tuple[tuple[str, ...], Any]:
        """Where a leaf stands among the plain values, slot and option, and its value as its typed node has it."""
        override = OverridesParser.create().parse_override(word)
        if override.is_sweep_override():
            raise UserError(f"{word}: several values for one point")
        path = override.key_or_group
        OmegaConf.update(self._tried, path, override.value(), merge=True)
        node = OmegaConf.select(self._tried, path)
        slot, option = apart(path)
        value = OmegaConf.to_container(node) if OmegaConf.is_config(node) else node
        return (slot, *filter(None, option.split("."))), value


def _replaced(values: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    first, *rest = path
    return {**values, first: _replaced(values[first], rest, value) if rest else value}


def _chooses(word: str) -> bool:
    return word.lstrip("+~").partition("=")[0] in (*CHOSEN, "scale", *roles())


def is_hydras(word: str) -> bool:
    """Whether a word of a command line is one of Hydra's own settings."""
    return word.lstrip("+~").startswith(("hydra.", "hydra/"))


def _chosen(config: DictConfig) -> dict[str, str]:
    with one_line():
        chosen = {group: str(config[group].name) for group in CHOSEN if group != "metrics"}
        return chosen | {slot: str(OmegaConf.select(config, slot).name) for slot in slots(chosen["method"])}


def plain(config: DictConfig, resolve: bool = True) -> dict[str, Any]:
    """The values of a configuration, resolved, without Hydra's own, those of the chosen method's slots by the slots'
    names. Raises `UserError` where one is missing."""
    with one_line():
        values = OmegaConf.to_container(config, resolve=resolve, throw_on_missing=True)
    assert isinstance(values, dict)
    own = slots(values["method"]["name"])
    places = {slot.partition(".")[0] for slot in roles()}
    found = {str(key): value for key, value in values.items() if key != "hydra" and key not in places}
    return found | {slot: functools.reduce(lambda part, word: part[word], slot.split("."), values) for slot in own}


def composed(name: str, line: Sequence[str], hydra: bool = False) -> DictConfig:
    """What Hydra composes of an experiment and a command line. Raises `UserError`, in one line."""
    try:
        with one_line():
            return compose(name, overrides=list(line), return_hydra_config=hydra)
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"-cn {name}: no YAML ({' '.join(str(error).split())}); mend the file") from error


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what Hydra and OmegaConf raise into one line for the user."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(_told(error)) from error


def _told(error: Exception) -> str:
    if isinstance(error, OverrideParseException):
        return refusal(error)
    causes = [str(error), str(error.__cause__ or "")]
    key = next((found[1] for text in causes if (found := re.search(r"full_key: (\S+)", text))), "")
    value = next((found[1] for text in causes if (found := re.search(r"Value '(.*?)'", text))), None)
    group, name = apart(key)
    known = [ROOT_OPTIONS[key][0]] if key in ROOT_OPTIONS else []
    known += [component.options[name] for component in components(group).values() if name in component.options]
    if value is not None and known:
        return f"{key}={value}: expected {expected(known[0])}"
    return " ".join(" ".join(causes).split())
