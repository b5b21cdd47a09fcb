"""What a point depends on: the keys of its trainings, inputs, samples and scores, without importing torch.

A key is the hash of what the result depends on and of nothing else (design: four content-addressed levels)::

    training(stage) <- the method's training options, the option groups the stage reads, data manifest, train options,
                       seed, precision, upstream stages, component versions
    inputs          <- data manifest, task, data seed, number of pictures
    samples         <- the trainings, sampling options, inputs, sampling seed, precision
    reals           <- data manifest, data seed, number of real items that set metrics compare with
    scores          <- samples, the metric's protocol; of set metrics the reals too; of likelihoods the trainings
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.config import GROUPS
from harness.facts import component_facts, manifest, shape_of
from harness.keys import key
from harness.points import Point
from harness.remembered import by_text
from registry import Component, create, find

SAMPLES_READ = ("sampler",)  # beside the trainings and inputs, unless a method says otherwise


@dataclass(frozen=True)
class Node:
    """One cached piece of work: its key and the facts that the key is the hash of."""

    key: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Stage(Node):
    """A training; ``after`` are the names of the stages it builds on, ``method`` whose training it is, with which
    options."""

    name: str
    after: tuple[str, ...]
    method: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """Everything that a point needs, by key, and the key of its record."""

    point: Point
    stages: tuple[Stage, ...]
    inputs: Node
    samples: Node
    reals: Node
    scores: Mapping[str, Node]
    run: str
    columns: Mapping[str, Any]


def plan(point: Point) -> Plan:
    """The plan of a point. Raises `UserError` where its data set or its task refuses."""
    _check(point.name("task"), point.options("task"), shape_of(point))
    stages = _stages(point)
    data = component_facts(point, "dataset") | {"manifest": manifest(point)}
    inputs = _node(
        "inputs",
        dataset=data,
        task=component_facts(point, "task"),
        data_seed=point.config["data_seed"],
        images=point.config["images"],
    )
    samples = _samples(point, stages, inputs)
    reals = _reals(point, data)
    columns = point.flat(groups_read(point))
    run = key("record", {"samples": samples.key, "columns": columns})
    made = Plan(point, stages, inputs, samples, reals, {}, run, columns)
    return replace(made, scores={name: _score(made, name) for name in point.config["metrics"] if applies(name, point)})


def applies(metric: str, point: Point) -> bool:
    """Whether there is what a metric needs: points or pictures, a truth for each picture, a mask, a likelihood."""
    facts = find("metrics", metric).facts
    task, data, method = (find(group, point.name(group)).facts for group in ("task", "dataset", "method"))
    has = {
        "pair": task["kind"] == "restoration" and task.get("paired", True) and data.get("truth", True),
        "mask": task.get("masks", False) or data.get("masks", False),
        "likelihood": method.get("likelihood", False),
    }
    items = {3: "pictures", 1: "points"}[len(shape_of(point))]
    kind = facts.get("kind", "image")
    needs = facts.get("needs", {"image": ("pair",), "model": ("likelihood",)}.get(kind, ()))
    # Where a restoration has no truth of its own and no other domain, its set has nothing real to be held against.
    alone = kind == "set" and task["kind"] == "restoration" and task.get("paired", True) and not has["pair"]
    return facts.get("data", "pictures") == items and not alone and all(has[need] for need in needs)


def groups_read(point: Point) -> list[str]:
    """The groups that a point's result depends on, in the order of `GROUPS`: identity reads no sampler."""
    method = find("method", point.name("method"))
    read = {"method", "dataset", "task", *method.facts.get("samples_read", SAMPLES_READ)}
    for name, spec in _trainer(point).facts.get("stages", {}).items():
        read |= {"train", *(find("method", spec["of"]).facts["stages"][name] if "of" in spec else spec)["reads"]}
    return [group for group in GROUPS if group in read]


def anchor(point: Point) -> Plan | None:
    """The plan of doing nothing on the same inputs, which every table of a restoration task needs; else None."""
    if find("task", point.name("task")).facts["kind"] != "restoration":
        return None
    return plan(Point({**point.config, "method": {"name": "identity"}}, ("method=identity",)))


