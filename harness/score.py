"""Scoring saved samples with one metric: what is scored is what was saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.store import Entry, write_npz
from registry import create, find


def applies(metric: str, inputs: Mapping[str, np.ndarray]) -> bool:
    """Whether a metric that compares with the clean picture has a degraded one that was restored from."""
    return find("metrics", metric).facts.get("kind", "image") == "image" and "degraded" in inputs


def score(
    metric: str, options: Mapping[str, Any], images: np.ndarray, inputs: Mapping[str, np.ndarray], entry: Entry
) -> None:
    """One value per picture, float64 (N,), with the metric's protocol stamp."""
    measure = create("metrics", metric, options)
    values = np.asarray(measure(images, inputs["clean"]), dtype=np.float64)
    write_npz(entry, "values.npz", values=values, ids=inputs["ids"])
    facts = {"unit": measure.unit, "protocol": measure.protocol, "higher_is_better": measure.higher_is_better}
    entry.finish({"metric": metric, **facts})
