"""The one engine: pieces of work done one after the other in this process, and the one place where a failure is marked.

A plain run does all that its points lack (`run`); a launcher's job does the pieces that it was given (`attempt`). What
is in the store is used, what is missing or damaged is made. Torch is imported only where something has to be made.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np

from errors import UserError
from harness.evaluation.score import score_all
from harness.planning.plan import Plan, Training
from harness.progress import progress, say
from harness.store import records
from harness.store.ensure import PointFailed, ensure, failure_of, whole
from harness.store.entries import Entry, Store, read_npz, write_npz
from harness.store.lock import LockLostError
from harness.threads import share_cores
from harness.trackers import track
from sweeps.graph import WorkItem, graph

FORESEEN = (PointFailed, UserError, LockLostError)  # their messages say all


class MissingInput(UserError):
    """What a piece of work reads is not there: the fault is another one's, and marked there."""


def run(plans: Sequence[Plan], store: Store) -> list[str]:
    """Make what the plans lack, and again what is damaged; the reasons of what failed. Points that fail are marked.

    Every file of the store that the plans read is checked. Raises nothing but the interruptions of this process, after
    which the same call goes on where it was.
    """
    work = graph(plans, store.root, whole)
    lost: dict[str, str] = {}  # by the key of what can't be made, the run whose mark tells why
    reasons: list[str] = []
    for item in work.tasks.values():
        wanted = item.key not in work.done
        cause = next((lost[key] for key in item.needs if key in lost), "")
        if cause:
            lost[item.key] = cause
            _repeat_mark(item, cause, store)
        elif wanted or item.entry(store).status == "done":  # what was cleared away is missed by nobody
            if wanted:
                announce(item.kind, item.key, item.plan.config.overrides)
            if reason := attempt(item, store):
                lost[item.key] = item.plan.run
                reasons.append(reason)
    return reasons


def announce(kind: str, key: str, overrides: Iterable[str]) -> None:
    """Say what is begun, with the words of the command line that asked for it."""
    say(f"--- {kind} {key}: {' '.join(overrides) or 'the default run'}")


def attempt(item: WorkItem, store: Store) -> str:
    """Do one piece of work; the reason why it failed, or nothing. Raises only the interruptions of this process."""
    try:
        _make(item, store)
        store.entry("failures", item.plan.run).discard()
    except MissingInput as error:
        say(f"left out: {error}")
        return str(error)
    except Exception as error:
        reason = reason_of(error)
        say(f"failed: {reason}")
        _mark(item.plan, reason, traceback.format_exc(), store)
        return reason
    return ""


def reason_of(error: Exception) -> str:
    """An exception in one line, with its type where nobody foresaw it."""
    text = " ".join(str(error).split())
    return text if isinstance(error, FORESEEN) else f"{type(error).__name__}: {text}"


def _mark(plan: Plan, reason: str, trace: str, store: Store) -> None:
    """Keep why a point failed; a disk that takes no marker changes nothing for the other points."""
    with suppress(UserError):
        store.entry("failures", plan.run).fail(reason, trace, {"overrides": list(plan.config.overrides)})


def _repeat_mark(item: WorkItem, cause: str, store: Store) -> None:
    """Give a point the mark of the run on which what it shares has failed."""
    failure = failure_of(store.entry("failures", cause))
    if failure and item.kind == "scoring" and item.plan.run != cause:
        _mark(item.plan, failure["reason"], failure["traceback"], store)


def _make(item: WorkItem, store: Store) -> None:
    """Make what is the item's own, and nobody else's. Raises `MissingInput` where what it reads is not there."""
    plan, entry = item.plan, item.entry(store)
    if item.kind == "scoring":
        _refuse_missing(entry, f"samples {plan.samples.key}")
        make_record(plan, store)
        return
    make_inputs(plan, store)  # first: what the data can't give is told before anything is trained
    training = item.kind == "training"
    if training or not whole(entry):
        for stage in plan.stages:
            if not training or stage.name in item.training.after:
                _refuse_missing(store.entry("trainings", stage.key), f"training {stage.key} ({stage.name})")
    if training:
        make_training(plan, item.training, store)
    else:
        make_samples(plan, store)


def _refuse_missing(entry: Entry, name: str) -> None:
    """Raise `MissingInput` unless an entry is whole; a damaged one is discarded, so that a retry makes it again."""
    if whole(entry):
        return
    if failure := failure_of(entry):
        raise MissingInput(f"{name}: {failure['reason']}")
    with entry.lock():
        damaged = entry.status == "done" and not whole(entry)
        if damaged:
            entry.discard()
    reason = "was damaged and is discarded; retry makes it again" if damaged else "it did not run to its end"
    raise MissingInput(f"{name}: {reason}")


def make_inputs(plan: Plan, store: Store) -> None:
    """The degraded test pictures, made once for everybody."""

    def make(entry: Entry) -> None:
        from harness.training.batches import Data

        write_npz(entry, "inputs.npz", **Data(plan).tests())
        entry.finish(plan.inputs.facts)

    ensure(store.entry("inputs", plan.inputs.key), plan.inputs.facts, make)


def make_training(plan: Plan, stage: Training, store: Store) -> None:
    """One training of a point; those that it builds on are in the store."""

    def make(entry: Entry) -> None:
        from harness.training.train import train

        share_cores()
        train(plan, stage, store, entry)

    ensure(store.entry("trainings", stage.key), stage.facts, make)


def make_samples(plan: Plan, store: Store) -> None:
    """A point's samples; its trainings and inputs are in the store."""

    def make(entry: Entry) -> None:
        from harness.evaluation.sample import sample
        from harness.training.build import trained

        share_cores()
        method = trained(plan, store)
        pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
        title = f"sample {plan.config.name('method')} ({plan.samples.key[:8]})"
        with progress(title, len(pictures["ids"])) as bar:
            sample(method, plan.config, pictures, entry, bar)

    ensure(store.entry("samples", plan.samples.key), plan.samples.facts, make)


def make_record(plan: Plan, store: Store) -> None:
    """A point's scores, as far as they are missing, and its record; its samples are in the store."""
    scores = score_all(plan, store)
    drawn = store.entry("samples", plan.samples.key)
    with drawn.lock():  # two scorings of the same samples write the same record
        if records.holds(store.root, plan):
            return
        pictures = read_npz(store.entry("inputs", plan.inputs.key), "inputs.npz")
        sources = dict(zip(pictures["ids"].tolist(), pictures["sources"].tolist(), strict=True))
        cost = _cost(drawn, [store.entry("trainings", stage.key) for stage in plan.stages])
        head = records.head(plan, cost | {"sources": len(set(sources.values()))})
        path = records.write(store.root, plan, head, records.figures(scores, sources))
    track.record(plan, store, path)


def _cost(samples: Entry, trainings: Sequence[Entry]) -> dict[str, object]:
    """What a run's samples and trainings took, and on what: of the trainings their seconds together and the most
    threads of one, NaN where that is not known."""
    facts = samples.facts()
    known = [entry.facts() if entry.sound else {} for entry in trainings]
    seconds, threads = ([one.get(name, np.nan) for one in known] for name in ("train_seconds", "threads"))
    trained = {"train_seconds": sum(seconds), "train_threads": float(np.max(threads)) if threads else np.nan}
    return {**facts["cost"], **trained, **{f"hardware.{name}": value for name, value in facts["hardware"].items()}}