def _node(kind: str, **facts: Any) -> Node:
    return Node(key(kind, facts), facts)


@by_text
def _check(task: str, options: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    create("task", task, options).check(shape)


@by_text
def _metric(name: str, options: Mapping[str, Any]) -> Any:
    return create("metrics", name, options)


@by_text
def _protocol(name: str, options: Mapping[str, Any]) -> str:
    return str(_metric(name, options).protocol)


def _trainer(point: Point) -> Component:
    """The component whose training this method's is (DDIM trains as DDPM)."""
    method = find("method", point.name("method"))
    return find("method", method.facts.get("trains_as", method.name))


def _stages(point: Point) -> tuple[Stage, ...]:
    """The trainings of a point's method, in order; a stage ``of`` another method is that method's own."""
    trainer = _trainer(point)
    made: dict[str, Stage] = {}
    for name, spec in trainer.facts.get("stages", {}).items():
        owner = find("method", spec["of"]) if "of" in spec else trainer
        needs = owner.facts["stages"][name]
        options = _read_by(needs, owner, point.options("method"))
        facts = {
            "stage": name,
            "method": {"class": owner.cls, "version": owner.version, "options": options},
            "train": component_facts(point, "train"),
            "seed": point.config["seed"],
            "precision": point.config["precision"],
            "after": {upstream: made[upstream].key for upstream in needs["after"]},
            **{group: component_facts(point, group) for group in needs["reads"]},
        }
        if "dataset" in needs["reads"]:
            facts["manifest"] = manifest(point)
        made[name] = Stage(key("trainings", facts), facts, name, tuple(needs["after"]), owner.name, options)
    return tuple(made.values())


def _read_by(needs: Mapping[str, Any], owner: Component, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a stage depends on: those it lists, or all of its method's that training reads."""
    late = owner.facts.get("sampling", ())
    return {name: given[name] for name in needs.get("options", owner.options) if name not in late}


def _samples(point: Point, stages: tuple[Stage, ...], inputs: Node) -> Node:
    method, trainer = find("method", point.name("method")), _trainer(point)
    late = trainer.facts.get("sampling", ())
    reads = method.facts.get("samples_read", SAMPLES_READ)
    drawn = {"sampling_seed": point.config["sampling_seed"], "precision": point.config["precision"]}
    return _node(
        "samples",
        trainings={stage.name: stage.key for stage in stages},
        method={
            "class": trainer.cls,
            "version": trainer.version,
            "options": {name: point.options("method")[name] for name in late},
        },
        sampling={group: component_facts(point, group) for group in reads} | (drawn if reads else {}),
        inputs=inputs.key,
    )


def _reals(point: Point, data: dict[str, Any]) -> Node:
    """What is real and none of the run's pictures: training items to compare with, or for a floor more test items."""
    of, count = {"generation": ("training", "references"), "restoration": ("test", "images")}[
        find("task", point.name("task")).facts["kind"]
    ]
    return _node("reals", dataset=data, data_seed=point.config["data_seed"], of=of, count=point.config[count])


def _score(made: Plan, name: str) -> Node:
    options = made.point.config["metrics"][name]
    metric = _metric(name, options)
    kind = find("metrics", name).facts.get("kind", "image")
    if kind == "image":
        metric.fits(*shape_of(made.point)[1:])
    if kind == "set":
        restored = find("task", made.point.name("task")).facts["kind"] == "restoration"
        counts = [made.point.config[count] for count in (("images",) if restored else ("images", "references"))]
        metric.refuse_few(min(counts))
    trained = {"trainings": [stage.key for stage in made.stages], "inputs": made.inputs.key}
    drawn = {"sampling_seed": made.point.config["sampling_seed"], "precision": made.point.config["precision"]}
    depends: dict[str, dict[str, Any]] = {
        "image": {"samples": made.samples.key},
        "set": {"samples": made.samples.key, "reals": made.reals.key, "bootstrap": getattr(metric, "bootstrap", None)},
        "model": trained | drawn,
    }
    return _node("scores", **depends[kind], metric=name, protocol=_protocol(name, options))
