"""A small sweep as the harness records it: identity, two methods, two values of eta each."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.records_for_tests import keep, listed

METRICS = {
    "psnr": ("dB", "psnr;8bit;v1", True, 9.8655, 1.0),
    "ssim": ("", "ssim;8bit;v1", True, 0.3012, 0.03),
    "mae": ("8-bit levels", "mae;8bit;v1", False, 64.125, -3.0),
}
IMAGES = ["a", "b", "c", "d"]


def record(run: str, method: str, gain: float, **columns: Any) -> pd.DataFrame:
    """One run: image k's figure is the input's plus ``gain`` and k tenths, times the metric's slope."""
    rows = [
        {"image": image, "metric": name, "value": base + slope * (gain + k / 10), "unit": unit, "protocol": stamp}
        | {"higher_is_better": better}
        for name, (unit, stamp, better, base, slope) in METRICS.items()
        for k, image in enumerate(IMAGES)
    ]
    facts = {"run": run, "training": f"t-{method}", "samples": f"s-{run}", "inputs": "i-1", "method": method}
    facts |= {"dataset": "photos", "task": "lowlight", "seed": 0, "sampling_seed": 0, "n": len(IMAGES), "scale": "cpu"}
    facts |= {"nfe": 5.0, "seconds_per_image": 0.0312, "gflops_per_image": 1.5, "parameters": 1_234_567}
    facts |= {
        "peak_memory_mb": 12.0,
        "train_seconds": 118.2,
        "code_hash": "c",
        "git_commit": "g",
        "hardware.name": "cpu",
    }
    facts |= {"method.name": method, "task.name": "lowlight", "packages": json.dumps({"torch": "2.13"})}
    return pd.DataFrame(rows).assign(**(facts | columns))


def sampled(run: str, method: str, eta: float, gain: float, **columns: Any) -> pd.DataFrame:
    """A run of a method that samples: it has the sampler's and the schedule's columns."""
    options = {"sampler.name": method, "sampler.eta": eta, "sampler.steps": 5, "schedule.name": "rddm"}
    return record(run, method, gain, **(options | columns))


def save(root: Path, table: pd.DataFrame) -> None:
    (root / "records").mkdir(parents=True, exist_ok=True)
    keep(table, root / "records" / f"{table['run'].iloc[0]}.parquet")


@pytest.fixture
def synth() -> SimpleNamespace:
    """The makers of records, for tests that need other ones."""
    return SimpleNamespace(record=record, sampled=sampled, save=save)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with five records and the sweep ``etas`` over the four that are no identity baseline."""
    nothing = {"nfe": 0.0, "parameters": 0, "train_seconds": np.nan, "training": ""}
    save(tmp_path, record("r-identity", "identity", 0.0, **nothing))
    save(tmp_path, sampled("r-rddm-0", "rddm", 0.0, 14.0))
    save(tmp_path, sampled("r-rddm-1", "rddm", 1.0, 13.0))
    save(
        tmp_path, sampled("r-ddim-0", "ddim", 0.0, 11.0, **{"schedule.name": "ddpm", "sampler.steps": 20, "nfe": 20.0})
    )
    save(
        tmp_path, sampled("r-ddim-1", "ddim", 1.0, 12.0, **{"schedule.name": "ddpm", "sampler.steps": 20, "nfe": 20.0})
    )
    runs = ["r-rddm-0", "r-rddm-1", "r-ddim-0", "r-ddim-1", "r-lost"]
    points = [{"run": run, "status": "done", "overrides": [], "reason": ""} for run in runs]
    points[-1] |= {"status": "failed", "reason": "out of memory"}
    listed(tmp_path / "sweeps" / "etas", points)
    return tmp_path
