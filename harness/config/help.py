"""``python run.py --help``: every group, component and option, or a method with its slots, from the catalogue."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

from hydra import initialize_config_module

from harness.config.compose import composed, plain
from harness.config.nodes import CHOSEN, ROOT_OPTIONS, store_nodes
from harness.config.run_config import RunConfig
from registry import SCALES, Component, Option, components, find, group_of, reads, slots
from registry import stages as stages_of

INTRO = """\
restorebench: train once, sample many times, compare in pairs.

  python run.py                                              the default run
  python run.py method=ddim task=denoise seed=1              one run: GROUP=NAME, GROUP.OPTION=VALUE, OPTION=VALUE
  python run.py -m method=rddm,ddim sampler.eta=0,1          a sweep over all combinations
  python run.py -cn NAME                                     an experiment of sweeps/ (NAME.yaml)
  python run.py --help METHOD                                one method: its options and its slots
  python run.py --cfg job --resolve                          the composed configuration; --hydra-help for Hydra's own

A default in braces depends on scale: {smoke, cpu, gpu, paper}.
"""


def text(words: Sequence[str] = ()) -> str:
    """The whole help, or that on the methods that ``words`` name, ``rddm`` or ``method=rddm``. Raises `UserError`."""
    named = [word.removeprefix("method=") for word in words if word.startswith("method=") or "=" not in word]
    if named:
        return "\n\n".join(_method(name) for word in named for name in word.split(","))
    parts = [INTRO, "OPTIONS"]
    parts += [f"  {_option(option)}\n      {doc}" for option, doc in ROOT_OPTIONS.values()]
    for group in CHOSEN:
        parts.append(f"\n{group.upper()}   {group}={_names(group)}")
        parts += [_component(component, group) for component in components(group).values()]
    return "\n".join(parts)


def _method(name: str) -> str:
    """A method alone: its options, and its slots with the components that they have by default, and their options."""
    method = find("method", name)
    store_nodes()
    with initialize_config_module("sweeps", version_base="1.3"):
        chosen = RunConfig(plain(composed("run", [f"method={name}"])))
    read = [slot for slot in chosen.slots if slot in reads(name) and slot not in ("task", "dataset")]
    parts = [f"method={name}   for {' and '.join(method.facts.kinds)}", _component(method, "method")]
    parts += ["\nSLOTS"] if read else []
    for slot in read:
        parts.append(f"  {slot}={chosen.name(slot)}   of {_names(slot)}")
        follows = slots(name).get(slot, "") is None
        parts += [f"      as {group_of(slot)}, option by option"] if follows else []
        shown = {} if follows else find(slot, chosen.name(slot)).options
        for option in shown.values():
            default = method.facts.defaults.get(f"{slot}.{option.name}", option.default)
            parts.append(f"      {slot}.{_option(replace(option, default=default))}")
    stages = []
    for stage in stages_of(name):
        after = f"; after {', '.join(stage.after)}" if stage.after else ""
        stages.append(f"  {stage.name}: reads {', '.join(stage.reads)}{after}")
    return "\n".join([*parts, *(["\nSTAGES", *stages] if stages else [])])


def _names(slot: str) -> str:
    names = "|".join(components(slot))
    return f"[{names.replace('|', ',')}]" if slot == "metrics" else names


def _component(component: Component, slot: str) -> str:
    first = " ".join(component.doc.split("\n\n")[0].split())
    lines = textwrap.wrap(f"{component.name}: {first}", 116, initial_indent="  ", subsequent_indent="    ")
    prefix = f"metrics.{component.name}" if slot == "metrics" else slot
    return "\n".join([*lines, *(f"      {prefix}.{_option(option)}" for option in component.options.values())])


def _option(option: Option) -> str:
    allowed = "|".join(option.choices) or f"{option.type} {option.interval}".strip()
    return f"{option.name}={_value(option.default)}   {allowed}{' or null' if option.nullable else ''}"


def _value(default: object) -> str:
    if isinstance(default, dict):
        return "{" + ", ".join(_value(default[scale]) for scale in SCALES) + "}"
    if isinstance(default, tuple | list):
        return "[" + ",".join(map(str, default)) + "]"
    if isinstance(default, bool):
        return str(default).lower()
    return "null" if default is None else str(default)
