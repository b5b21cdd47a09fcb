"""``python run.py --help``: every group, component and option, from the catalogue."""

from __future__ import annotations

import textwrap

from harness.config.nodes import CHOSEN, ROOT_OPTIONS
from registry import SCALES, Component, Option, catalog

INTRO = """\
restorebench: train once, sample many times, compare in pairs.

  python run.py                                              the default run
  python run.py method=ddim task=denoise seed=1              one run: GROUP=NAME, GROUP.OPTION=VALUE, OPTION=VALUE
  python run.py -m method=rddm,ddim sampler.eta=0,1          a sweep over all combinations
  python run.py -cn NAME                                     an experiment of sweeps/ (NAME.yaml)
  python run.py --cfg job --resolve                          the composed configuration; --hydra-help for Hydra's own

A default in braces depends on scale: {smoke, cpu, gpu, paper}.
"""


def text() -> str:
    """The whole help."""
    parts = [INTRO, "OPTIONS"]
    parts += [f"  {_option(option)}\n      {doc}" for option, doc in ROOT_OPTIONS.values()]
    for group in CHOSEN:
        parts.append(f"\n{group.upper()}   {group}={_names(group)}")
        parts += [_component(component) for component in catalog()[group].values()]
    return "\n".join(parts)


def _names(group: str) -> str:
    names = "|".join(catalog()[group])
    return f"[{names.replace('|', ',')}]" if group == "metrics" else names


def _component(component: Component) -> str:
    first = " ".join(component.doc.split("\n\n")[0].split())
    lines = textwrap.wrap(f"{component.name}: {first}", 116, initial_indent="  ", subsequent_indent="    ")
    prefix = f"metrics.{component.name}" if component.group == "metrics" else component.group
    return "\n".join([*lines, *(f"      {prefix}.{_option(option)}" for option in component.options.values())])


def _option(option: Option) -> str:
    allowed = "|".join(option.choices) or f"{option.type} {option.interval}".strip()
    return f"{option.name}={_value(option.default)}   {allowed}{' or null' if option.nullable else ''}"


def _value(default: object) -> str:
    if isinstance(default, dict):
        return "{" + ", ".join(_value(default[scale]) for scale in SCALES) + "}"
    if isinstance(default, tuple):
        return "[" + ",".join(map(str, default)) + "]"
    if isinstance(default, bool):
        return str(default).lower()
    return "null" if default is None else str(default)
