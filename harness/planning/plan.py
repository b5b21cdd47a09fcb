"""What a point depends on: the keys of its trainings, inputs, samples and scores, without importing torch.

A key is the hash of what the result depends on and of nothing else (design: four content-addressed levels)::

    training(stage) <- the method's options that the stage reads, its setting (the task's kind, the items' shape,
                       whether they have masks), the option groups it reads, data manifest, train options, seed,
                       precision, upstream stages, component versions
    inputs          <- data manifest, task, data seed, number of pictures
    samples         <- the trainings, the method's sampling options, inputs, and what ``samples_read`` names
    reals           <- data manifest, data seed, number of real items that set metrics compare with
    scores          <- samples, the metric's protocol; of set metrics the reals too; of likelihoods the trainings
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.config.nodes import GROUPS
from harness.config.run_config import Point
from harness.planning.dependencies import component_facts, manifest, setting, shape_of, stated
from harness.planning.remembered import by_text
from harness.store.keys import key
from registry import create, find, stages
from registry.stages import VALUES


@dataclass(frozen=True)
class Node:
    """One cached piece of work: its key and the facts that the key is the hash of."""

    key: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Stage(Node):
    """A training; ``after`` are the names of the stages it builds on, ``method`` whose training it is, built with which
    options: those that the stage reads and those of the stages upstream."""

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
    trainings = _stages(point)
    data = component_facts(point, "dataset") | {"manifest": manifest(point)}
    inputs = _node(
        "inputs",
        dataset=data,
        task=component_facts(point, "task"),
        data_seed=point.config["data_seed"],
        images=point.config["images"],
    )
    samples = _samples(point, trainings, inputs)
    reals = _reals(point, data)
    columns = point.flat(groups_read(point))
    run = key("record", {"samples": samples.key, "columns": columns})
    made = Plan(point, trainings, inputs, samples, reals, {}, run, columns)
    return replace(made, scores={name: _score(made, name) for name in point.config["metrics"] if applies(name, point)})


def applies(metric: str, point: Point) -> bool:
    """Whether there is what a metric needs: points or pictures, a truth for each picture, a mask, a likelihood."""
    wanted, method = find("metrics", metric).facts, find("method", point.name("method")).facts
    task, data = find("task", point.name("task")).facts, find("dataset", point.name("dataset")).facts
    restoring = task.kind == "restoration" and task.paired
    has = {
        "pair": restoring and data.truth,
        "mask": task.masks or data.masks,
        "likelihood": method.likelihood,
    }
    items = {3: "pictures", 1: "points"}[len(shape_of(point))]
    # Where a restoration has no truth of its own and no other domain, its set has nothing real to be held against.
    alone = wanted.kind == "set" and restoring and not has["pair"]
    return wanted.data == items and not alone and all(has[need] for need in wanted.needs)


def named(method: str) -> set[str]:
    """What a method's facts name as what its trainings and samples depend on, beside its data and its own options."""
    trainings = stages(method)
    trained = {"train", "precision"} if trainings else set()
    return trained.union(find("method", method).facts.samples_read, *(stage.reads for stage in trainings))


def trained_on(method: str, stage: str) -> set[str]:
    """The groups that the training of a method's stage depends on: those that it reads and the stages upstream."""
    trainings = {one.name: one for one in stages(method)}
    return {group for one in (stage, *trainings[stage].after) for group in trainings[one].reads}


def groups_read(point: Point) -> list[str]:
    """The groups that a point's result depends on, in the order of `GROUPS`: identity reads no sampler."""
    read = {"method", "dataset", "task"} | named(point.name("method"))
    return [group for group in GROUPS if group in read]


def anchor(point: Point) -> Plan | None:
    """The plan of doing nothing on the same inputs, which every table of a restoration task needs; else None."""
    if find("task", point.name("task")).facts.kind != "restoration":
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


def _stages(point: Point) -> tuple[Stage, ...]:
    """The trainings of a point's method, in order; a stage ``of`` another method is that method's own."""
    given, made = point.options("method"), dict[str, Stage]()
    for stage in stages(point.name("method")):
        facts = {
            "stage": stage.name,
            "method": stated("method", stage.owner, {name: given[name] for name in stage.options}),
            "setting": setting(point),
            "train": component_facts(point, "train"),
            "seed": point.config["seed"],
            "precision": point.config["precision"],
            "after": {upstream: made[upstream].key for upstream in stage.after},
            "manifest": manifest(point),
            **{group: component_facts(point, group) for group in stage.reads},
        }
        options = {name: given[name] for name in stage.built_with}
        made[stage.name] = Stage(key("trainings", facts), facts, stage.name, stage.after, stage.owner, options)
    return tuple(made.values())


def _samples(point: Point, trainings: tuple[Stage, ...], inputs: Node) -> Node:
    name, given = point.name("method"), point.options("method")
    facts = find("method", name).facts
    return _node(
        "samples",
        trainings={stage.name: stage.key for stage in trainings},
        method=stated("method", name, {option: given[option] for option in facts.sampling}),
        sampling={
            word: point.config[word] if word in VALUES else component_facts(point, word) for word in facts.samples_read
        },
        inputs=inputs.key,
    )


def _reals(point: Point, data: dict[str, Any]) -> Node:
    """What is real and none of the run's pictures: training items to compare with, or for a floor more test items."""
    of, count = {"generation": ("training", "references"), "restoration": ("test", "images")}[
        find("task", point.name("task")).facts.kind
    ]
    return _node("reals", dataset=data, data_seed=point.config["data_seed"], of=of, count=point.config[count])


def _score(made: Plan, name: str) -> Node:
    options = made.point.config["metrics"][name]
    metric = _metric(name, options)
    kind = find("metrics", name).facts.kind
    if kind == "image":
        metric.fits(*shape_of(made.point)[1:])
    if kind == "set":
        restored = find("task", made.point.name("task")).facts.kind == "restoration"
        counts = [made.point.config[count] for count in (("images",) if restored else ("images", "references"))]
        metric.refuse_few(min(counts))
    trained = {name: made.samples.facts[name] for name in ("trainings", "method", "inputs")}
    drawn = {"sampling_seed": made.point.config["sampling_seed"], "precision": made.point.config["precision"]}
    sets = {"samples": made.samples.key, "reals": made.reals.key, "bootstrap": getattr(metric, "bootstrap", None)}
    depends: dict[str, dict[str, Any]] = {
        "image": {"samples": made.samples.key},
        "set": sets | {"resampled": "photographs"},  # generated items are their own
        "model": trained | drawn,
    }
    return _node("scores", **depends[kind], metric=name, protocol=_protocol(name, options))
