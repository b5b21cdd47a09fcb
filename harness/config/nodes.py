"""From the catalogue to Hydra: every component a typed node, every default that depends on ``scale`` resolved.

Nothing here imports torch: `--help`, the check of a command line and the planner use it.
"""

from __future__ import annotations

from dataclasses import field, make_dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf

from errors import UserError
from registry import SCALES, SLOTS, Component, Option, components, find, group_of, roles, slots

TYPES: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool, "tuple[int, ...]": list[int]}
GROUPS = (*SLOTS, "method")  # what a run has one component of; slots that the method declares come on top
# What may stand on a command line; other groups of the registry are parts of these (the features of a set metric).
# A tracker only watches: it is in no key and no record.
CHOSEN = (*GROUPS, "metrics", "tracker")


# The root's options in the form of a component's, so that help and checks treat them alike.
ROOT_OPTIONS = {
    "scale": (Option("scale", "str", "cpu", choices=SCALES), "budget, network size and number of images"),
    "seed": (Option("seed", "int", 0), "of training: weights, batches, noise"),
    "sampling_seed": (Option("sampling_seed", "int", 0), "of sampling: the first noise and that of each step"),
    "data_seed": (Option("data_seed", "int", 0), "of the data: split, test crops, degradations"),
    "images": (
        Option("images", "int", {"smoke": 4, "cpu": 16, "gpu": 32, "paper": 32}, interval="[1, inf)"),
        "number of test pictures; a data set may bring its own default",
    ),
    "references": (
        Option("references", "int", {"smoke": 16, "cpu": 256, "gpu": 2048, "paper": 10_000}, interval="[2, inf)"),
        "real items that set metrics compare with; a data set may bring its own default",
    ),
    "batch_size": (
        Option("batch_size", "int", {"smoke": 4, "cpu": 16, "gpu": 64, "paper": 64}, interval="[1, inf)"),
        "pictures sampled at a time; changes no result",
    ),
    "device": (Option("device", "str", "auto", choices=("auto", "cpu", "cuda")), "where networks run"),
    "precision": (Option("precision", "str", "fp32", choices=("fp32", "bf16")), "of the networks' arithmetic"),
    "results_dir": (Option("results_dir", "str", "results"), "folder of the store, records and tables"),
}


def _default(slot: str, name: str = "", option: str = "", *, _root_: Any) -> Any:
    """The resolver of a default that depends on what else is chosen: ``${default:network,unet,dim}``, or ``images``.

    What a component brings by its ``defaults`` comes first, then what the slot follows, then the scale's own.
    """
    scale = _root_.scale if _root_.scale in SCALES else SCALES[0]  # a wrong word is told by its own check
    if not name:
        counts = find("dataset", _root_.dataset.name).facts.counts.get(slot, {})
        return counts.get(scale, ROOT_OPTIONS[slot][0].at(scale))
    values = _preset_values(slot, name, option, _root_)
    group = leading_slot(slot, name, option, _root_)
    value = values[0] if values else _root_[group][option] if group else find(slot, name).options[option].at(scale)
    return list(value) if isinstance(value, tuple) else value


def leading_slot(slot: str, name: str, option: str, root: Any) -> str:
    """The plain slot that a slot with the component ``name`` takes an option from; "" where it is its own."""
    group = group_of(slot)
    follows = slot != group and slots(root.method.name).get(slot, "") is None and root[group].name == name
    return group if follows and not _preset_values(slot, name, option, root) else ""


def _preset_values(slot: str, name: str, option: str, root: Any) -> list[Any]:
    """What the components that are chosen bring by their ``defaults`` for an option, the method's first."""
    words, takes = f"{slot}.{option}", find(slot, name).options[option].takes
    presets = [find(one, root[one].name).facts.defaults for one in (reversed(GROUPS) if words in _presets() else ())]
    return [facts[words] for facts in presets if words in facts and takes(facts[words])]


def _presets() -> set[str]:
    """The options that some component sets in its ``defaults``."""
    return {words for group in GROUPS for one in components(group).values() for words in one.facts.defaults}


def _field(slot: str, name: str, option: Option, presets: set[str]) -> tuple[str, Any, Any]:
    kind = TYPES[option.type] | None if option.nullable else TYPES[option.type]
    depends = isinstance(option.default, dict) or slot in roles() or f"{slot}.{option.name}" in presets
    default = f"${{default:{slot},{name},{option.name}}}" if depends else option.default
    if isinstance(default, tuple):
        return option.name, kind, field(default_factory=lambda: list(default))
    return option.name, kind, field(default=default)


def _node(component: Component, slot: str, presets: set[str]) -> type:
    """The typed node of a component in a slot: its name, its options and, unless it has a role, what it switches."""
    fields = [_field(slot, component.name, option, presets) for option in component.options.values()]
    switches = [{f"override /{other}@_global_.{other}": to} for other, to in _switched(component, slot).items()]
    if switches:
        fields.append(("defaults", list[Any], field(default_factory=lambda: [*switches, "_self_"])))
    # Several metrics are chosen at once, so each has a place of its own below the group.
    named: list[tuple[str, Any, Any]] = [("name", str, field(default=component.name))] * (slot != "metrics")
    return make_dataclass(component.cls, [*named, *fields])


def _switched(component: Component, slot: str) -> dict[str, Any]:
    """The slots that choosing a component fills, and with what: a method those that it declares, ``${train}`` being
    what is chosen there."""
    if slot in roles():
        return {}
    own = slots(component.name) if slot == "method" else {}
    filled = {name: to or f"${{{group_of(name)}}}" for name, to in own.items()}
    return filled | {name: to for name, to in component.facts.defaults.items() if name in (*CHOSEN, *roles())}


def _root() -> type:
    """The typed node of what every run has, with an empty place for each slot that some method declares."""
    own: list[tuple[str, Any, Any]] = []
    for name, (option, _) in ROOT_OPTIONS.items():
        default = f"${{default:{name}}}" if isinstance(option.default, dict) else option.default
        own.append((name, TYPES[option.type], field(default=default)))
    groups: list[tuple[str, Any, Any]] = [(group, Any, field(default=MISSING)) for group in CHOSEN]
    first = list(dict.fromkeys(slot.partition(".")[0] for slot in roles()))
    if taken := [role for role in first if role in (*ROOT_OPTIONS, "defaults", "hydra")]:
        raise UserError(f"a method's slot has the role {taken[0]}, which every run has as an option; name it otherwise")
    places: list[tuple[str, Any, Any]] = [
        (role, Any, field(default=None)) if role in roles() else (role, dict[str, Any], field(default_factory=dict))
        for role in first
    ]
    lists = field(default_factory=lambda: ["_self_", *({slot: None} for slot in roles())])
    return make_dataclass("Root", [*own, *groups, *places, ("defaults", list[Any], lists)])


def store_nodes() -> None:
    """Put every component, and the resolver, into Hydra's stores; may be called again."""
    OmegaConf.register_new_resolver("default", _default, replace=True)
    store, presets = ConfigStore.instance(), _presets()
    store.store(name="root", node=_root())
    for slot in (*CHOSEN, *roles()):
        for name, component in components(slot).items():
            node: Any = _node(component, slot, presets)
            store.store(group=slot, name=name, node={name: node} if slot == "metrics" else node)
