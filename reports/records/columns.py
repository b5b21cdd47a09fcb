"""The columns of a record, and which of them a table shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.store.recorded import FIGURES

if TYPE_CHECKING:
    import pandas as pd

# What a record's head has, by type; options (`sampler.eta`, `schedule.name`, ...) come on top.
HEAD = {
    "run": "string",  # key of the run, the record's file name
    "sweep": "string",  # the sweep that `load` was asked for, else empty
    "training": "string",  # key of the trained weights; empty without a training
    "samples": "string",  # key of the saved samples
    "inputs": "string",  # key of the test pictures, degraded and clean: equal keys may be paired
    "method": "string",
    "dataset": "string",
    "task": "string",
    "seed": "int64",
    "sampling_seed": "int64",
    "n": "int64",  # pictures of the run
    "sources": "int64",  # photographs that they were cut from; n where each is a picture of its own
    "nfe": "float64",
    "seconds_per_image": "float64",
    "gflops_per_image": "float64",
    "parameters": "int64",
    "peak_memory_mb": "float64",
    "train_seconds": "float64",
    "train_threads": "float64",  # CPU threads of the training; of several trainings the most; NA where there is none
    "code_hash": "string",
    "git_commit": "string",
    "packages": "string",  # JSON: version by package
    "hardware.device": "string",
    "hardware.name": "string",
    "hardware.threads": "int64",
}
FIXED = (*HEAD, *FIGURES)  # the columns that every table of records has
REQUIRED = ("run", "inputs", "method", "image", "metric", "value", "protocol")
# Beside the options, what a run may differ in.
SEEDS = ("seed", "sampling_seed", "data_seed")
POOLED = ("data_seed", "dataset.fold")  # each value brings further pictures, which are taken together
SETTINGS = (*SEEDS, "scale", "precision")


def varying(runs: pd.DataFrame) -> list[str]:
    """The options and settings in which runs (one row each) differ, in the order of the columns, settings last.

    Two values make a difference, and so do a value and none within one method, where an option was set to null.
    An option that another method does not have is none in that method's rows and makes no difference by itself.
    """
    # ``method.name`` says again what the column ``method`` says.
    fixed = {*FIXED, *(f"{name}.name" for name in FIXED)}
    candidates = [
        *(name for name in runs.columns if "." in name and name not in fixed),
        *(name for name in SETTINGS if name in runs.columns),
    ]
    return [name for name in candidates if _differs(runs, name)]


def _differs(runs: pd.DataFrame, name: str) -> bool:
    if runs[name].nunique() > 1:
        return True
    return any(0 < values.isna().sum() < len(values) for _, values in runs.groupby("method")[name])


def plain(value: Any) -> Any:
    """A cell as a plain value; None for a missing one."""
    import pandas as pd

    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
