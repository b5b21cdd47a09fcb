"""What a point depends on: the keys of its trainings, inputs, samples and scores, without importing torch.

A key is the hash of what the result depends on and of nothing else (design: four content-addressed levels)::

    training(stage) <- the method's options that the stage reads, its setting (the kind of task, the items' shape,
                       whether they have masks), the slots that it reads, the train options of its own slot among
                       them, data manifest, seed, precision, upstream stages, component versions
    inputs          <- data manifest, task, data seed, number of pictures
    samples         <- the trainings, the method's sampling options, inputs, and what ``samples_read`` names
    references           <- data manifest, data seed, number of real items that set metrics compare with
    scores          <- samples, the metric's protocol; of set metrics the references too; of likelihoods the trainings
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.config.run_config import RunConfig
from harness.planning.dependencies import by_text, component_facts, manifest, setting, shape_of, stated
from harness.store.keys import key
from registry import create, find, reads, stages
from registry.stages import VALUES


@dataclass(frozen=True)
class Artifact:
    """One cached piece of work: its key and the facts that the key is the hash of."""

    key: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Training(Artifact):
    """A training; ``after`` are the names of the stages it builds on, ``method`` whose training it is, built with which
    options: those that the stage reads and those of the stages upstream. ``reads`` are its slots, that of its steps and
    batches is ``train``, ``kind`` the kind of task that it is for, "" for the point's own."""

    name: str
    after: tuple[str, ...]
    method: str
    options: Mapping[str, Any]
    reads: tuple[str, ...]
    train: str
    kind: str


@dataclass(frozen=True)
class Plan:
    """Everything that a point needs, by key, and the key of its record."""

    config: RunConfig
    stages: tuple[Training, ...]
    inputs: Artifact
    samples: Artifact
    references: Artifact
    scores: Mapping[str, Artifact]
    run: str
    columns: Mapping[str, Any]


def plan(config: RunConfig) -> Plan:
    """The plan of a point. Raises `UserError` where its data set or its task refuses."""
    _check(config.name("task"), config.options("task"), shape_of(config))
    trainings = _stages(config)
    data = component_facts(config, "dataset") | {"manifest": manifest(config)}
    inputs = _node(
        "inputs",
        dataset=data,
        task=component_facts(config, "task"),
        data_seed=config.values["data_seed"],
        images=config.values["images"],
    )
    samples = _samples(config, trainings, inputs)
    references = _references(config, data)
    columns = config.flat(slots_read(config))
    run = key("record", {"samples": samples.key, "columns": columns})
    made = Plan(config, trainings, inputs, samples, references, {}, run, columns)
    return replace(
        made, scores={name: _score(made, name) for name in config.values["metrics"] if applies(name, config)}
    )


def applies(metric: str, config: RunConfig) -> bool:
    """Whether there is what a metric needs: points or pictures, a truth for each picture, a mask, a likelihood."""
    wanted, method = find("metrics", metric).facts, find("method", config.name("method")).facts
    task, data = find("task", config.name("task")).facts, find("dataset", config.name("dataset")).facts
    restoring = task.kind == "restoration" and task.paired
    has = {
        "pair": restoring and data.truth,
        "mask": task.masks or data.masks,
        "likelihood": method.likelihood,
    }
    items = {3: "pictures", 1: "points"}[len(shape_of(config))]
    # Where a restoration has no truth of its own and no other domain, its set has nothing real to be held against.
    alone = wanted.kind == "set" and restoring and not has["pair"]
    return wanted.data == items and not alone and all(has[need] for need in wanted.needs)


def slots_read(config: RunConfig) -> list[str]:
    """The slots that a point's result depends on, in their order: identity reads no sampler."""
    read = {"method", "dataset", "task"} | reads(config.name("method"))
    return [slot for slot in config.slots if slot in read]


def identity_baseline(config: RunConfig) -> Plan | None:
    """The plan of doing nothing on the same inputs, which every table of a restoration task needs; else None."""
    if find("task", config.name("task")).facts.kind != "restoration":
        return None
    return plan(RunConfig({**config.values, "method": {"name": "identity"}}, ("method=identity",)))


def _node(kind: str, **facts: Any) -> Artifact:
    return Artifact(key(kind, facts), facts)


@by_text
def _check(task: str, options: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    create("task", task, options).check(shape)


@by_text
def _metric(name: str, options: Mapping[str, Any]) -> Any:
    return create("metrics", name, options)


@by_text
def _protocol(name: str, options: Mapping[str, Any]) -> str:
    return str(_metric(name, options).protocol)


def _stages(config: RunConfig) -> tuple[Training, ...]:
    """The trainings of a point's method, in order; a stage ``of`` another method is that method's own."""
    given, made = config.options("method"), dict[str, Training]()
    for stage in stages(config.name("method")):
        facts = {
            "stage": stage.name,
            "method": stated("method", stage.owner, {name: given[name] for name in stage.options}),
            "setting": setting(config, stage.kind),
            "train": component_facts(config, stage.train),
            "seed": config.values["seed"],
            "precision": config.values["precision"],
            "after": {upstream: made[upstream].key for upstream in stage.after},
            "manifest": manifest(config),
            **{slot: component_facts(config, slot) for slot in stage.reads if slot != stage.train},
        }
        options = {name: given[name] for name in stage.built_with}
        made[stage.name] = Training(
            key("trainings", facts),
            facts,
            stage.name,
            stage.after,
            stage.owner,
            options,
            stage.reads,
            stage.train,
            stage.kind,
        )
    return tuple(made.values())


def _samples(config: RunConfig, trainings: tuple[Training, ...], inputs: Artifact) -> Artifact:
    name, given = config.name("method"), config.options("method")
    facts = find("method", name).facts
    return _node(
        "samples",
        trainings={stage.name: stage.key for stage in trainings},
        method=stated("method", name, {option: given[option] for option in facts.sampling}),
        sampling={
            word: config.values[word] if word in VALUES else component_facts(config, word)
            for word in facts.samples_read
        },
        inputs=inputs.key,
    )


def _references(config: RunConfig, data: dict[str, Any]) -> Artifact:
    """What is real and none of the run's pictures: training items to compare with, or for a floor more test items."""
    of, count = {"generation": ("training", "references"), "restoration": ("test", "images")}[
        find("task", config.name("task")).facts.kind
    ]
    return _node("references", dataset=data, data_seed=config.values["data_seed"], of=of, count=config.values[count])


def _score(made: Plan, name: str) -> Artifact:
    options = made.config.values["metrics"][name]
    metric = _metric(name, options)
    kind = find("metrics", name).facts.kind
    if kind == "image":
        metric.fits(*shape_of(made.config)[1:])
    if kind == "set":
        restored = find("task", made.config.name("task")).facts.kind == "restoration"
        counts = [made.config.values[count] for count in (("images",) if restored else ("images", "references"))]
        metric.refuse_few(min(counts))
    trained = {name: made.samples.facts[name] for name in ("trainings", "method", "inputs")}
    drawn = {"sampling_seed": made.config.values["sampling_seed"], "precision": made.config.values["precision"]}
    sets: dict[str, Any] = {"samples": made.samples.key, "references": made.references.key}
    sets |= {"bootstrap": getattr(metric, "bootstrap", None)}
    depends: dict[str, dict[str, Any]] = {
        "image": {"samples": made.samples.key},
        "set": sets | {"resampled": "photographs"},  # generated items are their own
        "model": trained | drawn,
    }
    return _node("scores", **depends[kind], metric=name, protocol=_protocol(name, options))
