"""A report of very many runs, from the root: ``python -m benchmarks.report_scale [--runs N] [--images N] [--seeds N]``.

Makes synthetic records in a temporary folder, then measures reading, analysis and the page one after the other, each
in seconds and with the peak memory of the process up to then. The target: 10,000 runs with 100 images each in 60
seconds and 4 GB, all together. The last line is the whole `reports build`, with figures, Markdown and LaTeX.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measured import measured
from harness.config.commandline import read
from harness.planning.plan import plan
from harness.store import records
from harness.store.listed import write_points
from harness.store.recorded import pack, write_note

METRICS = (("psnr", "dB", True, 20.0, 1.0), ("ssim", "", True, 0.6, 0.03), ("mae", "8-bit levels", False, 20.0, -2.0))
MODULES = ("records.scan", "analysis.analyse", "writers.html.page", "build")
SWEEP = "scale-00000000"
LISTED = {"status": "done", "reason": "", "trainings": {}, "scores": {}}
LISTED |= {"inputs": "i", "samples": "s", "references": "r"}
COST = {"gflops_per_image": 1.5, "parameters": 1_234_567, "peak_memory_mb": 120.0, "train_seconds": 118.0}
COST |= {"hardware.device": "cpu", "hardware.name": "x86_64", "hardware.threads": 2}


def points(runs: int, seeds: int) -> list[dict[str, Any]]:
    """Identity, and two methods over eta, steps and seeds."""
    etas = math.ceil(runs / 2 / seeds / 10)
    grid = product(("ddim", "rddm"), range(etas), range(10), range(seeds))
    made: list[dict[str, Any]] = [{"method": "identity", "seed": 0, "training": ""}]
    for method, eta, steps, seed in grid:
        training = f"{method}-{seed}"
        options = {"sampler.eta": eta / etas, "sampler.steps": 5 * (steps + 1)}
        made.append({"method": method, "seed": seed, "training": training, **options})
    return made[:runs]


def write(root: Path, runs: int, images: int, seeds: int) -> None:
    """Records of runs whose figures depend on the picture, the method, eta, the training and chance."""
    rng, folder = np.random.default_rng(0), root / "records"
    head = records.head(plan(read(["method=rddm", "task=lowlight"]).points[0]), COST)
    head = {name: value for name, value in head.items() if not name.startswith("sampler.")}
    folder.mkdir(parents=True)
    pictures = rng.normal(size=images)
    names = [f"photo-{place:04d}" for place in range(images)]
    told = []
    for place, point in enumerate(points(runs, seeds)):
        run = f"{place:020d}"
        gain = {"identity": -3.0, "ddim": 0.0, "rddm": 0.5}[point["method"]] - 0.3 * point.get("sampler.eta", 0)
        figures = gain + pictures + 0.2 * rng.normal(size=images)
        path = folder / f"{run}.parquet"
        data = record(head | point | {"run": run, "samples": f"s{run}"}, names, figures)
        path.write_bytes(data)
        write_note(path, data, {})
        words = [f"{name}={value}" for name, value in point.items() if name != "training"]
        told.append({**LISTED, "run": run, "method": str(point["method"]), "overrides": words})
    write_points(root / "sweeps" / SWEEP, told)


def record(point: dict[str, Any], names: list[str], figures: np.ndarray) -> bytes:
    """A record as the harness writes it."""
    rows = {
        "image": names * len(METRICS),
        "metric": [metric for metric, *_ in METRICS for _ in names],
        "value": np.concatenate([base + slope * figures for *_, base, slope in METRICS]),
        "unit": [unit for _, unit, *_ in METRICS for _ in names],
        "protocol": [f"{metric};8bit;range=255;channels=all;per-image;v1" for metric, *_ in METRICS for _ in names],
        "higher_is_better": [higher for _, _, higher, *_ in METRICS for _ in names],
    }
    steps = float(point.get("sampler.steps", 0))
    head = {**point, "inputs": "i", "dataset": "photos", "task": "lowlight", "n": len(names), "nfe": steps}
    head |= {"seconds_per_image": 0.01 * steps, "method.name": point["method"]}
    return pack(head, pd.DataFrame(rows))


def main() -> None:
    """Make, read, analyse, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3, help="training seeds of a condition")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        measured("(make)", lambda: write(root, chosen.runs, chosen.images, chosen.seeds))
        modules, _ = measured("import", lambda: [import_module(f"reports.{name}") for name in MODULES])
        scan, analysis, html, build = modules
        measured("read alone", lambda: scan.scan(root))
        report, _ = measured("analysis", lambda: analysis.analyse(root, SWEEP))
        measured("html", lambda: html.write_html(report, root / "report", {}))
        measured("build", lambda: build.build(root, SWEEP))
        size = sum(path.stat().st_size for path in (root / "report").rglob("*") if path.is_file())
        block = report.blocks[0]
        print(f"{report.done} runs, {len(block.conditions)} conditions, {size / 1e6:.1f} MB of page", file=sys.stdout)


if __name__ == "__main__":
    main()
