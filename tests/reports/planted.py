"""Records with the figures that a test gives them, picture by picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tests.records_for_tests import keep

STAMP = {"unit": "dB", "protocol": "psnr;v1", "higher_is_better": True}


def record(root: Path, method: str, figures: Mapping[str, float] | Sequence[float], **columns: Any) -> str:
    """Write one run of a method, with its psnr by picture, and give its key; ``columns`` are further ones."""
    if not isinstance(figures, Mapping):
        figures = {f"p{place:02d}": float(value) for place, value in enumerate(figures)}
    run = columns.pop("run", f"{method}-{columns.get('seed', 0)}")
    rows = [{"image": image, "metric": "psnr", "value": value} | STAMP for image, value in figures.items()]
    facts = {"run": run, "method": method, "seed": 0, "sampling_seed": 0, "data_seed": 0, "inputs": "i-1"}
    facts |= {"training": "" if method == "identity" else f"t-{run}", "n": len(figures), "sources": len(figures)}
    facts |= {"dataset": "photos", "task": "denoise", "nfe": 5.0}
    (root / "records").mkdir(parents=True, exist_ok=True)
    keep(pd.DataFrame(rows).assign(**(facts | columns)), root / "records" / f"{run}.parquet")
    return run
