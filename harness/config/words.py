"""The words of a command line in Hydra's grammar: a text in quotes, and axes as the points that they make."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException, OverrideParseException

from errors import UserError

# What the grammar takes outside of quotes.
_KNOWN = re.compile(r"[A-Za-z0-9_/\\+.$%*@?|()\[\]{}:=,'\" \t-]*")
_INTERPOLATION = re.compile(r"(\\*)\$\{")
_LIVE_IN_QUOTES = frozenset('"$`\\!\n')  # what a shell reads between double quotes


def quoted(text: str) -> str:
    """The value that Hydra reads as exactly this text, whatever is in it: in quotes, with ``${`` for no reference.

    Hydra takes away the backslash before a quote, OmegaConf then the one before ``${``; each doubles those before it.
    """
    return QuotedString(_INTERPOLATION.sub(r"\1\1\\${", text), Quote.single).with_quotes()


def setting(option: str, text: str) -> str:
    """The word that gives an option a text, as typed into a shell, in the quotes that Hydra and the shell need."""
    plain = f"{option}={text}"
    word = plain if "${" not in text and _reads(plain, text) else f"{option}={quoted(text)}"
    bare = shlex.quote(word) == word or _LIVE_IN_QUOTES & set(word)
    return shlex.quote(word) if bare else f'"{word}"'


def _reads(word: str, value: str) -> bool:
    try:
        return OverridesParser.create().parse_override(word).value() == value
    except HydraException:
        return False


def refusal(error: OverrideParseException) -> str:
    """What is told of a word that Hydra's grammar does not take: with the quotes that it needs, where it is a text."""
    option, _, value = error.override.partition("=")
    if value[:1] not in ("'", '"', "[", "{") and ("/" in value or not _KNOWN.fullmatch(value)):
        return f"{error.override}: a text like this needs quotes: {setting(option, value)}"
    return " ".join(str(error).split())


def expanded(axes: Sequence[Override]) -> list[list[str]]:
    """The points of a sweep as Hydra's basic sweeper makes them, the last axis fastest.

    Hydra's ``choice('ü')`` forgets the quotes of its texts; here a text keeps the ones that it needs.
    """
    values = {axis.get_key_element(): list(_values(axis)) for axis in axes}
    words = [[f"{key}={value}" for value in of] for key, of in values.items()]
    return [list(point) for point in itertools.product(*words)]


def _values(axis: Override) -> list[str]:
    if not axis.is_sweep_override():
        return [axis.get_value_element_as_str()]
    if not axis.is_discrete_sweep():
        raise UserError(f"{axis.input_line}: an interval has no points; list them, or take range(first, end, step)")
    return [_text(value) for value in axis.sweep_iterator()]


def _text(value: object) -> str:
    """A value of an axis as it stands behind the "="."""
    plain = Override._get_value_element_as_str(value)
    if not isinstance(value, str):
        return plain
    return plain if _reads(f"option={plain}", value) else QuotedString(value, Quote.single).with_quotes()
