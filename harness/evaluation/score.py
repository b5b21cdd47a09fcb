"""Scoring what was saved: pictures one by one, sets by their cached features, trained networks by their likelihood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from harness.planning.dependencies import source_of
from harness.planning.plan import Plan
from harness.progress import progress
from harness.seeding import SeededNoise
from harness.store.ensure import ensure
from harness.store.entries import Entry, Store, read_npz, write_npz
from harness.store.keys import key
from registry import create, find

Scores = dict[str, tuple[Mapping[str, Any], dict[str, np.ndarray]]]


def score_all(plan: Plan, store: Store) -> Scores:
    """By metric: the facts of its stamp and its arrays; what is in the store is not computed again."""
    scores: Scores = {}
    for name, artifact in plan.scores.items():
        entry = store.entry("scores", artifact.key)
        ensure(entry, artifact.facts, partial(_score, plan, name, store))
        scores[name] = (entry.facts(), read_npz(entry, "values.npz"))
    return scores


def _score(plan: Plan, name: str, store: Store, entry: Entry) -> None:
    measure = create("metrics", name, plan.config.values["metrics"][name])
    kind = find("metrics", name).facts.kind
    arrays, against = KINDS[kind](measure, plan, store)
    write_npz(entry, "values.npz", **arrays)
    facts = {"unit": measure.unit, "higher_is_better": measure.higher_is_better}
    entry.finish({"metric": name, "kind": kind, "protocol": measure.protocol + against, **facts})


# What each kind gives: its arrays, and what its stamp has to name beside the metric's own protocol.
Scored = tuple[dict[str, np.ndarray], str]


def _images(measure: Any, plan: Plan, store: Store) -> Scored:
    """``values`` (N,) by ``ids``."""
    images, inputs = _stored("samples", plan, store)["images"], _stored("inputs", plan, store)
    return {"ids": inputs["ids"], "values": measure(images, inputs["clean"], inputs.get("mask"))}, ""


def _set(measure: Any, plan: Plan, store: Store) -> Scored:
    """``values`` (1,), ``floor`` (1,), ``replicates`` (B,), and the number of ``units`` (1,) that these draw; both
    numbers of items are part of the stamp.

    Restorations are held against the clean pictures of the same inputs, and resampled with them by whole photographs;
    generated items, each drawn by itself, against real training items. The floor is the figure of further items against
    the same references: of the test items, or of as many further test items, NaN where the data set has no more.
    """
    ensure(store.entry("references", plan.references.key), plan.references.facts, partial(_references, plan))
    samples, clean, others = (_features(measure, level, plan, store) for level in ("samples", "inputs", "references"))
    measure.prepare(source_of(plan.config))
    inputs = _stored("inputs", plan, store)
    restored = "degraded" in inputs
    references, further = (clean, others) if restored else (others, clean)
    floor = measure.value(further, references) if len(further) else np.nan
    measure.paired = restored
    units = inputs["sources"] if restored else np.arange(len(samples))
    draws = _resamples(measure.bootstrap, units, len(references), restored, int(plan.inputs.key, 16))
    arrays = {
        "ids": np.array([""]),
        "values": np.array([measure.value(samples, references)], dtype=np.float64),
        "floor": np.array([floor], dtype=np.float64),
        "replicates": np.asarray(measure.replicates(samples, references, draws), dtype=np.float64),
        "units": np.array([len(np.unique(units))]),
    }
    of = "inputs" if restored else f"training,{len(references)}"
    bootstrap = f"{measure.bootstrap}{' of photographs' if restored else ''}"
    return arrays, f";n={len(samples)};real={of};bootstrap={bootstrap}"


def _resamples(
    count: int, units: np.ndarray, references: int, together: bool, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows drawn with replacement; the same for all runs on the same inputs, which pairs their replicates.

    ``units`` (N,) names the photograph of each sample: crops of one are alike, so that whole photographs are drawn,
    with all of their rows (the cluster bootstrap; Davison, Hinkley, Bootstrap Methods, 1997, section 3.8).
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    names, number = np.unique(units, return_inverse=True)
    rows = [np.flatnonzero(number.reshape(-1) == place) for place in range(len(names))]
    for _ in range(count):
        ours = np.concatenate([rows[place] for place in rng.integers(0, len(rows), len(rows))])
        yield ours, ours if together else rng.integers(0, references, references)


def _features(measure: Any, level: str, plan: Plan, store: Store) -> np.ndarray:
    """Feature rows (N, d) in float64 of an entry's items, from the store or put there."""
    stamp, source = measure.features.protocol, getattr(plan, level).key
    facts = {"level": level, "source": source, "protocol": stamp}
    entry = store.entry("features", key("features", facts))

    def make(entry: Entry) -> None:
        items = _stored(level, plan, store)["images" if level == "samples" else "clean"]
        chunks, size = [], 256
        with progress(f"features of {level} ({source[:8]})", len(items)) as bar:
            for first in range(0, len(items), size):
                chunks.append(measure.features.extract(items[first : first + size]))
                bar.update(min(first + size, len(items)), stamp.partition(";")[0])
        write_npz(entry, "features.npz", rows=np.concatenate(chunks or [np.empty((0, measure.features.dims))]))
        entry.finish({"protocol": stamp, "of": f"{level}/{source}"})

    ensure(entry, facts, make)
    return read_npz(entry, "features.npz")["rows"].astype(np.float64)


def _model(measure: Any, plan: Plan, store: Store) -> Scored:
    """``values`` (N,) by ``ids``, and ``part.<name>`` (N,) for each part."""
    import torch

    from harness.training.batches import measurement_of, observation, to_tensor
    from harness.training.build import device_of, trained

    method, inputs, device = trained(plan, store), _stored("inputs", plan, store), device_of(plan.config)
    measurement = measurement_of(plan.config)
    ids, size, batches = [str(name) for name in inputs["ids"]], plan.config.values["batch_size"], []
    with progress(f"likelihood ({plan.samples.key[:8]})", len(ids)) as bar, torch.inference_mode():
        for first in range(0, len(ids), size):
            chunk = slice(first, first + size)
            noise = SeededNoise(plan.config.values["sampling_seed"], plan.config.name("dataset"), ids[chunk])
            clean = to_tensor(inputs["clean"][chunk], device)
            batches.append(measure.measure(method, clean, observation(inputs, chunk, device, measurement), noise))
            bar.update(min(first + size, len(ids)), "")
    whole = {part: np.concatenate([figures[part] for figures in batches]) for part in batches[0]}
    parts = {f"part.{part}": array for part, array in whole.items() if part}
    return {"ids": inputs["ids"], "values": whole[""]} | parts, ""


def _stored(level: str, plan: Plan, store: Store) -> dict[str, np.ndarray]:
    """The arrays of a plan's samples, inputs or references."""
    return read_npz(store.entry(level, getattr(plan, level).key), f"{level}.npz")


def _references(plan: Plan, entry: Entry) -> None:
    """Put real items into the store, "training" or "test" ones, for every set metric of this data set."""
    from harness.training.batches import Data

    data, of, count = Data(plan), plan.references.facts["of"], plan.references.facts["count"]
    clean = {"training": data.draws, "test": data.spare}[of](count)
    write_npz(entry, "references.npz", clean=clean)
    entry.finish({"of": of, "count": len(clean)})


KINDS = {"image": _images, "set": _set, "model": _model}
