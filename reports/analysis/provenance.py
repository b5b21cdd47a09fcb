"""Where the figures of a report come from: seeds, versions, hardware, code; and what all its runs share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from reports.analysis.layout import BESIDES
from reports.records.columns import FIXED, plain
from reports.wording.numbers import worded

if TYPE_CHECKING:
    import pandas as pd

LINES = {
    "seed": "training seeds",
    "sampling_seed": "sampling seeds",
    "data_seed": "data seeds",
    "n": "pictures a run",
    "scale": "scale",
    "precision": "precision",
    "hardware.device": "device",
    "hardware.name": "hardware",
    "hardware.threads": "threads",
    "train_threads": "threads of training",
    "code_hash": "code hash",
    "git_commit": "git commit",
}
MOST = 12  # values of a line


def provenance(heads: pd.DataFrame, stamps: Iterable[tuple[str, str, str, bool]]) -> list[tuple[str, str]]:
    """(what, values) lines; values that differ between runs stand side by side."""
    lines = [(said, _listed(heads[name])) for name, said in LINES.items() if name in heads.columns]
    lines += _packages(heads["packages"].dropna().unique().tolist())
    protocols: dict[str, list[str]] = {}
    for metric, protocol, _, _ in stamps:
        if metric:
            protocols.setdefault(metric, []).append(protocol)
    lines += [(f"protocol {metric}", "; ".join(dict.fromkeys(said))) for metric, said in protocols.items()]
    return [(said, values) for said, values in lines if values]


def settings(heads: pd.DataFrame) -> dict[str, Any]:
    """The options that are the same in all runs that have them, by column."""
    found = {}
    for name in heads.columns:
        values = heads[name].dropna().unique()
        if len(values) == 1 and name not in FIXED and ("." in name or name in BESIDES):
            found[name] = plain(values[0])
    return found


def _listed(column: pd.Series) -> str:
    values = sorted(column.dropna().unique().tolist())
    texts = [worded(value) for value in values if worded(value)]
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more


def _packages(texts: Sequence[str]) -> list[tuple[str, str]]:
    versions: dict[str, dict[str, None]] = {}
    for text in texts:
        try:
            told = dict(json.loads(text))
        except (ValueError, TypeError):
            continue  # a record of another kind says nothing of packages
        for package, version in told.items():
            versions.setdefault(str(package), {})[str(version)] = None
    return [(package, ", ".join(found)) for package, found in sorted(versions.items())]
