"""From the catalogue to Hydra: every component a typed node, every default that depends on ``scale`` resolved.

Nothing here imports torch: `--help`, the check of a command line and the planner use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf

from registry import SCALES, Component, Option, catalog, find

TYPES: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool, "tuple[int, ...]": list[int]}
# In this order, because a data set may switch the task and the network, and a method the sampler and the schedule:
# Hydra lets a node override only groups that stand before it.
GROUPS = ("train", "network", "task", "dataset", "sampler", "schedule", "method")
# What may stand on a command line; other groups of the registry are parts of these (the features of a set metric).
# A tracker only watches: it is in no key and no record.
CHOSEN = (*GROUPS, "metrics", "tracker")


@dataclass
class Run:
    """What every run has beside its components."""

    scale: str = "cpu"
    seed: int = 0
    sampling_seed: int = 0
    data_seed: int = 0
    images: int = "${by_scale:images}"  # type: ignore[assignment]
    references: int = "${by_scale:references}"  # type: ignore[assignment]
    batch_size: int = "${by_scale:batch_size}"  # type: ignore[assignment]
    device: str = "auto"
    precision: str = "fp32"
    results_dir: str = "results"
    train: Any = MISSING
    network: Any = MISSING
    task: Any = MISSING
    dataset: Any = MISSING
    sampler: Any = MISSING
    schedule: Any = MISSING
    method: Any = MISSING
    metrics: Any = MISSING
    tracker: Any = MISSING


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


def _default(path: str, *, _root_: Any) -> Any:
    """The resolver ``${by_scale:images}`` or ``${by_scale:network.unet.dim}``: a default that depends on scale."""
    group, _, rest = path.partition(".")
    name, _, option = rest.partition(".")
    known = find(group, name).options[option] if rest else ROOT_OPTIONS[group][0]
    scale = _root_.scale if _root_.scale in SCALES else SCALES[0]  # a wrong word is told by its own check
    own = {} if rest else find("dataset", _root_.dataset.name).facts.counts
    value = own.get(group, {}).get(scale, known.at(scale))
    return list(value) if isinstance(value, tuple) else value


def _field(path: str, option: Option) -> tuple[str, Any, Any]:
    kind = TYPES[option.type] | None if option.nullable else TYPES[option.type]
    default = f"${{by_scale:{path}}}" if isinstance(option.default, dict) else option.default
    if isinstance(default, tuple):
        return option.name, kind, field(default_factory=lambda: list(default))
    return option.name, kind, field(default=default)


def _node(component: Component, fixed: tuple[tuple[str, str], ...]) -> type:
    """The typed node of a component: ``fixed`` texts first, then its options and the groups it switches."""
    path = f"{component.group}.{component.name}"
    fields = [_field(f"{path}.{name}", option) for name, option in component.options.items()]
    switches = [{f"override /{group}@_global_.{group}": name} for group, name in _switched(component).items()]
    if switches:
        fields.append(("defaults", list[Any], field(default_factory=lambda: [*switches, "_self_"])))
    named: list[tuple[str, Any, Any]] = [(word, str, field(default=text)) for word, text in fixed]
    return make_dataclass(component.cls, [*named, *fields])


def _switched(component: Component) -> Mapping[str, str | list[str]]:
    return component.facts.defaults


def store_nodes() -> None:
    """Put every component, and the resolver, into Hydra's stores; may be called again."""
    OmegaConf.register_new_resolver("by_scale", _default, replace=True)
    store = ConfigStore.instance()
    store.store(name="root", node=Run)
    for group in CHOSEN:
        for name, component in catalog()[group].items():
            # Several metrics are chosen at once, so each has a place of its own below the group.
            node = {name: _node(component, ())} if group == "metrics" else _node(component, (("name", name),))
            store.store(group=group, name=name, node=node)
